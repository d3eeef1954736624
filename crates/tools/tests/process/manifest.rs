//! Tools by manifest: what they are given, what their answers mean, and what their probes tell.

use std::{fs, time::Duration};

use mainspring_agent::{CustomTool, EffectClass};
use mainspring_tools::{
    Ended,
    manifest::{self, Probe},
};
use serde_json::json;

use crate::stage::{Site, complains, says};

fn tool(run: &str) -> CustomTool {
    CustomTool {
        name: "book".into(),
        description: "Books a room.".into(),
        parameters: json!({ "type": "object" }),
        run: ["sh", "-c", run].map(Into::into).into(),
        class: EffectClass::Irreversible,
        timeout: None,
        probe: None,
        env: [("DESK".to_owned(), "7".to_owned())].into(),
    }
}

async fn book(site: &Site, run: &str) -> Ended {
    manifest::run(&tool(run), &json!({ "room": "a b", "days": 2 }), &site.around()).await
}

#[tokio::test]
async fn a_tool_gets_its_arguments_in_a_line_and_answers_on_its_output() {
    let site = Site::new();
    site.provide(
        "book.sh",
        "cat; echo $MAINSPRING_IDEMPOTENCY_KEY $DESK; touch $MAINSPRING_WORKSPACE/booked",
    );
    let answer = "{\"room\":\"a b\",\"days\":2}\nkey-1 7\n";
    assert_eq!(book(&site, "sh ./book.sh; echo noise >&2").await, says(answer));
    assert!(site.workspace.files().join("booked").exists());
    assert_eq!(book(&site, "touch new 2>/dev/null || echo refused").await, says("refused\n"));
}

#[tokio::test]
async fn complaints_are_told_from_answers() {
    let site = Site::new();
    for (run, ended) in [
        (r#"echo '{"error": "no such room"}'"#, complains("no such room")),
        (r#"echo '{"error": {"code": 7}}'"#, complains("{\"code\":7}")),
        (r#"echo '{"error": null, "room": 1}'"#, says("{\"error\": null, \"room\": 1}\n")),
        ("echo said; echo oh >&2; exit 2", complains("said\noh\n[exit code 2]")),
        (r#"echo '{"error": "full"}'; exit 1"#, complains("full\n[exit code 1]")),
        ("kill -SEGV $$", complains("[ended by signal 11 (SIGSEGV)]")),
    ] {
        assert_eq!(book(&site, run).await, ended, "{run}");
    }
}

#[tokio::test]
async fn a_tool_that_takes_too_long_leaves_open_what_it_did() {
    let site = Site::new();
    let slow =
        CustomTool { timeout: Some(Duration::from_millis(200)), ..tool("echo working >&2; sleep 1000") };
    let ended = manifest::run(&slow, &json!({}), &site.around()).await;
    let message = "`book` was killed with all it had started, because it took longer than 200ms\nworking";
    assert_eq!(ended, Ended::Unknown { message: message.into() });
}

#[tokio::test]
async fn a_program_that_is_missing_did_nothing() {
    let site = Site::new();
    let missing = CustomTool { run: vec!["./missing".into()], ..tool("") };
    let Ended::Failed { message } = manifest::run(&missing, &json!({}), &site.around()).await else {
        panic!("there is no such program")
    };
    assert!(message.starts_with("E2020: program `./missing` was not found; "), "{message}");
}

async fn ask(site: &Site, probe: &str) -> Probe {
    let probe = Some(["sh", "-c", probe].map(Into::into).into());
    let tool = CustomTool { probe, ..tool("exit 1") };
    manifest::probe(&tool, "key-9", &json!({ "room": 1 }), &site.around()).await
}

#[tokio::test]
async fn a_probe_tells_what_became_of_a_call() {
    let site = Site::new();
    let done = |text: &str| Probe::Done { text: text.into() };
    for (script, state) in [
        (r#"echo "{\"state\": \"done\", \"result\": \"$MAINSPRING_IDEMPOTENCY_KEY\"}""#, done("key-9")),
        (r#"read line; echo "{\"state\": \"done\", \"result\": $line}""#, done("{\"room\":1}")),
        (r#"echo '{"state": "done"}'"#, done("")),
        (r#"echo '{"state": "not_done"}'"#, Probe::NotDone),
    ] {
        assert_eq!(ask(&site, script).await, state, "{script}");
    }
}

#[tokio::test]
async fn a_probe_without_a_clear_answer_leaves_it_open() {
    let site = Site::new();
    for (script, expected) in [
        ("echo oh >&2; exit 3", "the probe of `book`: exit code 3\noh"),
        ("echo maybe", "the probe of `book` gave no clear answer (expected value at line 1 column 1)"),
        (
            r#"echo '{"state": "perhaps"}'"#,
            "the probe of `book` gave no clear answer (unknown variant `perhaps`",
        ),
    ] {
        let Probe::Unsure { why } = ask(&site, script).await else { panic!("{script}") };
        assert!(why.starts_with(expected), "{why}");
    }
    let unprobed = manifest::probe(&tool(""), "key-9", &json!({}), &site.around()).await;
    assert_eq!(unprobed, Probe::Unsure { why: "`book` has no probe".into() });
    assert!(fs::read_dir(site.workspace.files()).expect("kept").next().is_none());
}
