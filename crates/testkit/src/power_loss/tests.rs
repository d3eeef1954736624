//! Proof that the layer finds faults, and finds none where SQLite keeps its word.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{Overwrite, Recorder};

const ROWS: u32 = 14;

/// How SQLite is set up, one `PRAGMA` list.
const WAL_FULL: &str = "journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 6";
const WAL_OFF: &str = "journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 6";
const DELETE_FULL: &str = "journal_mode = DELETE; PRAGMA synchronous = FULL";
const DELETE_EXTRA: &str = "journal_mode = DELETE; PRAGMA synchronous = EXTRA";

/// Commits rows one by one, marking each when its commit returns.
fn record(name: &str, overwrite: Overwrite, pragmas: &str) -> Recorder {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recorder = Recorder::install_on(name, overwrite);
    let path = folder.path().join("journal.db");
    let journal = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), name).expect("open");
    journal
        .execute_batch(&format!("PRAGMA {pragmas}; CREATE TABLE entry (id INTEGER PRIMARY KEY, body)"))
        .expect("set up");
    for id in 1..=ROWS {
        journal.execute("INSERT INTO entry VALUES (?1, randomblob(900))", [id]).expect("commit");
        recorder.mark(id.to_string());
    }
    recorder
}

/// The first cut and seed after which the database is broken or an acknowledged row is missing.
fn first_loss(recorder: &Recorder) -> Option<String> {
    (0..recorder.cuts()).flat_map(|cut| (0..6).map(move |seed| (cut, seed))).find_map(|(cut, seed)| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        recorder.image_at(cut, seed, folder.path()).expect("write the image");
        let acknowledged = u32::try_from(recorder.marks_at(cut).len()).expect("few marks");
        let rows = rows(folder.path()).unwrap_or_else(|fault| panic!("cut {cut}, seed {seed}: {fault}"));
        (rows < acknowledged).then(|| format!("cut {cut}, seed {seed}: {rows} of {acknowledged} rows"))
    })
}

/// How many rows are found, provided that they are the first ones and the database is sound.
fn rows(folder: &Path) -> rusqlite::Result<u32> {
    let journal = Connection::open(folder.join("journal.db"))?;
    // Recovery is the same without syncs, and there are thousands of images to recover.
    journal.pragma_update(None, "synchronous", "OFF")?;
    let sound: String = journal.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(sound, "ok");
    if !journal.table_exists(None, "entry")? {
        return Ok(0);
    }
    let (count, last): (u32, u32) =
        journal.query_row("SELECT count(*), coalesce(max(id), 0) FROM entry", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    assert_eq!(count, last, "a later row survived an earlier one");
    Ok(count)
}

#[test]
fn a_synced_wal_loses_nothing() {
    for (name, overwrite) in [("wal-safe", Overwrite::Safe), ("wal-unsafe", Overwrite::Unsafe)] {
        let recorder = record(name, overwrite, WAL_FULL);
        assert_eq!(first_loss(&recorder), None, "{overwrite:?}");
        assert!(recorder.cuts() > 50, "the workload was recorded: {} cuts", recorder.cuts());
        assert_eq!(recorder.marks_at(recorder.cuts() - 1).len(), ROWS as usize);
    }
}

#[test]
fn a_wal_without_syncs_is_caught() {
    let recorder = record("wal-off", Overwrite::Safe, WAL_OFF);
    let loss = first_loss(&recorder).expect("an acknowledged row is lost");
    assert!(loss.ends_with("0 of 1 rows"), "{loss}");
}

#[test]
fn a_deletion_that_may_be_undone_is_caught_and_extra_mends_it() {
    let lost = first_loss(&record("delete-full", Overwrite::Safe, DELETE_FULL));
    assert!(lost.is_some(), "a rollback journal that comes back takes a commit with it");
    assert_eq!(first_loss(&record("delete-extra", Overwrite::Safe, DELETE_EXTRA)), None);
}

#[test]
fn a_seed_makes_the_same_image_again() {
    let recorder = record("repeat", Overwrite::Unsafe, WAL_OFF);
    let cut = recorder.cuts() - 1;
    assert_eq!(recorder.survivors(cut, 7), recorder.survivors(cut, 7));
    assert_ne!(recorder.survivors(cut, 7), recorder.survivors(cut, 8));
}

#[test]
fn good_luck_leaves_the_folder_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recorder = Recorder::install("as-it-is");
    let path = folder.path().join("journal.db");
    std::fs::write(&path, "").expect("a file older than the recording");
    let journal =
        Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), recorder.name()).expect("open");
    journal.execute_batch(&format!("PRAGMA {WAL_FULL}; CREATE TABLE entry (id)")).expect("set up");
    for (name, bytes) in recorder.survivors(recorder.cuts() - 1, 1) {
        assert!(std::fs::read(folder.path().join(&name)).expect("it exists") == bytes, "`{name}` differs");
    }
    assert_eq!(recorder.operation_before(1), "find `journal.db` as file 0");
}

#[test]
fn a_recorder_watches_one_folder() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("another"));
    let recorder = Recorder::install("one-folder");
    let open = |folder: &Path| {
        let path = folder.join("journal.db");
        Connection::open_with_flags_and_vfs(path, OpenFlags::default(), recorder.name())
    };
    open(here.path()).expect("it settles the folder");
    let refused = open(there.path()).expect_err("elsewhere");
    assert_eq!(refused.sqlite_error_code(), Some(rusqlite::ErrorCode::CannotOpen));
}
