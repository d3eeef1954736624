//! Where the demo takes place: a throw-away folder with the agent, its ledger, and a server of its own.
//!
//! Whatever way the demo ends, dropping the stage kills what still runs and removes the folder.

use std::{fs, io, path::PathBuf, time::Duration};

use mainspring_api::{
    client::Client,
    run::{CreateRun, RunView},
};
use mainspring_server::data::Folder;
use mainspring_types::{Code, Problem};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{
    ledger::Ledger,
    processes::{self, Process},
    proof::Kill,
};
use crate::spawn::{self, Background, Stay};

const DEFINITION: &str = include_str!("agent/agent.yaml");
const PROGRAM: &str = include_str!("agent/step.py");

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
        let ledger = write_agent(&root).map_err(|error| unset(&error))?;
        Ok(Self { server: None, ledger, data: Folder::at(&root.path().join("data"))?, root })
    }

    /// The folder of everything.
    pub(super) fn root(&self) -> &std::path::Path {
        self.root.path()
    }

    /// The request for the run.
    pub(super) fn request(&self) -> CreateRun {
        CreateRun {
            agent: agent_of(&self.root).display().to_string(),
            input: Some(json!({ "ledger": self.ledger.path() })),
            ..CreateRun::default()
        }
    }

    /// Starts a server on the data folder, and says its process number.
    pub(super) async fn start_server(&mut self) -> Result<(Client, u32), Problem> {
        let server = spawn::server(&self.data, Stay::UntilTold).await?;
        let (client, pid) = (server.client.clone(), server.child.id());
        self.server = Some(server);
        Ok((client, pid))
    }

    /// The server and everything below it.
    fn processes(&self) -> Vec<Process> {
        let pid = self.server.as_ref().and_then(|server| i32::try_from(server.child.id()).ok());
        pid.map(processes::tree).unwrap_or_default()
    }

    /// Kills the server and everything below it, in the middle of `step`.
    pub(super) async fn kill_everything(&mut self, run: &RunView, step: String) -> Kill {
        let processes = self.processes();
        processes::kill(&processes);
        if let Some(mut server) = self.server.take() {
            // Until its parent has noticed, a dead process stands in the process table.
            let _ = server.child.wait();
        }
        let gone = processes::gone(&processes).await;
        let steps = run.steps.iter().map(|step| step.id.to_string());
        let done = steps.filter(|step| self.ledger.noted(step).done > 0).collect();
        Kill { step, processes, gone, done }
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

fn agent_of(root: &TempDir) -> PathBuf {
    root.path().join("agent")
}

fn write_agent(root: &TempDir) -> io::Result<Ledger> {
    let folder = agent_of(root);
    fs::create_dir(&folder)?;
    fs::write(folder.join("agent.yaml"), DEFINITION)?;
    fs::write(folder.join("step.py"), PROGRAM)?;
    // It must be there before the agent starts: beside a hidden folder nothing new can be made.
    Ledger::create(root.path().join("ledger.txt"))
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
        let agent =
            mainspring_agent::read(std::path::Path::new(&stage.request().agent)).expect("a valid agent");
        let plan = agent.plan_for(None, stage.request().input.expect("an input")).expect("a plan");
        assert_eq!(plan.steps.len(), 5);
        let root = stage.root().to_owned();
        drop(stage);
        assert!(!root.exists());
    }
}
