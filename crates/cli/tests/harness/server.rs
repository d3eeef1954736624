//! `mainspring serve` as a process of the test.

use std::{
    fs::{self, OpenOptions},
    process::{Child, ExitStatus, Stdio},
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Deserializer, Value};

use super::{PATIENCE, POLL, Stage};

/// A server that answers. Dropping it kills it.
pub(crate) struct Server(Child);

impl Server {
    pub(super) fn start(stage: &Stage, environment: &[(&str, &str)]) -> Self {
        let begun = Instant::now();
        loop {
            match Self::try_start(stage, environment) {
                Ok(server) => return server,
                // A child of the one before, killed with it at the moment of its birth, still holds all that one had.
                Err(refusal) if refusal["error"]["code"] == "E1401" && begun.elapsed() < PATIENCE => {
                    std::thread::sleep(POLL);
                }
                Err(refusal) => {
                    let log = fs::read_to_string(stage.path("server.log")).unwrap_or_default();
                    panic!("no server: {refusal}\n{log}")
                }
            }
        }
    }

    /// Starts one, or says what it said instead of where it serves.
    fn try_start(stage: &Stage, environment: &[(&str, &str)]) -> Result<Self, Value> {
        let log = stage.path("server.log");
        let log = OpenOptions::new().create(true).append(true).open(log).expect("opens");
        let mut child = stage
            .command()
            .args(["serve", "--slots", "2", "-o", "json", "--listen", &stage.address().to_string()])
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let output = child.stdout.take().expect("its output is piped");
        let said = Deserializer::from_reader(output).into_iter::<Value>().next();
        let server = Self(child);
        match said {
            Some(Ok(said)) if said["error"].is_null() => Ok(server),
            other => Err(other.and_then(Result::ok).unwrap_or_default()),
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Kills it with SIGKILL, and returns when it is gone.
    pub(crate) fn kill9(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it is ours");
    }

    /// Tells it to end, as a service manager does, and waits until it has.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        signal(self.pid(), Signal::TERM);
        wait_for(&mut self.0)
    }

    /// Has it end as a program does that finds itself broken, and waits until it has.
    pub(crate) fn abort(mut self) -> ExitStatus {
        signal(self.pid(), Signal::ABORT);
        wait_for(&mut self.0)
    }

    /// Whether it is still there.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.0.try_wait().expect("it is ours").is_none()
    }

    /// The most memory it has used, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kibibytes * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a signal to a process of this test.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("it runs");
}

/// Waits for the end of a process, and kills it when it does not end.
pub(crate) fn wait_for(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return status;
        }
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("process {} did not end within {PATIENCE:?}", child.id());
        }
        std::thread::sleep(POLL);
    }
}
