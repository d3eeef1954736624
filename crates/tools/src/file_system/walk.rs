//! Walks over the workspace in the order of names, never through a symbolic link.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;

use rustix::{
    fs::{Dir, FileType},
    io::Errno,
};

use super::{
    path::Inside,
    root::{Root, kind, there},
    trouble::Trouble,
};

/// What nobody means who asks for files: the history of the repository and what it downloads.
pub(super) const SKIPPED: [&str; 2] = [".git", "node_modules"];

/// What to walk over.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) root: &'a Root,
    /// The folder to begin in.
    pub(super) start: &'a Inside,
    /// Into the folders below, too.
    pub(super) deep: bool,
    /// Past the [`SKIPPED`] folders.
    pub(super) skip: bool,
    /// Entries to look at before giving up.
    pub(super) max: usize,
}

/// Something in a folder.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: Inside,
    pub(super) kind: FileType,
}

/// Whether to walk on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    On,
    Enough,
}

/// What a walk did not see.
#[derive(Default, Debug)]
pub(super) struct Unseen {
    /// Folders that were walked past.
    pub(super) skipped: Vec<Inside>,
    /// Folders that could not be opened, or went away.
    pub(super) closed: usize,
    /// Whether it gave up after as many entries.
    pub(super) gave_up: Option<usize>,
}

impl Walk<'_> {
    /// Visits what there is, a folder before its content.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(&Entry) -> Result<Flow, Trouble>,
    ) -> Result<Unseen, Trouble> {
        let mut unseen = Unseen::default();
        let mut seen = 0;
        let mut owed = self.entries(self.start).map_err(|closed| match closed {
            Closed::Unreadable(error) => self.root.trouble(self.start, "open", error),
            Closed::Outside(trouble) => trouble,
        })?;
        while let Some(entry) = owed.pop() {
            seen += 1;
            if seen > self.max {
                unseen.gave_up = Some(self.max);
                break;
            }
            if self.skip && entry.kind == FileType::Directory && is_skipped(entry.path.name()) {
                unseen.skipped.push(entry.path);
                continue;
            }
            if visit(&entry)? == Flow::Enough {
                break;
            }
            if self.deep && entry.kind == FileType::Directory {
                match self.entries(&entry.path) {
                    Ok(entries) => owed.extend(entries),
                    Err(_) => unseen.closed += 1,
                }
            }
        }
        Ok(unseen)
    }

    /// What the folder holds, last name first.
    fn entries(&self, at: &Inside) -> Result<Vec<Entry>, Closed> {
        let folder = self.root.folder_at(at)?;
        self.root.admit_tree(&folder, at).map_err(Closed::Outside)?;
        let mut entries = Vec::new();
        // One too many is enough to see that there are too many.
        for entry in Dir::read_from(&folder)?.take(self.max + 3) {
            let entry = entry?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Some file systems do not tell in the folder itself.
                FileType::Unknown => there(&folder, &name)?.as_ref().map_or(FileType::Unknown, kind),
                told => told,
            };
            entries.push(Entry { path: at.join(&name), kind });
        }
        entries.sort_unstable_by(|one, other| other.path.cmp(&one.path));
        Ok(entries)
    }
}

/// Why a folder is not looked into.
enum Closed {
    Unreadable(Errno),
    Outside(Trouble),
}

impl From<Errno> for Closed {
    fn from(error: Errno) -> Self {
        Self::Unreadable(error)
    }
}

fn is_skipped(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| SKIPPED.iter().any(|skipped| name == *skipped))
}

impl Unseen {
    /// A line for each thing that was not seen; nothing when everything was.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let [first, ..] = self.skipped.as_slice() {
            let more = match self.skipped.len() {
                1 => String::new(),
                many => format!(" and {} more like it", many - 1),
            };
            lines.push(format!("[not looked into: `{first}/`{more}; name it in `path` to do so]"));
        }
        if self.closed > 0 {
            lines.push(format!("[{} folders could not be opened]", self.closed));
        }
        if let Some(max) = self.gave_up {
            lines.push(format!("[gave up after {max} entries; narrow it with `path`]"));
        }
        lines
    }
}
