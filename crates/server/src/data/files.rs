//! Files and folders of the data folder, for the eyes of its user alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use mainspring_agent::DATA_MARKER;
use mainspring_types::{Code, Problem};

/// The bits of a mode that let others in.
const OTHERS: u32 = 0o077;

/// What may stand in a data folder; beginnings are enough, for the files SQLite keeps beside its database.
const OURS: [&str; 12] = [
    DATA_MARKER,
    "lock",
    "admin.key",
    "control.sock",
    "server.json",
    "server.log",
    "config.toml",
    "mainspring.db",
    "blobs",
    "versions",
    "envs",
    "work",
];

/// Makes the folder and those within, and closes it to others.
///
/// A folder that holds files of other programs is not closed but refused: it was named by mistake more often than not.
pub(super) fn prepare(root: &Path, within: &[&Path]) -> Result<(), Problem> {
    make(root)?;
    let mode = fs::metadata(root).map_err(|error| inaccessible("read", root, &error))?.permissions().mode();
    if mode & OTHERS != 0 {
        if !only_ours(root).map_err(|error| inaccessible("read", root, &error))? {
            return Err(shared(root, mode));
        }
        fs::set_permissions(root, Permissions::from_mode(0o700))
            .map_err(|error| inaccessible("close to others", root, &error))?;
    }
    within.iter().try_for_each(|folder| make(folder))?;
    // An agent's folder may hold this one: by the mark it is left out of the agent's version.
    let marker = root.join(DATA_MARKER);
    File::create(&marker).map(drop).map_err(|error| inaccessible("mark", &marker, &error))
}

fn make(folder: &Path) -> Result<(), Problem> {
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(_) if folder.exists() && !folder.is_dir() => {
            let message =
                format!("the data folder needs `{}` to be a folder, and it is a file", folder.display());
            Err(Problem::new(Code::DataInaccessible, message)
                .suggest("move it away, or name another folder with `--data DIR`"))
        }
        Err(error) => Err(inaccessible("make", folder, &error)),
    }
}

fn only_ours(root: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(root)? {
        let name = entry?.file_name();
        if !OURS.iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn shared(root: &Path, mode: u32) -> Problem {
    let message = format!(
        "`{}` holds other files and is open to other users (mode {:04o}), so it is not taken as a data folder",
        root.display(),
        mode & 0o7777
    );
    Problem::new(Code::DataInaccessible, message).suggest(format!(
        "name a new folder with `--data DIR`, or close this one with `chmod 700 {}`",
        root.display()
    ))
}

/// Replaces `path` whole: after a crash the file is either as before or as wanted, on disk before this returns.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_added_extension("new");
    super::remove(&fresh)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    File::open(folder)?.sync_all()
}

/// That something in the data folder could not be done.
pub(super) fn inaccessible(verb: &str, path: &Path, error: &io::Error) -> Problem {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::DataInaccessible,
    };
    let suggestion = match code {
        Code::DiskFull => "free some space on its disk, and start again",
        _ => "check its owner and mode, or name another folder with `--data DIR`",
    };
    Problem::new(code, format!("{verb} `{}`", path.display())).because(error).suggest(suggestion)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_mode(mode: u32, file: &str) -> (tempfile::TempDir, Result<(), Problem>) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(file), "").expect("writes");
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).expect("sets");
        let prepared = prepare(folder.path(), &[&folder.path().join("blobs")]);
        (folder, prepared)
    }

    #[test]
    fn a_folder_of_our_own_is_closed_to_others() {
        for ours in ["config.toml", "server.log", "mainspring.db-wal"] {
            let (folder, prepared) = with_mode(0o755, ours);
            prepared.expect("taken");
            for path in [folder.path(), &folder.path().join("blobs")] {
                assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o700);
            }
        }
    }

    #[test]
    fn an_open_folder_with_other_files_is_refused_and_left_as_it_is() {
        let (folder, prepared) = with_mode(0o755, "report.odt");
        let path = folder.path().display();
        assert_eq!(
            prepared.expect_err("refused").message,
            format!(
                "`{path}` holds other files and is open to other users (mode 0755), so it is not taken as a data folder"
            )
        );
        assert_eq!(fs::metadata(folder.path()).expect("there").permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("data");
        fs::write(&file, "").expect("writes");
        assert_eq!(
            prepare(&file, &[]).expect_err("a file").message,
            format!("the data folder needs `{}` to be a folder, and it is a file", file.display())
        );
        let below = prepare(&file.join("deep"), &[]).expect_err("below a file");
        assert_eq!(below.code, Code::DataInaccessible);
    }
}
