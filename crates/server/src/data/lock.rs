//! The lock that makes one process the owner of a data folder.
//!
//! A file of its own, never the database: closing any handle of a database file would drop SQLite's locks. It ends
//! with the owner, however that ends. Its content says who the owner is, and is only read for messages.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use mainspring_types::{Code, Problem, Timestamp};
use serde::{Deserialize, Serialize};

use super::files;

/// How long the lock of an owner that is gone is waited for: a child that it was about to start holds it until it is a
/// program of its own.
const LEFT_BEHIND_MAX: Duration = Duration::from_secs(1);

/// A held lock; freed when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Who holds the lock, in its own words.
#[derive(Serialize, Deserialize)]
struct Owner {
    pid: u32,
    since: Timestamp,
    doing: String,
}

impl Owner {
    fn lives(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).exists()
    }
}

impl Lock {
    /// Takes the lock of `root`, or says who has it.
    pub(super) fn take(root: &Path, path: &Path, doing: &str) -> Result<Self, Problem> {
        let refused = |error: &io::Error| files::inaccessible("lock", path, error);
        // The standard library opens every file close-on-exec, so no agent inherits the lock.
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let mut file = options.map_err(|error| refused(&error))?;
        let asked = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(refused(&error)),
                Err(TryLockError::WouldBlock) => {}
            }
            let owner = read(&mut file);
            if asked.elapsed() > LEFT_BEHIND_MAX || owner.as_ref().is_none_or(Owner::lives) {
                return Err(held(root, owner));
            }
            thread::sleep(LEFT_BEHIND_MAX / 100);
        }
        let owner = Owner { pid: std::process::id(), since: Timestamp::now(), doing: doing.to_owned() };
        note(&mut file, &owner).map_err(|error| refused(&error))?;
        Ok(Self { _file: file })
    }
}

fn note(file: &mut File, owner: &Owner) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(owner)?.as_bytes())
}

/// The owner's note; an owner that has just begun may not have written it.
fn read(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn held(root: &Path, owner: Option<Owner>) -> Problem {
    let (by, stop) = match owner {
        Some(Owner { pid, since, doing }) => {
            (format!("`{doing}` (process {pid}, since {since})"), format!("stop it with `kill {pid}`"))
        }
        None => ("another process".to_owned(), "wait for it to end".to_owned()),
    };
    Problem::new(Code::DataLocked, format!("data folder `{}` is owned by {by}", root.display())).suggest(
        format!("talk to it with `mainspring runs list`, {stop}, or name another folder with `--data DIR`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_an_owner_that_is_gone_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let left = Lock::take(folder.path(), &path, "test").expect("free");
        let told = Lock::take(folder.path(), &path, "test").expect_err("this process lives");
        assert_eq!(told.code, Code::DataLocked);
        let gone = Owner { pid: u32::MAX, since: Timestamp::now(), doing: "test".into() };
        let mut file = OpenOptions::new().write(true).open(&path).expect("opens");
        note(&mut file, &gone).expect("written");
        let waiting = thread::spawn({
            let (root, path) = (folder.path().to_owned(), path.clone());
            move || Lock::take(&root, &path, "test").map(drop)
        });
        thread::sleep(Duration::from_millis(50));
        drop(left);
        waiting.join().expect("no panic").expect("it was left behind");
    }
}
