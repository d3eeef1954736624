//! The data folder, the disk under it and the server that owns it.

use std::path::Path;

use mainspring_sandbox::{Finding, Status};
use mainspring_server::data::Folder;
use mainspring_types::ByteSize;

use super::finding;
use crate::{connect, context::Context};

/// Below this an environment may not fit any more.
const SPACE_MIN: u64 = 2_000_000_000;

/// Whether the folder can be used, how much room there is, and who owns it.
pub(super) async fn findings(context: &Context) -> Vec<Finding> {
    let folder = match context.folder() {
        Ok(folder) => folder,
        Err(problem) => {
            return vec![finding("folder", Status::Missing, problem.message, problem.suggestion.as_deref())];
        }
    };
    let settings = match context.config(&[]) {
        Ok(_) => finding("settings", Status::Ok, "readable", None),
        Err(problem) => finding("settings", Status::Missing, problem.message, problem.suggestion.as_deref()),
    };
    vec![writable(folder.root()), settings, space(folder.root()), server(folder).await]
}

fn writable(root: &Path) -> Finding {
    let shown = root.display().to_string();
    let remedy = "name another with --data or MAINSPRING_HOME, or change its owner";
    match existing(root) {
        Some(there) if rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_err() => {
            finding("folder", Status::Missing, format!("{shown} cannot be written"), Some(remedy))
        }
        Some(there) if there == root => finding("folder", Status::Ok, shown, None),
        _ => finding("folder", Status::Ok, format!("{shown}, made when it is first needed"), None),
    }
}

/// The folder, or the nearest one above it that is there.
fn existing(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.exists())
}

fn space(root: &Path) -> Finding {
    match existing(root).and_then(|there| rustix::fs::statvfs(there).ok()) {
        Some(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let detail = format!("{} free", ByteSize(free));
            match free {
                SPACE_MIN.. => finding("disk", Status::Ok, detail, None),
                _ => finding(
                    "disk",
                    Status::Degraded,
                    detail,
                    Some("remove environments with `mainspring env prune --all`"),
                ),
            }
        }
        None => finding("disk", Status::Degraded, "free space cannot be found out", None),
    }
}

async fn server(folder: &Folder) -> Finding {
    match connect::owner(folder).await {
        Some(_) => {
            let listens = folder.announced().map_or("on its control socket".to_owned(), |owner| {
                format!("process {}, http://{}", owner.pid, owner.listen)
            });
            finding("server", Status::Ok, listens, None)
        }
        None => finding("server", Status::Ok, "none; `mainspring run` works without one", None),
    }
}
