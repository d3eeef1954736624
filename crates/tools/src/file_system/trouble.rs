//! Why a tool on files did not do its work.

use std::io;

use rustix::io::Errno;

/// Three ways to fail, told apart by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The caller asked for what cannot be; another call may fare better.
    #[error("{message}")]
    Complaint { message: String },
    /// The machine failed, and nothing was changed.
    #[error("{doing}: {source}")]
    Fault { doing: String, source: io::Error },
    /// The machine failed after something was changed.
    #[error("{doing}: {source}; whether it is on disk is not known")]
    Unsure { doing: String, source: io::Error },
}

impl Trouble {
    pub(super) fn complaint(message: impl Into<String>) -> Self {
        Self::Complaint { message: message.into() }
    }

    pub(super) fn fault(doing: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Fault { doing: doing.into(), source: source.into() }
    }

    /// What an error of the kernel means for a path, `shown` as people read it. That it does not exist is told by
    /// [`near`](super::near), which knows what does.
    pub(super) fn of(shown: &str, doing: &str, error: Errno) -> Self {
        let message = match error {
            Errno::XDEV => format!(
                "`{shown}` leads out of the workspace through a symbolic link; only what lies in the workspace, \
                 and relative links within it, can be used"
            ),
            Errno::LOOP => {
                format!("`{shown}` leads through symbolic links that go in circles or into `/proc`")
            }
            Errno::NOTDIR => format!("a part of `{shown}` is a file and no folder"),
            Errno::ISDIR => format!("`{shown}` is a folder and no file"),
            Errno::ACCESS | Errno::PERM => format!("this run may not {doing} `{shown}`: permission denied"),
            Errno::NAMETOOLONG => format!("`{shown}` is too long: a name has 255 bytes at most, a path 4095"),
            Errno::NXIO => format!("`{shown}` is a socket or a device, and no file"),
            Errno::INVAL | Errno::ILSEQ => format!("`{shown}` cannot be the name of a file here"),
            _ => return Self::fault(format!("{doing} `{shown}`"), error),
        };
        Self::Complaint { message }
    }
}
