//! A full disk refuses, loses nothing, and is survived.

use std::fs;

use mainspring_store::{Fault, Store, StoreOptions};
use mainspring_testkit::{or_skip, small_disk::SmallDisk};
use mainspring_types::ByteSize;

use crate::notebook::{key, open, send};

#[test]
fn a_full_disk_refuses_the_write_and_takes_the_next_once_there_is_room() {
    let Some(disk) = or_skip("a_full_disk", SmallDisk::mount(ByteSize(4_000_000))) else { return };
    let writer = open(disk.path(), StoreOptions::default());
    let queue = writer.queue();
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![0; 2_000_000]).expect("there is room for the ballast");

    let mut written = 0;
    let refused = loop {
        match send(&queue, 1, &"x".repeat(8_000)).recv().expect("answered") {
            Ok(seq) => written = seq,
            Err(fault) => break fault,
        }
        assert!(written < 1_000, "4 MB cannot hold 8 MB");
    };
    assert!(matches!(refused, Fault::Full), "{refused}");
    assert_eq!(refused.to_problem().code.as_str(), "E1404");

    fs::remove_file(&ballast).expect("room is made");
    let seq = send(&queue, 1, "after").recv().expect("answered").expect("written");
    assert_eq!(seq, written + 1, "what was refused left no gap");
    writer.finish();
    let path = disk.path().join("mainspring.db");
    let readers = Store::open(&path, StoreOptions::default()).expect("opens").readers(1).expect("reads");
    assert_eq!(readers.last_seq(&key(1)).expect("reads"), seq);
}
