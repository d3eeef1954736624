//! The paths that an agent may read and write, held where a path leads once its links are followed.
//!
//! The policy judges the text of a call: a link that a command put there in the meantime is no text.

use std::{fmt, path::Path};

use mainspring_agent::Glob;

use super::{
    path::{Inside, shown},
    trouble::Trouble,
};
use crate::Surroundings;

/// What is done with a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Access {
    Read,
    Write,
}

/// The paths that may be read and written; `None` for all of them.
#[derive(Clone, Default, Debug)]
pub(super) struct Bounds {
    read: Option<Vec<Glob>>,
    write: Option<Vec<Glob>>,
}

impl Bounds {
    pub(super) fn of(at: &Surroundings<'_>) -> Self {
        Self { read: at.read.map(<[Glob]>::to_vec), write: at.write.map(<[Glob]>::to_vec) }
    }

    /// Whether every path is admitted, so that it does not matter where one leads.
    pub(super) fn are_open(&self, access: Access) -> bool {
        self.globs(access).is_none()
    }

    /// Refuses a file that lies at `real`, however it was spelt.
    pub(super) fn admit(&self, access: Access, spelt: &Inside, real: &Path) -> Result<(), Trouble> {
        self.check(access, spelt, real, |glob| glob.matches(&real.to_string_lossy()))
    }

    /// Refuses a folder some of whose content may not be read.
    pub(super) fn admit_tree(&self, spelt: &Inside, real: &Path) -> Result<(), Trouble> {
        let below = real.join("").to_string_lossy().into_owned();
        self.check(Access::Read, spelt, real, |glob| glob.matches_all_below(&below))
    }

    fn check(
        &self,
        access: Access,
        spelt: &Inside,
        real: &Path,
        fits: impl Fn(&Glob) -> bool,
    ) -> Result<(), Trouble> {
        let Some(globs) = self.globs(access).filter(|globs| !globs.iter().any(fits)) else { return Ok(()) };
        let allowed: Vec<&str> = globs.iter().map(Glob::as_str).collect();
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let leads = if spelt.as_path() == real || real.as_os_str().is_empty() {
            String::new()
        } else {
            format!(" leads to `{}`, which", shown(real))
        };
        Err(Trouble::complaint(format!(
            "`{spelt}`{leads} is outside `capabilities.{access}`; allowed: {allowed}"
        )))
    }

    fn globs(&self, access: Access) -> Option<&Vec<Glob>> {
        match access {
            Access::Read => self.read.as_ref(),
            Access::Write => self.write.as_ref(),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}
