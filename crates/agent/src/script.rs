//! Plain Python programs: what one asks for, and which files around it are its own.
//!
//! A program says what it needs in inline script metadata (PEP 723), else in a `requirements.txt` beside it, else it
//! needs nothing. Its folder is a project when it holds one of [`PROJECT_FILES`]; any other may hold programs of all
//! kinds, so only what Python could import from it goes along.

mod block;
mod metadata;
mod table;

use std::path::Path;

use mainspring_types::{Code, Problem};
use serde::{Deserialize, Serialize};

use crate::requirements::Requirements;
use crate::yaml::locate;

/// The files by which a folder says that all of it is one program's.
pub(crate) const PROJECT_FILES: [&str; 2] = [REQUIREMENTS, "pyproject.toml"];

const REQUIREMENTS: &str = "requirements.txt";

/// A Python program without a manifest. Stored with a version and read again for ever: fields are only added.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Script {
    /// What its environment must contain.
    pub requirements: Requirements,
    /// Which files of its folder go along.
    pub extent: Extent,
}

/// Which files of a program's folder go along with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All.
    Project,
    /// The modules and packages beside it, which it may import.
    Modules,
}

impl Script {
    /// What the program in `root` asks for, and the warnings; `file` names it in what is told.
    pub(crate) fn read(source: &str, file: &str, root: &Path) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let is_there = |name: &&str| root.join(name).is_file();
        let extent = if PROJECT_FILES.iter().any(is_there) { Extent::Project } else { Extent::Modules };
        let (declared, mut warnings) = metadata::read(source, file)?;
        let requirements = declared.unwrap_or_else(|| {
            let requirements_file = Some(REQUIREMENTS).filter(is_there).map(Into::into);
            if requirements_file.is_none() && extent == Extent::Project {
                warnings.push(project_not_read(file));
            }
            Requirements { requirements_file, ..Requirements::default() }
        });
        Ok((Self { requirements, extent }, warnings))
    }
}

fn project_not_read(file: &str) -> Problem {
    let message = "the dependencies of the `pyproject.toml` beside the program are not installed";
    Problem::new(Code::InvalidManifest, message)
        .suggest("list them in a `requirements.txt`, or in the program itself as inline script metadata")
        .at(locate(file, None))
}
