//! A Postgres server that lives as long as one value, in a temporary folder, on a socket there and nowhere else.
//!
//! Starting takes about two seconds. The server and the folder go away with the value, or with the test process
//! however that ends. Postgres refuses to run as root, so under root it runs as `postgres` or `nobody`.

mod find;

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use find::Account;

use crate::{Missing, supervisor::Supervisor};

/// Far beyond what a busy machine needs; reached only when something is wrong.
const START_MAX: Duration = Duration::from_mins(1);

/// Runs the server until its input ends. SIGQUIT is its fastest orderly end: it leaves no shared memory behind.
const SCRIPT: &str = r#"
folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null &
server=$!
read _
kill -QUIT $server
wait $server
rm -rf "$folder"
"#;

/// Whether the server waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fsync {
    /// It does not: fast, for tests of statements and behaviour.
    Off,
    /// It does: for tests and measurements where durability counts.
    On,
}

/// A running server, gone once this is dropped, with all its data.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    _server: Supervisor,
}

impl Postgres {
    /// Starts a server without fsync.
    pub fn start() -> Result<Postgres, Missing> {
        Postgres::start_with(Fsync::Off)
    }

    /// Makes a new cluster and returns once it takes connections.
    pub fn start_with(fsync: Fsync) -> Result<Postgres, Missing> {
        let programs = find::programs()?;
        let account = find::account()?;
        let folder = temporary_folder(account.as_ref());
        initialise(&programs, account.as_ref(), &folder);
        let server = Supervisor::start(SCRIPT, server_arguments(&programs, account.as_ref(), &folder, fsync));
        let postgres = Postgres { folder, _server: server };
        postgres.await_ready();
        Ok(postgres)
    }

    /// The connection string of the superuser, for `tokio_postgres::connect` and for `psql`.
    pub fn connection_string(&self) -> String {
        format!("host={} user=postgres dbname=postgres", self.folder.display())
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Waits for the word `ready` that the server puts into its lock file, as `pg_ctl` does.
    fn await_ready(&self) {
        let deadline = Instant::now() + START_MAX;
        let state = self.folder.join("data/postmaster.pid");
        while !fs::read_to_string(&state).is_ok_and(|state| state.trim_end().ends_with("ready")) {
            let hopeless = self.log().contains("FATAL") || Instant::now() > deadline;
            assert!(!hopeless, "postgres does not start:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A folder that the server's account owns. Its path is short, since a socket's may not exceed 107 bytes.
fn temporary_folder(account: Option<&Account>) -> PathBuf {
    let folder = tempfile::Builder::new().prefix("pg-").tempdir().expect("a temporary folder").keep();
    if let Some(account) = account {
        chown(&folder, Some(account.user), Some(account.group)).expect("root may give a folder away");
    }
    folder
}

fn initialise(programs: &Path, account: Option<&Account>, folder: &Path) {
    let words = find::as_account(account, programs.join("initdb"));
    let made = Command::new(&words[0])
        .args(&words[1..])
        .args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
            "-D",
        ])
        .arg(folder.join("data"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("start initdb");
    assert!(made.status.success(), "initdb failed:\n{}", String::from_utf8_lossy(&made.stderr));
}

/// The folder for the script, then the server's command line.
fn server_arguments(
    programs: &Path,
    account: Option<&Account>,
    folder: &Path,
    fsync: Fsync,
) -> Vec<OsString> {
    let mut words = vec![folder.into()];
    words.extend(find::as_account(account, programs.join("postgres")));
    words.extend(["-D".into(), folder.join("data").into(), "-k".into(), folder.into()]);
    let mut settings = vec!["listen_addresses=", "shared_buffers=32MB"];
    if fsync == Fsync::Off {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
    }
    words.extend(settings.into_iter().flat_map(|setting| ["-c".into(), setting.into()]));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{or_skip, processes::assert_none_left};

    #[tokio::test]
    async fn it_answers_and_leaves_nothing() {
        let Some(postgres) = or_skip("it_answers_and_leaves_nothing", Postgres::start()) else { return };
        let (client, connection) =
            tokio_postgres::connect(&postgres.connection_string(), tokio_postgres::NoTls)
                .await
                .expect("connect");
        let connection = tokio::spawn(connection);
        let row = client.query_one("SELECT 20 + 22, current_setting('fsync')", &[]).await.expect("query");
        assert_eq!((row.get(0), row.get(1)), (42, "off"));
        drop(client);
        connection.await.expect("ended").expect("closed in order");
        let folder = postgres.folder.clone();
        drop(postgres);
        assert!(!folder.exists());
        assert_none_left(folder.to_str().expect("ASCII"), Duration::from_secs(2));
    }
}
