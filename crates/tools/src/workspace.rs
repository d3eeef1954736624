//! The folders of one run, which its attempts and a restarted server find as they were left.
//!
//! ```text
//! ROOT/files    the workspace: what the tools see and change
//!      home     HOME
//!      tmp      TMPDIR, and `/tmp` where that can be had
//! ```
//! They are made once. Tools cannot change ROOT itself, so nothing in it is ever a link that one of them made.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use mainspring_agent::copy_working;
use mainspring_types::{Code, Problem};

/// Nobody else on the machine looks into a run's folders.
const PRIVATE: u32 = 0o700;
/// Where the files come from before all of them are there.
const STAGED: &str = "files.new";

/// The folders of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    files: PathBuf,
    home: PathBuf,
    tmp: PathBuf,
}

impl Workspace {
    /// The folders of a run below `root`; where they are missing they are made, the workspace as a copy of
    /// `snapshot` or else empty. Blocks on the disk.
    pub fn open(root: &Path, snapshot: Option<&Path>) -> Result<Self, Problem> {
        let (root, home, tmp) = private_folders(root)?;
        let files = root.join("files");
        if !files.exists() {
            let staged = root.join(STAGED);
            clear(&staged).map_err(|error| unmade(&staged, &error))?;
            match snapshot {
                Some(snapshot) => copy_working(snapshot, &staged)?,
                None => private(&staged).map_err(|error| unmade(&staged, &error))?,
            }
            fs::rename(&staged, &files).map_err(|error| unmade(&files, &error))?;
        }
        Ok(Self { files, home, tmp })
    }

    /// A folder that is there already as the workspace; what else a run needs is made below `root`. Blocks on the disk.
    pub fn in_place(folder: &Path, root: &Path) -> Result<Self, Problem> {
        // Only a folder can be listed.
        let files = fs::read_dir(folder).and_then(|_| fs::canonicalize(folder)).map_err(|error| {
            let message = format!("open the workspace `{}`: {error}", folder.display());
            Problem::new(Code::InvalidParameter, message).suggest("give a folder that exists")
        })?;
        let (_, home, tmp) = private_folders(root)?;
        Ok(Self { files, home, tmp })
    }

    /// What the tools see and change.
    pub fn files(&self) -> &Path {
        &self.files
    }

    /// The home folder of its programs.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The folder of its programs for what is temporary.
    pub fn tmp(&self) -> &Path {
        &self.tmp
    }
}

/// The root, a home and a folder for what is temporary, under the names that the kernel knows them by.
fn private_folders(root: &Path) -> Result<(PathBuf, PathBuf, PathBuf), Problem> {
    let make = || {
        private(root)?;
        let root = fs::canonicalize(root)?;
        let (home, tmp) = (root.join("home"), root.join("tmp"));
        private(&home)?;
        private(&tmp)?;
        Ok((root, home, tmp))
    };
    make().map_err(|error| unmade(root, &error))
}

fn private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(path)
}

/// Removes what an interrupted copy left.
fn clear(staged: &Path) -> io::Result<()> {
    match fs::remove_dir_all(staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn unmade(path: &Path, error: &io::Error) -> Problem {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::DataInaccessible,
    };
    Problem::new(code, format!("make the run's folder `{}`: {error}", path.display()))
        .suggest("check the space on the disk and who may write there")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn open(root: &Path, snapshot: Option<&Path>) -> Workspace {
        Workspace::open(root, snapshot).expect("it can be made")
    }

    #[test]
    fn a_workspace_is_private_empty_and_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("runs/one");
        let made = open(&root, None);
        for path in [made.files(), made.home(), made.tmp()] {
            assert_eq!(fs::read_dir(path).expect("made").count(), 0);
            assert_eq!(fs::metadata(path).expect("made").mode() & 0o777, 0o700);
        }
        fs::write(made.files().join("kept"), "").expect("writes");
        assert_eq!(open(&root, None), made);
        assert!(made.files().join("kept").exists());
    }

    #[test]
    fn a_copy_that_was_interrupted_is_made_again_and_only_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, snapshot) = (folder.path().join("run"), folder.path().join("agent"));
        fs::create_dir_all(root.join(STAGED)).expect("makes");
        fs::write(root.join(STAGED).join("half"), "").expect("writes");
        fs::create_dir(&snapshot).expect("makes");
        fs::write(snapshot.join("text"), "first").expect("writes");
        let made = open(&root, Some(&snapshot));
        assert!(!made.files().join("half").exists());
        fs::write(made.files().join("text"), "changed").expect("writes");
        open(&root, Some(&snapshot));
        assert_eq!(fs::read_to_string(made.files().join("text")).expect("kept"), "changed");
    }

    #[test]
    fn a_folder_is_worked_in_where_it_lies() {
        let folder = tempfile::tempdir().expect("a folder");
        let (project, root) = (folder.path().join("project"), folder.path().join("run"));
        fs::create_dir(&project).expect("makes");
        let workspace = Workspace::in_place(&project, &root).expect("it is there");
        assert_eq!(workspace.files(), fs::canonicalize(&project).expect("it is there"));
        assert_eq!(fs::read_dir(&project).expect("it is there").count(), 0);
        let problem = Workspace::in_place(&folder.path().join("missing"), &root).expect_err("it is not");
        assert_eq!(problem.suggestion.as_deref(), Some("give a folder that exists"));
    }
}
