//! Reads every file of a version once: hashes it and, when there is somewhere to put it, copies it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt, symlink},
    },
    path::Path,
};

use mainspring_types::{Code, Hash, Hasher, Problem};
use rustix::fs::OFlags;

use super::{BYTES_MAX, Scope, Source, unreadable, unwritable, walk};
use walk::{Entry, EntryKind};

/// The form of the hash. Another form is another word, so that the two never meet.
const FORM: &[u8] = b"mainspring-tree-1";

/// Where the files go.
pub(super) enum Sink<'a> {
    Nowhere,
    /// A folder whose files are synced, and the folders after them.
    Durable(&'a Path),
    Working(&'a Path),
}

impl<'a> Sink<'a> {
    fn folder(&self) -> Option<&'a Path> {
        match self {
            Self::Nowhere => None,
            Self::Durable(folder) | Self::Working(folder) => Some(folder),
        }
    }

    fn is_durable(&self) -> bool {
        matches!(self, Self::Durable(_))
    }
}

/// Reads `source` into `sink`; the hash of what was read.
pub(super) fn copy(source: &Source<'_>, sink: &Sink<'_>) -> Result<Hash, Problem> {
    let entries = walk::list(source)?;
    let mut reader = Reader { source, sink, hasher: Hasher::new(), room: BYTES_MAX };
    reader.hasher.field(FORM);
    reader.hasher.field(source.entry.as_bytes());
    entries.iter().try_for_each(|entry| reader.take(entry))?;
    if let Sink::Durable(folder) = sink {
        sync_folders(folder, &entries).map_err(|error| unwritable(folder, &error))?;
    }
    Ok(reader.hasher.finish())
}

struct Reader<'a> {
    source: &'a Source<'a>,
    sink: &'a Sink<'a>,
    hasher: Hasher,
    /// The bytes that may still be read: a file can grow after it was listed.
    room: u64,
}

impl Reader<'_> {
    fn take(&mut self, entry: &Entry) -> Result<(), Problem> {
        let to = self.sink.folder().map(|folder| folder.join(&entry.path));
        let written = |made: io::Result<()>| made.map_err(|error| unwritable(&entry.path, &error));
        self.hasher.field(entry.path.as_os_str().as_bytes());
        match &entry.kind {
            EntryKind::Folder => {
                self.hasher.field(b"folder");
                to.map_or(Ok(()), |to| written(fs::create_dir(to)))
            }
            EntryKind::Link { target } => {
                self.hasher.field(b"link");
                self.hasher.field(target.as_os_str().as_bytes());
                to.map_or(Ok(()), |to| written(symlink(target, to)))
            }
            EntryKind::File { .. } => self.take_file(&entry.path, to.as_deref()),
        }
    }

    fn take_file(&mut self, path: &Path, to: Option<&Path>) -> Result<(), Problem> {
        let full = self.source.root.join(path);
        let (mut file, mode) = self.open(&full).map_err(|error| unreadable(&full, &error))?;
        let mut target =
            to.map(|to| create(to, mode)).transpose().map_err(|error| unwritable(path, &error))?;
        let content = self.pour(&mut file, target.as_mut(), path)?;
        if let Some(target) = target.filter(|_| self.sink.is_durable()) {
            target.sync_all().map_err(|error| unwritable(path, &error))?;
        }
        self.hasher.field(if mode == EXECUTABLE { b"executable" } else { b"file" });
        self.hasher.field(content.as_bytes());
        Ok(())
    }

    /// Opens what was listed as a file; one that has become something else since is refused, never followed or waited for.
    fn open(&self, full: &Path) -> io::Result<(File, u32)> {
        let follow = match self.source.scope {
            Scope::Folder | Scope::Modules => OFlags::NOFOLLOW,
            Scope::EntryAlone => OFlags::empty(),
        };
        let flags = (follow | OFlags::NONBLOCK).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(full)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("it is no longer a file"));
        }
        Ok((file, if meta.mode() & 0o111 == 0 { PLAIN } else { EXECUTABLE }))
    }

    fn pour(&mut self, file: &mut File, mut target: Option<&mut File>, path: &Path) -> Result<Hash, Problem> {
        let mut content = Hasher::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer).map_err(|error| unreadable(path, &error))?;
            if count == 0 {
                return Ok(content.finish());
            }
            self.room = self.room.checked_sub(count as u64).ok_or_else(|| grew(path))?;
            content.update(&buffer[..count]);
            if let Some(target) = &mut target {
                target.write_all(&buffer[..count]).map_err(|error| unwritable(path, &error))?;
            }
        }
    }
}

const PLAIN: u32 = 0o644;
const EXECUTABLE: u32 = 0o755;

fn create(to: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(to)
}

/// Syncs the folders, the deepest first, so that a name is durable only after what it names.
fn sync_folders(root: &Path, entries: &[Entry]) -> io::Result<()> {
    let folders = entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Folder));
    for folder in folders.rev() {
        File::open(root.join(&folder.path))?.sync_all()?;
    }
    File::open(root)?.sync_all()
}

fn grew(path: &Path) -> Problem {
    let message = format!("`{}` grew over the size a version may have while it was read", path.display());
    Problem::new(Code::InvalidTree, message)
        .suggest("stop what writes there, or keep data outside the agent's folder")
}
