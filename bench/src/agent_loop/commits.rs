//! Commits of a database, counted in its write-ahead log: a frame that ends one says how large the database is then.

use std::{fs, ops::Range, path::Path};

/// The sizes of the log's head and of a frame's, and where each says under which salts it was written.
const HEAD: usize = 32;
const FRAME_HEAD: usize = 24;
const SALTS_OF_HEAD: Range<usize> = 16..24;
const SALTS_OF_FRAME: Range<usize> = 8..16;

/// How many commits the log of the database at `file` holds. Meaningful beside another count as long as the log has not
/// been folded back in between.
pub(super) fn of(file: &Path) -> usize {
    let name = format!("{}-wal", file.file_name().expect("a file").to_string_lossy());
    in_log(&fs::read(file.with_file_name(name)).expect("a database in use has a log"))
}

fn in_log(log: &[u8]) -> usize {
    let Some((head, frames)) = log.split_at_checked(HEAD) else { return 0 };
    let page = number(&head[8..12]) as usize;
    frames
        .chunks_exact(FRAME_HEAD + page)
        .take_while(|frame| frame[SALTS_OF_FRAME] == head[SALTS_OF_HEAD])
        .filter(|frame| number(&frame[4..8]) != 0)
        .count()
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn every_commit_that_writes_is_counted_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.db");
        let connection = Connection::open(&file).expect("opens");
        connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        connection.execute_batch("CREATE TABLE t (x); CREATE TABLE u (x);").expect("two commits");
        assert_eq!(of(&file), 2);
        connection
            .execute_batch("BEGIN; INSERT INTO t VALUES (1); INSERT INTO u VALUES (2); COMMIT")
            .expect("one");
        assert_eq!(of(&file), 3);
    }
}
