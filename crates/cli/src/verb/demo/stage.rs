//! Where the demo takes place: a throw-away folder with the agent, its ledger, its model, and a server of its own.
//!
//! Whatever way the demo ends, dropping the stage kills what still runs and removes the folder.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    time::Duration,
};

use mainspring_api::{client::Client, run::CreateRun};
use mainspring_server::data::Folder;
use mainspring_types::{Code, Problem};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{
    ledger::Ledger,
    processes::{self, Process},
    proof::Kill,
};
use crate::spawn::{self, Background, Stay};

const DEFINITION: &str = include_str!("rivers/agent.yaml");
/// What stands in the definition in place of the ledger.
const LEDGER: &str = "@LEDGER@";
const PROGRAMS: [(&str, &str); 2] =
    [("agent.py", include_str!("rivers/agent.py")), ("desk.py", include_str!("rivers/desk.py"))];
/// The settings of the server: the model, and what it would cost.
const SETTINGS: [(&str, &str); 3] = [
    ("config.toml", include_str!("rivers/config.toml")),
    ("model.yaml", include_str!("rivers/model.yaml")),
    ("prices.toml", include_str!("rivers/prices.toml")),
];

/// How long a server may take to end when it is told to.
const END_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Stage {
    server: Option<Background>,
    /// What the agent notes.
    pub(super) ledger: Ledger,
    data: Folder,
    root: TempDir,
}

impl Stage {
    /// A stage with the agent written and no server yet.
    pub(super) fn set() -> Result<Self, Problem> {
        let root =
            tempfile::Builder::new().prefix("mainspring-demo-").tempdir().map_err(|error| unset(&error))?;
        let data = Folder::at(&root.path().join("data"))?;
        let ledger = write(&root, &data).map_err(|error| unset(&error))?;
        Ok(Self { server: None, ledger, data, root })
    }

    /// The agent's folder.
    pub(super) fn agent(&self) -> PathBuf {
        self.root.path().join("rivers")
    }

    /// The request for the run.
    pub(super) fn request(&self) -> CreateRun {
        CreateRun { agent: self.agent().display().to_string(), ..CreateRun::default() }
    }

    /// Starts a server on the data folder, and says its process number. It has the folder's settings alone: with a
    /// key from the reader's shell the demo's calls might leave the machine.
    pub(super) async fn start_server(&mut self) -> Result<(Client, u32), Problem> {
        let server = spawn::server_apart(&self.data, Stay::UntilTold).await?;
        let (client, pid) = (server.client.clone(), server.child.id());
        self.server = Some(server);
        Ok((client, pid))
    }

    /// The server and everything below it.
    fn processes(&self) -> Vec<Process> {
        let pid = self.server.as_ref().and_then(|server| i32::try_from(server.child.id()).ok());
        pid.map(processes::tree).unwrap_or_default()
    }

    /// Kills the server and everything below it.
    pub(super) async fn kill_everything(&mut self) -> Kill {
        let processes = self.processes();
        processes::kill(&processes);
        if let Some(mut server) = self.server.take() {
            // Until its parent has noticed, a dead process stands in the process table.
            let _ = server.child.wait();
        }
        let gone = processes::gone(&processes).await;
        Kill { processes, gone }
    }

    /// Tells the server to end, and waits until it has.
    pub(super) async fn end_server(&mut self) -> Result<(), Problem> {
        let Some(server) = &mut self.server else { return Ok(()) };
        if let Some(pid) = i32::try_from(server.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let begun = Instant::now();
        while server.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if begun.elapsed() > END_WITHIN {
                return Err(Problem::new(
                    Code::TerminateFailed,
                    "the demo's server did not end in ten seconds",
                ));
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.server = None;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        processes::kill(&self.processes());
        if let Some(server) = &mut self.server {
            let _ = server.child.wait();
        }
    }
}

fn write(root: &TempDir, data: &Folder) -> io::Result<Ledger> {
    // It must be there before the agent starts: beside a hidden folder nothing new can be made.
    let ledger = Ledger::create(root.path().join("ledger.txt"))?;
    let agent = root.path().join("rivers");
    fs::create_dir(&agent)?;
    // A JSON text is a YAML text, whatever the path holds.
    let place = serde_json::to_string(ledger.path())?;
    fs::write(agent.join("agent.yaml"), DEFINITION.replace(LEDGER, &place))?;
    // As the server would make it: for its owner alone.
    DirBuilder::new().mode(0o700).create(data.root())?;
    let programs = PROGRAMS.map(|(name, text)| (agent.join(name), text));
    let settings = SETTINGS.map(|(name, text)| (data.root().join(name), text));
    programs.iter().chain(&settings).try_for_each(|(path, text)| fs::write(path, text))?;
    Ok(ledger)
}

fn unset(error: &io::Error) -> Problem {
    Problem::new(Code::DataInaccessible, "write the demo's agent into a throw-away folder")
        .because(error)
        .suggest("name a folder that can be written in the variable TMPDIR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_agent_is_valid_and_leaves_no_folder() {
        let stage = Stage::set().expect("a stage");
        let agent = mainspring_agent::read(&stage.agent()).expect("a valid agent");
        let plan = agent.plan_for(None, serde_json::Value::Null).expect("a plan");
        assert_eq!(plan.steps.len(), 3);
        let root = stage.root.path().to_owned();
        drop(stage);
        assert!(!root.exists());
    }
}
