//! The folders of one attempt: made for it, seen by it alone, removed after it.
//!
//! ```text
//! WORK/<run>/<step>/agent    the working copy of the version; where the program starts
//!                   home     HOME
//!                   tmp      TMPDIR
//! ```
//! A repeated attempt lies where the one before it lay: agents tell models where they work, and recorded answers name
//! files there. Only while an earlier one is not cleared away yet does its successor lie in `<step>~<attempt>` beside it.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use mainspring_agent::copy_working;
use mainspring_api::worker::Ticket;
use mainspring_types::{Code, Problem};

/// Nobody else on the machine looks into an agent's folders.
const PRIVATE: u32 = 0o700;

/// The folders of one attempt. They are removed when this is dropped, which blocks on the disk.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
}

impl Place {
    /// Makes the folders below `work` with a copy of `snapshot`. Blocks on the disk.
    pub(super) fn make(work: &Path, snapshot: &Path, ticket: &Ticket) -> Result<Self, Problem> {
        let run = work.join(ticket.run.to_string());
        let root = claim(&run, ticket).map_err(|error| unmade(&run, &error))?;
        let place = Self { root };
        let folders = [place.home(), place.temporary()];
        folders.iter().try_for_each(|path| private(path)).map_err(|error| unmade(&place.root, &error))?;
        copy_working(snapshot, &place.agent())?;
        Ok(place)
    }

    /// Everything the attempt may change.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the program starts.
    pub(super) fn agent(&self) -> PathBuf {
        self.root.join("agent")
    }

    pub(super) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.root)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %self.root.display(), "an attempt's folder could not be removed");
        }
        // The run's folder goes with its last attempt; until then it is not empty.
        let _ = self.root.parent().map(fs::remove_dir);
    }
}

/// Makes the folder of an attempt, which no other attempt has.
fn claim(run: &Path, ticket: &Ticket) -> io::Result<PathBuf> {
    let usual = run.join(ticket.step.as_str());
    loop {
        private(run)?;
        match fs::DirBuilder::new().mode(PRIVATE).create(&usual) {
            Ok(()) => return Ok(usual),
            // The run's folder went with another step's attempt just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => break,
            Err(error) => return Err(error),
        }
    }
    // No name of a step has this sign.
    let beside = run.join(format!("{}~{}", ticket.step, ticket.attempt));
    if beside.exists() {
        // The same attempt twice: what the first left behind must not be seen by the second.
        fs::remove_dir_all(&beside)?;
    }
    private(&beside)?;
    Ok(beside)
}

fn private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(path)
}

fn unmade(root: &Path, error: &io::Error) -> Problem {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::DataInaccessible,
    };
    Problem::new(code, format!("make the working folder `{}`: {error}", root.display()))
}

#[cfg(test)]
mod tests {
    use mainspring_types::{AttemptNo, RunId, StepId, TenantId};

    use super::*;

    fn ticket(attempt: u32) -> Ticket {
        let step = StepId::new("go").expect("a step name");
        Ticket {
            tenant: TenantId::sole(),
            run: RunId::from_u128(1),
            step,
            attempt: AttemptNo(attempt),
            nonce: 1,
        }
    }

    #[test]
    fn a_repeated_attempt_lies_where_the_first_lay_unless_that_is_still_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let (work, snapshot) = (folder.path().join("work"), folder.path().join("snapshot"));
        fs::create_dir(&snapshot).expect("makes");
        let make = |attempt| Place::make(&work, &snapshot, &ticket(attempt)).expect("made");
        let first = make(1);
        let usual = first.root().to_owned();
        let second = make(2);
        assert_eq!(second.root(), usual.with_file_name("go~2"));
        drop(first);
        assert_eq!(make(3).root(), usual);
        drop(second);
        assert_eq!(fs::read_dir(&work).expect("kept").count(), 0);
    }
}
