//! What is refused at the door, and what is said about it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mainspring_store::{FORMAT, Store, StoreOptions};

use crate::notebook::{open, send};

/// A folder whose database holds a few entries, and that database's path.
fn written() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = open(folder.path(), StoreOptions::default());
    for n in 0..200 {
        send(&writer.queue(), n, &"x".repeat(500)).recv().expect("answered").expect("written");
    }
    writer.finish();
    let path = folder.path().join("mainspring.db");
    (folder, path)
}

fn refusal(path: &Path) -> mainspring_types::Problem {
    let folder = path.parent().expect("a folder").display().to_string();
    let mut problem = match Store::open(path, StoreOptions::default()) {
        Ok(_) => panic!("it must not open"),
        Err(error) => error.to_problem(),
    };
    problem.message = problem.message.replace(&folder, "DATA");
    problem
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let (_folder, path) = written();
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection.pragma_update(None, "user_version", FORMAT + 1).expect("set");
    drop(connection);
    let problem = refusal(&path);
    assert_eq!(problem.code.as_str(), "E1402");
    assert_eq!(
        problem.message,
        "`DATA/mainspring.db` was written in format 4, and this version reads up to 3"
    );
    assert_eq!(
        problem.suggestion.as_deref(),
        Some("run it with the version that wrote it, or point `--data` at another folder")
    );
}

#[test]
fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mainspring.db");
    fs::write(&path, "not a database at all, and long enough to look like one".repeat(100)).expect("written");
    let problem = refusal(&path);
    assert_eq!(problem.code.as_str(), "E1403");
    assert_eq!(problem.message, "`DATA/mainspring.db` is damaged: file is not a database");
}

#[test]
fn damage_in_the_middle_is_noticed_at_the_door() {
    let (_folder, path) = written();
    let mut bytes = fs::read(&path).expect("read");
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..8].fill(0xff);
    }
    fs::write(&path, bytes).expect("written");
    assert_eq!(refusal(&path).code.as_str(), "E1403");
}

#[test]
fn opening_twice_brings_nothing_new() {
    let (_folder, path) = written();
    let schema = |path: &PathBuf| {
        let connection = rusqlite::Connection::open(path).expect("opens");
        let mut statement =
            connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").expect("prepares");
        let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).expect("queries");
        rows.collect::<Result<Vec<_>, _>>().expect("reads")
    };
    let before = schema(&path);
    drop(Store::open(&path, StoreOptions::default()).expect("opens again"));
    assert_eq!(schema(&path), before);
}
