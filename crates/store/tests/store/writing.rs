//! Group commit: dense numbers, neighbours that do not take one another down, a clean end.

use mainspring_store::{Store, StoreOptions};

use crate::notebook::{Line, Notebook, key, open, send};

#[test]
fn numbers_are_dense_per_run_over_batches_and_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    for life in 0..3_u64 {
        let writer = open(folder.path(), StoreOptions::default());
        let queue = writer.queue();
        let answers: Vec<_> = (0..20).map(|n| send(&queue, n % 2, "x")).collect();
        for (n, answer) in (0..20).zip(answers) {
            assert_eq!(answer.recv().expect("answered").expect("written"), life * 10 + n / 2 + 1);
        }
        writer.finish();
    }
    let store = Store::open(&folder.path().join("mainspring.db"), StoreOptions::default()).expect("opens");
    let readers = store.readers(1).expect("reads");
    let seqs: Vec<u64> =
        readers.entries(&key(0), 0, 100).expect("reads").iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=30).collect::<Vec<u64>>());
}

#[test]
fn a_refused_message_leaves_no_gap_and_takes_no_neighbour() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = open(folder.path(), StoreOptions::default());
    let queue = writer.queue();
    let before = send(&queue, 1, "before");
    let (answer, refused) = std::sync::mpsc::channel();
    let broken = Line { run: 1, text: "broken".into(), broken: true, answer };
    assert!(queue.send(broken).is_ok());
    let after = send(&queue, 1, "after");
    assert_eq!(before.recv().expect("answered").expect("written"), 1);
    assert!(refused.recv().expect("answered").is_err());
    assert_eq!(after.recv().expect("answered").expect("written"), 2);
    writer.finish();
}

#[test]
fn what_was_sent_before_the_end_is_written_and_what_comes_later_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = open(folder.path(), StoreOptions::default());
    let queue = writer.queue();
    let answers: Vec<_> = (0..500).map(|_| send(&queue, 1, "x")).collect();
    writer.finish();
    assert!(answers.iter().all(|answer| answer.try_recv().is_ok_and(|written| written.is_ok())));
    let (answer, _kept) = std::sync::mpsc::channel();
    assert!(queue.send(Line { run: 1, text: "late".into(), broken: false, answer }).is_err());
}

#[test]
fn a_copy_of_the_file_of_a_finished_database_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("mainspring.db");
    let store = Store::open(&database, StoreOptions::default()).expect("opens");
    let readers = store.readers(1).expect("a reader that stays");
    let writer = store.start(Notebook::default()).expect("starts");
    send(&writer.queue(), 1, "mine").recv().expect("answered").expect("written");
    writer.finish();
    let copy = folder.path().join("copy.db");
    std::fs::copy(database, &copy).expect("copies");
    let copied = Store::open(&copy, StoreOptions::default()).expect("opens").readers(1).expect("reads");
    assert_eq!(
        copied.entries(&key(1), 0, 10).expect("reads"),
        readers.entries(&key(1), 0, 10).expect("reads")
    );
    assert_eq!(copied.entries(&key(1), 0, 10).expect("reads").len(), 1);
}

#[test]
fn a_tenant_sees_nothing_of_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = open(folder.path(), StoreOptions::default());
    send(&writer.queue(), 1, "mine").recv().expect("answered").expect("written");
    writer.finish();
    let store = Store::open(&folder.path().join("mainspring.db"), StoreOptions::default()).expect("opens");
    let readers = store.readers(1).expect("reads");
    let mut foreign = key(1);
    foreign.tenant = mainspring_types::TenantId::new("other").expect("a slug");
    assert!(readers.entries(&foreign, 0, 10).expect("reads").is_empty());
    assert_eq!(readers.entries(&key(1), 0, 10).expect("reads").len(), 1);
}
