//! What can go wrong between us and the disk.

use std::path::PathBuf;

use mainspring_types::{Code, Problem};

/// A read or a write failed. What was to be written is not there.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// The disk is full. The batch was rolled back; the store stays up and takes writes again once there is room.
    #[error("the disk under the data folder is full")]
    Full,
    /// The database is damaged.
    #[error("the database is damaged: {detail}")]
    Corrupt {
        /// What SQLite said.
        detail: String,
    },
    /// The disk failed. What the last commit holds is not known until the store is opened again.
    #[error("the disk failed: {detail}")]
    Io {
        /// What SQLite or the system said.
        detail: String,
    },
    /// A statement was refused: a bug of ours.
    #[error("a statement was refused: {detail}")]
    Refused {
        /// What SQLite said.
        detail: String,
    },
}

impl Fault {
    pub(crate) fn io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io { detail: error.to_string() },
        }
    }

    /// The fault as a person sees it.
    pub fn to_problem(&self) -> Problem {
        let message = self.to_string();
        match self {
            Self::Full => Problem::new(Code::DiskFull, message)
                .suggest("free some space; nothing was lost, and the server goes on by itself"),
            Self::Corrupt { .. } => Problem::new(Code::DataCorrupt, message)
                .suggest("stop the server, keep a copy of the data folder, and restore it from a backup"),
            Self::Io { .. } => Problem::new(Code::DataInaccessible, message)
                .suggest("check the disk; the server opens the folder from disk when it is started again"),
            Self::Refused { .. } => Problem::new(Code::Internal, message),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { detail },
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
                Self::Io { detail }
            }
            _ => Self::Refused { detail },
        }
    }
}

/// Why a data folder's database was not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer version wrote it.
    #[error("`{}` was written in format {found}, and this version reads up to {known}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest we know.
        known: i64,
    },
    /// It is damaged.
    #[error("`{}` is damaged: {detail}", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// It cannot be read or written.
    #[error("open `{}`", path.display())]
    Fault {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: Fault,
    },
}

impl OpenError {
    /// The error as a person sees it.
    pub fn to_problem(&self) -> Problem {
        match self {
            Self::Newer { .. } => Problem::new(Code::DataNewer, self.to_string())
                .suggest("run it with the version that wrote it, or point `--data` at another folder"),
            Self::Corrupt { .. } => Problem::new(Code::DataCorrupt, self.to_string())
                .suggest("keep a copy of the data folder, then restore `mainspring.db` from a backup, or point `--data` at another folder"),
            Self::Fault { source, .. } => {
                let mut problem = source.to_problem();
                problem.message = format!("{self}: {}", problem.message);
                problem
            }
        }
    }
}
