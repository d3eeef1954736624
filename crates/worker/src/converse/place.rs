//! Where the tools of a run work: a folder of its own that lives as long as the run, or one that its owner names.
//!
//! A sub-agent works where the run above it does. Lists of MCP tools are pinned beside the workspace: a repeated attempt
//! tells the model of the same tools, whatever a server offers by then.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use mainspring_api::worker::Task;
use mainspring_mcp::Listing;
use mainspring_sandbox::Launcher;
use mainspring_tools::Workspace;
use mainspring_types::{Problem, RunId};
use serde::Deserialize;

use super::Ground;

/// Where a run's tools work, as its plan says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Where {
    /// In the folder of this run.
    Own(RunId),
    /// In a folder that its owner named.
    Path(PathBuf),
}

/// The finding that tells how tools are confined to their workspace.
const CONFINED: &str = "confined tools";

/// The folders of one run.
pub(super) struct Place {
    pub(super) workspace: Workspace,
    /// The agent's files, which its tools see and cannot change.
    pub(super) agent: PathBuf,
    root: PathBuf,
}

impl Place {
    /// Opens the folders, which are made when they are not there.
    pub(super) async fn open(ground: &Ground, task: &Task, place: Option<Where>) -> Result<Self, Problem> {
        let own = task.ticket.run;
        let agent = ground.versions.join(task.version.to_hex());
        let workspaces = ground.workspaces.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let (root, workspace) = match place {
                None => at_home(workspaces.join(own.to_string()))?,
                Some(Where::Own(run)) => at_home(workspaces.join(run.to_string()))?,
                Some(Where::Path(path)) => {
                    let root = workspaces.join(own.to_string());
                    let workspace = Workspace::in_place(&path, &root)?;
                    (root, workspace)
                }
            };
            Ok::<_, Problem>((root, workspace))
        });
        let (root, workspace) = opened.await.expect("opening a folder does not panic")?;
        Ok(Self { workspace, agent, root })
    }

    /// What the tools are held to, as far as it is the same for all of them.
    pub(super) fn isolation(&self, launcher: &Launcher) -> serde_json::Value {
        let findings = launcher.findings();
        let confined =
            findings.iter().find(|finding| finding.name == CONFINED).map(|finding| &finding.detail);
        serde_json::json!({ "workspace": self.workspace.files(), "tools": confined })
    }

    /// The list of a server's tools that an attempt of this turn goes by, if one was pinned.
    pub(super) fn pinned(&self, turn: u32, server: &str) -> Option<Listing> {
        let bytes = fs::read(self.listing(turn, server)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Pins the list; durable once this returns. Blocks on the disk.
    pub(super) fn pin(&self, turn: u32, server: &str, listing: &Listing) -> io::Result<()> {
        let path = self.listing(turn, server);
        let folder = path.parent().expect("it lies in the root");
        fs::create_dir_all(folder)?;
        let staged = path.with_extension("new");
        let mut file = fs::File::create(&staged)?;
        file.write_all(&serde_json::to_vec(listing)?)?;
        file.sync_all()?;
        fs::rename(&staged, &path)?;
        fs::File::open(folder)?.sync_all()
    }

    fn listing(&self, turn: u32, server: &str) -> PathBuf {
        self.root.join("mcp").join(format!("{turn}-{server}.json"))
    }
}

fn at_home(root: PathBuf) -> Result<(PathBuf, Workspace), Problem> {
    let workspace = Workspace::open(Path::new(&root), None)?;
    Ok((root, workspace))
}
