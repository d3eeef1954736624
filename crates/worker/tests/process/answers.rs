//! What an agent is given and what is made of its answer.

use mainspring_api::worker::{End, Note};
use serde_json::json;

use crate::fixture::Agent;

const ECHO: &str = r#"
import json, sys
call = json.loads(sys.argv[1])
print("calling", call["method"])
print("to the side", file=sys.stderr)
print(json.dumps({"result": call["parameters"]}))
"#;

#[tokio::test]
async fn a_package_is_called_and_its_answer_found_after_its_log() {
    let done = Agent::package(ECHO).input(json!({ "a": [1, 2.5] })).run().await;
    assert_eq!(done.output(), r#"{"a": [1, 2.5]}"#);
    let mut log = done.log();
    log.sort();
    assert_eq!(log, ["calling go", "to the side"]);
    assert!(
        done.notes
            .iter()
            .any(|note| matches!(note, Note::Started { isolation } if isolation["tier"] == "process"))
    );
    assert!(done.report.used.active_ms > 0 && done.report.used.cpu_ms > 0);
}

#[tokio::test]
async fn a_warm_environment_is_not_worth_a_note() {
    Agent::package(ECHO).run().await;
    let done = Agent::package(ECHO).run().await;
    assert!(!done.notes.iter().any(|note| matches!(note, Note::Preparing { .. })), "{:?}", done.notes);
}

#[tokio::test]
async fn a_failing_package_says_why() {
    let done = Agent::package("import sys\nprint('[1]')\nsys.exit(int(sys.argv[1] == ''))").run().await;
    assert_eq!(
        done.refusal(),
        "E2003: the agent answered with an array where a JSON object was expected: `[1]`"
    );
    let done = Agent::package("raise KeyError('a')").run().await;
    assert_eq!(done.refusal(), "E2001: the agent ended with exit code 1: KeyError: 'a'");
    assert!(done.problem().detail.as_deref().is_some_and(|detail| detail.starts_with("Traceback")));
    assert!(matches!(done.report.end, End::Failed { retryable: true, .. }));
}

#[tokio::test]
async fn a_call_that_the_kernel_would_refuse_is_refused_before() {
    let done = Agent::package(ECHO).input(json!({ "a": "x".repeat(131_072) })).run().await;
    assert_eq!(
        done.refusal(),
        "E1205: the call of method `go` is 131109 bytes of JSON, and a package takes at most 131071 bytes"
    );
    assert!(matches!(done.report.end, End::Failed { retryable: false, .. }));
}

#[tokio::test]
async fn a_command_reads_json_and_answers_with_json_or_text() {
    let given = Agent::command(&["cat"]).input(json!({ "n": 1 })).previous(json!("before"));
    assert_eq!(given.run().await.output(), r#"{"input":{"n":1},"previous":"before"}"#);
    assert_eq!(Agent::script("echo one; echo two").run().await.output(), "one\ntwo");
    // More than a pipe holds, and the program never reads it.
    let unread = Agent::script("echo done").input(json!("x".repeat(1 << 20)));
    assert_eq!(unread.run().await.output(), "done");
}

const ASKS: &str = r#"
import json, sys
print(json.dumps({"event": "model"}), flush=True)
given = json.load(sys.stdin)
print(json.dumps({"final": sys.argv[1:], "given": given["input"]}))
"#;

#[tokio::test]
async fn a_plain_program_gets_its_prompt_and_answers_with_its_last_object() {
    let done = Agent::program(ASKS).input(json!({ "prompt": "what is 2 + 3?" })).run().await;
    assert_eq!(done.output(), r#"{"final": ["what is 2 + 3?"], "given": {"prompt": "what is 2 + 3?"}}"#);
    assert_eq!(done.log(), [r#"{"event": "model"}"#]);
    let done = Agent::program(ASKS).run().await;
    assert_eq!(done.output(), r#"{"final": [], "given": null}"#);
}

#[tokio::test]
async fn the_text_of_a_plain_program_is_no_log() {
    let done = Agent::program("print('two'); print('lines')").run().await;
    assert_eq!((done.output().as_str(), done.log().len()), ("two\nlines", 0));
    let done = Agent::program("print('trying'); raise KeyError('a')").run().await;
    assert_eq!(done.refusal(), "E2001: the agent ended with exit code 1: KeyError: 'a'");
    assert!(done.log().contains(&"trying".to_owned()), "{:?}", done.log());
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named() {
    let done = Agent::command(&["no-such-program"]).run().await;
    assert_eq!(done.problem().code.as_str(), "E2020");
    assert!(done.problem().message.contains("`no-such-program`"), "{}", done.problem().message);
}
