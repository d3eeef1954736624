//! The folders of one attempt: made for it, seen by it alone, removed after it.
//!
//! ```text
//! WORK/<run>/<step>.<attempt>/agent    the working copy of the version; where the program starts
//!                             home     HOME
//!                             tmp      TMPDIR
//! ```

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use mainspring_agent::copy_working;
use mainspring_api::worker::Ticket;
use mainspring_types::{Code, Problem};

/// The folders of one attempt. They are removed when this is dropped, which blocks on the disk.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
}

impl Place {
    /// Makes the folders below `work` with a copy of `snapshot`. Blocks on the disk.
    pub(super) fn make(work: &Path, snapshot: &Path, ticket: &Ticket) -> Result<Self, Problem> {
        let run = work.join(ticket.run.to_string());
        let place = Self { root: run.join(format!("{}.{}", ticket.step, ticket.attempt)) };
        place.make_folders(&run).map_err(|error| unmade(&place.root, &error))?;
        copy_working(snapshot, &place.agent())?;
        Ok(place)
    }

    fn make_folders(&self, run: &Path) -> io::Result<()> {
        // Nobody else on the machine looks into an agent's folders.
        let private = |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        private(run)?;
        if self.root.exists() {
            // The same attempt twice: what the first left behind must not be seen by the second.
            fs::remove_dir_all(&self.root)?;
        }
        [&self.root, &self.home(), &self.temporary()].into_iter().try_for_each(|path| private(path))
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

fn unmade(root: &Path, error: &io::Error) -> Problem {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::DataInaccessible,
    };
    Problem::new(code, format!("make the working folder `{}`: {error}", root.display()))
}
