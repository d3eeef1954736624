//! Data folders that are full, damaged, or from another version.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use mainspring_api::run::RunStatus;
use mainspring_testkit::{or_skip, small_disk::SmallDisk};
use mainspring_types::ByteSize;

use super::told;
use crate::harness::{Stage, ended, request, start, wait_until, words};

const QUICK: &str = "#!/bin/sh\necho here\n";
const ONE_STEP: &str = "steps: [{id: go, run: [./program]}]\n";

/// Notes that it begins, waits at its gate, and answers with more than is kept in the journal itself.
const GATED: &str = r#"#!/bin/sh
echo begin >> "$STAGE/ledger"
until [ -e "$STAGE/gate.go" ]; do sleep 0.02; done
head -c 100000 /dev/zero | tr '\0' a
"#;

/// A file that leaves no room beside it.
fn fill(disk: &Path) -> std::path::PathBuf {
    let path = disk.join("filler");
    let mut file = File::create(&path).expect("makes a file");
    for size in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    path
}

#[tokio::test]
async fn a_full_disk_is_said_and_the_server_goes_on_once_there_is_room() {
    let name = "a_full_disk_is_said_and_the_server_goes_on_once_there_is_room";
    let Some(disk) = or_skip(name, SmallDisk::mount(ByteSize(32 << 20))) else { return };
    let stage = Stage::with_data(&disk.path().join("data"));
    let (quick, other) = (stage.agent("quick", ONE_STEP, QUICK), stage.agent("other", ONE_STEP, QUICK));
    let mut server = stage.serve();
    let client = stage.client();
    let known = start(&client, &quick).await;
    assert_eq!(ended(&client, known).await.status, RunStatus::Completed);

    let filler = fill(disk.path());
    let mut refused = Vec::new();
    // What the database had set aside may still take a run or two.
    for _ in 0..10_000 {
        if let Err(problems) = client.create_run(&request(&quick), None).await {
            refused = problems;
            break;
        }
    }
    assert_eq!(words(&refused[0]), "E1404: the disk under the data folder is full");
    let refused = client.create_run(&request(&other), None).await.expect_err("no room for its files");
    assert_eq!(refused[0].code.as_str(), "E1404", "{refused:?}");
    let told = stage.tell(["run", quick.to_str().expect("plain")]);
    insta::assert_snapshot!(super::told(&told), @r"
    exit code 4
    error[E1404]: the disk under the data folder is full
      hint: free some space; nothing was lost, and the server goes on by itself
      docs: docs/errors/E1404.md
    ");
    assert!(server.is_alive());

    fs::remove_file(filler).expect("removes");
    let run = start(&client, &other).await;
    assert_eq!(ended(&client, run).await.status, RunStatus::Completed);
}

#[tokio::test]
async fn what_an_agent_has_done_is_kept_over_a_full_disk() {
    let name = "what_an_agent_has_done_is_kept_over_a_full_disk";
    let Some(disk) = or_skip(name, SmallDisk::mount(ByteSize(32 << 20))) else { return };
    let stage = Stage::with_data(&disk.path().join("data"));
    let agent = stage.agent("gated", ONE_STEP, GATED);
    let _server = stage.serve();
    let client = stage.client();
    let run = start(&client, &agent).await;
    stage.wait_for("begin");
    let filler = fill(disk.path());
    stage.open_gates(["go"]);
    let log = || fs::read_to_string(stage.path("server.log")).expect("text");
    wait_until("a report that does not arrive", || log().contains("a report did not arrive"));
    fs::remove_file(filler).expect("removes");
    let run = ended(&client, run).await;
    assert_eq!((run.status, run.attempts), (RunStatus::Completed, 1), "{run:?}");
    assert_eq!(run.result.expect("a result").as_str().map(str::len), Some(100_000));
    assert_eq!(stage.ledger(), ["begin"]);
}

/// What `serve` says to a folder whose database was written to at `offset` behind its back.
fn after_writing(offset: u64, bytes: &[u8]) -> Stage {
    let stage = Stage::new();
    let agent = stage.agent("quick", ONE_STEP, QUICK);
    assert_eq!(stage.tell(["run", agent.to_str().expect("plain")]).code(), Some(0));
    let database = stage.data().join("mainspring.db");
    let mut file = OpenOptions::new().write(true).open(database).expect("it is there");
    file.seek(SeekFrom::Start(offset)).expect("seeks");
    file.write_all(bytes).expect("writes");
    stage
}

/// How a server ends that should not even start.
fn served(stage: &Stage) -> String {
    told(&stage.tell(["serve", "--listen", &stage.address().to_string()]))
}

#[test]
fn a_damaged_database() {
    let stage = after_writing(0, &[0xa5; 8192]);
    insta::assert_snapshot!(served(&stage), @r"
    exit code 4
    error[E1403]: `STAGE/data/mainspring.db` is damaged: file is not a database
      hint: keep a copy of the data folder, then restore `mainspring.db` from a backup, or point `--data` at another folder
      docs: docs/errors/E1403.md
    ");
    insta::assert_snapshot!(told(&stage.tell(["runs", "list"])), @r"
    exit code 4
    error[E1403]: `STAGE/data/mainspring.db` is damaged: file is not a database
      hint: keep a copy of the data folder, then restore `mainspring.db` from a backup, or point `--data` at another folder
      docs: docs/errors/E1403.md
    ");
    let agent = stage.path("quick");
    let ran = stage.tell(["run", agent.to_str().expect("plain"), "--detach"]);
    insta::assert_snapshot!(told(&ran), @r"
    exit code 5
    error[E1507]: the server started in the background ended at once, with exit status: 4
      │ error[E1403]: `STAGE/data/mainspring.db` is damaged: file is not a database
      │   hint: keep a copy of the data folder, then restore `mainspring.db` from a backup, or point `--data` at another folder
      │   docs: docs/errors/E1403.md
      hint: read its log in `STAGE/data/server.log`, or start one in front with `mainspring serve`
      docs: docs/errors/E1507.md
    ");
}

#[test]
fn a_database_of_a_newer_version() {
    // Where SQLite keeps the number of the format.
    let stage = after_writing(60, &99_u32.to_be_bytes());
    insta::assert_snapshot!(served(&stage), @r"
    exit code 6
    error[E1402]: `STAGE/data/mainspring.db` was written in format 99, and this version reads up to 3
      hint: run it with the version that wrote it, or point `--data` at another folder
      docs: docs/errors/E1402.md
    ");
}
