//! Starts `mainspring serve` as a process of its own, apart from the terminal, and waits until it answers.

use std::{
    env,
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mainspring_api::client::Client;
use mainspring_server::data::Folder;
use mainspring_types::{Code, Problem};

use crate::connect;

/// A server in the background.
pub(crate) struct Background {
    /// Speaks to it.
    pub(crate) client: Client,
    /// The process. Dropping it leaves it running.
    pub(crate) child: Child,
}

/// How a background server is to live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stay {
    /// Until it is told to end.
    UntilTold,
    /// Until nothing is left to do.
    WhileBusy,
}

/// Opening a folder replays what a crash left, so a server may take a while before it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(25);

/// What a server cannot do without: where programs, its owner's files and temporary files are.
const NEEDED: [&str; 5] = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL"];

/// Starts a server on the folder, reachable by its control socket alone; its log goes to `DATA/server.log`.
pub(crate) async fn server(folder: &Folder, stay: Stay) -> Result<Background, Problem> {
    ready(folder, command(folder, stay)?).await
}

/// The same with the settings of the folder alone: none, and no key, come from the environment of this process.
pub(crate) async fn server_apart(folder: &Folder, stay: Stay) -> Result<Background, Problem> {
    let mut command = command(folder, stay)?;
    command.env_clear().envs(NEEDED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    ready(folder, command).await
}

/// Starts the command and waits until the server answers.
async fn ready(folder: &Folder, command: Command) -> Result<Background, Problem> {
    let log = log_of(folder);
    let mut child = start(folder, command, &log).map_err(|error| unstarted(&error))?;
    let begun = Instant::now();
    loop {
        if let Some(client) = connect::owner(folder).await {
            return Ok(Background { client, child });
        }
        if let Ok(Some(status)) = child.try_wait() {
            // Another command may have started one at the same moment: then that one owns the folder.
            return match connect::owner(folder).await {
                Some(client) => Ok(Background { client, child }),
                None => Err(failed(&format!("ended at once, with {status}"), &log)),
            };
        }
        if begun.elapsed() > READY_WITHIN {
            let _ = child.kill();
            return Err(failed("did not answer in 30 seconds", &log));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Where a background server writes its log.
pub(crate) fn log_of(folder: &Folder) -> PathBuf {
    folder.root().join("server.log")
}

fn command(folder: &Folder, stay: Stay) -> Result<Command, Problem> {
    let mut command = Command::new(env::current_exe().map_err(|error| unstarted(&error))?);
    command.args(["serve", "--background", "--data"]).arg(folder.root());
    if stay == Stay::WhileBusy {
        command.arg("--idle-exit");
    }
    // The folder would be held for as long as the server lives.
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

fn start(folder: &Folder, mut command: Command, log: &Path) -> io::Result<Child> {
    // As the server would make it: for its owner alone.
    DirBuilder::new().recursive(true).mode(0o700).create(folder.root())?;
    command.stderr(OpenOptions::new().create(true).append(true).open(log)?).spawn()
}

fn unstarted(error: &io::Error) -> Problem {
    Problem::new(Code::Unreachable, "start a server in the background").because(error)
}

fn failed(how: &str, log: &Path) -> Problem {
    let said = fs::read_to_string(log).unwrap_or_default();
    let mut tail: Vec<&str> = said.lines().rev().take(8).collect();
    tail.reverse();
    Problem::new(Code::Unreachable, format!("the server started in the background {how}"))
        .detail(tail.join("\n"))
        .suggest(format!(
            "read its log in `{}`, or start one in front with `mainspring serve`",
            log.display()
        ))
}
