//! The tools on files: read, write, edit, list and search, all in this process.
//!
//! Every path is resolved by the kernel below the workspace (`openat2` with `RESOLVE_BENEATH`): neither `..` nor a
//! symbolic link leads out, also not one that is put there meanwhile; and where only some paths may be read or written,
//! what counts is where a path leads. Two things are left to others. A hard link to an outside file is, to the kernel, a
//! file of the workspace: it can be read; writing replaces the name and leaves the outside file as it is. And what is
//! mounted in the workspace belongs to it.
//!
//! A complaint says what was wrong and what is there instead, since its reader is a model that will try again.

mod bounds;
mod edit;
mod glob;
mod list;
mod near;
mod path;
mod place;
mod read;
mod root;
mod search;
mod stop;
mod trouble;
mod walk;
mod write;

use std::{path::Path, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{task::spawn_blocking, time::timeout};

use self::{bounds::Bounds, root::Root, stop::Stop, trouble::Trouble};
use crate::{Ended, Surroundings};

/// Carries out one call of `read_file`, `write_file`, `edit_file`, `list_files` or `search_files`.
///
/// When the future is dropped, or the time is over, the call stops before it changes anything, unless it just does.
pub async fn run(tool: &str, arguments: &Value, at: &Surroundings<'_>) -> Ended {
    within(at.timeout, tool, arguments, (at.workspace, Bounds::of(at))).await
}

async fn within(
    time: Duration,
    tool: &str,
    arguments: &Value,
    (workspace, bounds): (&Path, Bounds),
) -> Ended {
    let (stop, abandon) = stop::pair();
    let (name, arguments, workspace) = (tool.to_owned(), arguments.clone(), workspace.to_owned());
    let work = spawn_blocking(move || perform(&name, &arguments, &Root::open(&workspace, bounds)?, &stop));
    let Ok(result) = timeout(time, work).await else {
        drop(abandon);
        return late(tool, time);
    };
    match result.expect("a tool does not panic") {
        Ok(text) => Ended::Returned { text, error: false },
        Err(Trouble::Complaint { message }) => Ended::Returned { text: message, error: true },
        Err(fault @ Trouble::Fault { .. }) => Ended::Failed { message: fault.to_string() },
        Err(unsure @ Trouble::Unsure { .. }) => Ended::Unknown { message: unsure.to_string() },
    }
}

/// How a call ended that was still under way when its time was over.
fn late(tool: &str, time: Duration) -> Ended {
    let message = format!("`{tool}` took longer than {} s", time.as_secs());
    match tool {
        "write_file" | "edit_file" => Ended::Unknown { message },
        _ => Ended::Failed { message: format!("{message}; ask for less, such as one folder") },
    }
}

fn perform(tool: &str, arguments: &Value, root: &Root, stop: &Stop) -> Result<String, Trouble> {
    match tool {
        "read_file" => read::read(root, &fitting(tool, arguments, read::TAKES)?, stop),
        "write_file" => write::write(root, &fitting(tool, arguments, write::TAKES)?, stop),
        "edit_file" => edit::edit(root, &fitting(tool, arguments, edit::TAKES)?, stop),
        "list_files" => list::list(root, &fitting(tool, arguments, list::TAKES)?, stop),
        "search_files" => search::search(root, &fitting(tool, arguments, search::TAKES)?, stop),
        _ => Err(Trouble::complaint(format!("there is no tool `{tool}` for files"))),
    }
}

/// The arguments as the tool takes them.
fn fitting<T: DeserializeOwned>(tool: &str, arguments: &Value, takes: &str) -> Result<T, Trouble> {
    T::deserialize(arguments).map_err(|error| {
        Trouble::complaint(format!("the arguments of `{tool}` do not fit: {error}; it takes {takes}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_write_that_nobody_waits_for_is_not_made() {
        let workspace = tempfile::tempdir().expect("a temporary folder can be made");
        let real = workspace.path().canonicalize().expect("it is there");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime can be built");
        let turn = write::turn(&real);
        let arguments = json!({"path": "a", "content": "x"});
        let call = within(
            Duration::from_millis(20),
            "write_file",
            &arguments,
            (workspace.path(), Bounds::default()),
        );
        let ended = runtime.block_on(call);
        assert!(matches!(ended, Ended::Unknown { .. }), "{ended:?}");
        drop(turn);
        // This waits for the thread that had to wait for its turn.
        drop(runtime);
        assert!(!workspace.path().join("a").exists());
    }
}
