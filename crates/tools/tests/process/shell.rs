//! What a shell command finds, and what is said about it.

use std::fs;

use serde_json::json;

use crate::stage::{Site, complains, says};

#[tokio::test]
async fn output_and_complaints_come_as_they_were_written() {
    let site = Site::new();
    let command = "echo one; echo two >&2; echo three; printf four";
    assert_eq!(site.sh(command).await, says("one\ntwo\nthree\nfour\n[exit code 0]"));
    assert_eq!(site.sh("true").await, says("[exit code 0]"));
    assert_eq!(site.sh("echo no; exit 3").await, complains("no\n[exit code 3]"));
}

#[tokio::test]
async fn the_environment_is_clean() {
    let mut site = Site::new();
    site.env = [("GREETING", "hello"), ("LANG", "C")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let (home, tmp) = (site.workspace.home().display(), site.workspace.tmp().display());
    let files = site.workspace.files().display();
    let expected = format!(
        "GREETING=hello\nHOME={home}\nLANG=C\nMAINSPRING_IDEMPOTENCY_KEY=key-1\nMAINSPRING_WORKSPACE={files}\n\
         PATH=/usr/local/bin:/usr/bin:/bin\nPWD={files}\nTMPDIR={tmp}\n[exit code 0]"
    );
    assert_eq!(site.sh("env | grep -v '^_=' | sort").await, says(&expected));
}

#[tokio::test]
async fn files_stay_from_call_to_call_and_the_home_is_not_among_them() {
    let site = Site::new();
    site.sh("echo text > file; mkdir ~/.config; touch $TMPDIR/temporary").await;
    assert_eq!(site.sh("ls -A; ls -A ~; ls $TMPDIR").await, says("file\n.config\ntemporary\n[exit code 0]"));
    assert_eq!(fs::read_to_string(site.workspace.files().join("file")).expect("written"), "text\n");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_shown_as_such() {
    assert_eq!(Site::new().sh(r"printf 'a\377b\n'").await, says("a\u{fffd}b\n[exit code 0]"));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_complained_of() {
    let site = Site::new();
    assert_eq!(
        site.call("shell", json!({ "cmd": "ls" })).await,
        complains(
            "the arguments of `shell` do not fit: missing field `command`; it takes `command`, `timeout`?"
        )
    );
}

#[tokio::test]
async fn a_command_reads_nothing() {
    assert_eq!(Site::new().sh("cat; echo end").await, says("end\n[exit code 0]"));
}
