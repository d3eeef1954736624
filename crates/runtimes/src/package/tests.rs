//! The agentplug contract as tables of examples.

use mainspring_types::ByteSize;

use super::*;
use crate::Ending;

fn json(text: &str) -> Value {
    Value::Json(RawValue::from_string(text.to_owned()).expect("JSON").into())
}

fn seen(exit: i32, stdout: &'static str, stderr: &'static str) -> Transcript<'static> {
    Transcript {
        ending: Ending::Exited(exit),
        stdout: stdout.as_bytes(),
        stdout_lost: 0,
        stderr: stderr.as_bytes(),
    }
}

fn refusal(seen: &Transcript<'_>) -> String {
    let problem = answer(seen).expect_err("a failure");
    format!("{}: {}", problem.code, problem.message)
}

#[test]
fn a_call_is_one_argument() {
    let given = Given { input: &json(r#"{"a": 20}"#), previous: None };
    let invocation = invocation(Path::new("/env/bin/python"), "add", given).expect("fits");
    assert_eq!(
        invocation.argv,
        ["/env/bin/python", "agent.py", r#"{"method":"add","parameters":{"a": 20}}"#]
    );
    let previous = Value::Text("so far".to_owned());
    let given = Given { input: &Value::null(), previous: Some(&previous) };
    assert_eq!(
        argument("add", given).expect("fits"),
        r#"{"method":"add","parameters":{},"previous":"so far"}"#
    );
}

#[test]
fn an_argument_is_as_long_as_the_kernel_takes_and_no_longer() {
    let of = |length: usize| {
        let input = json(&format!(r#"{{"a":"{}"}}"#, "x".repeat(length)));
        argument("add", Given { input: &input, previous: None })
    };
    let frame = of(0).expect("fits").len();
    assert!(of(ARGUMENT_MAX - frame).is_ok());
    let problem = of(ARGUMENT_MAX - frame + 1).expect_err("one byte too long");
    assert_eq!(problem.code, Code::InputTooLarge);
    assert_eq!(
        problem.message,
        "the call of method `add` is 131072 bytes of JSON, and a package takes at most 131071 bytes"
    );
}

#[test]
fn parameters_are_an_object() {
    let problem = argument("add", Given { input: &json("[1]"), previous: None }).expect_err("an array");
    assert_eq!(problem.message, "the input of a method is an object of parameters, and this is an array");
}

#[test]
fn the_answer_is_found_among_logs() {
    let table = [
        (r#"{"result": 42}"#, "42"),
        (r#"{"result": null, "note": 1}"#, "null"),
        (r#"{"code": "x", "n": 1}"#, r#"{"code": "x", "n": 1}"#),
        ("{\n  \"result\": {\"a\": 1.50}\n}\n", r#"{"a": 1.50}"#),
        ("INFO start\n{\"result\": 1}\n{\"result\": 2}\n", "2"),
        ("INFO start\n{\"result\": 3}\nbye {}\n", "3"),
        ("INFO start\n{\n  \"result\": [\n    {\"b\": 1}\n  ]\n}\n", "[\n    {\"b\": 1}\n  ]"),
        ("{\"level\": \"info\"}\n{\n  \"result\": 7\n}\n", "7"),
        (r#"{"error": null, "result": 4}"#, "4"),
        (r#"{"result": 5, "result": 6}"#, "6"),
        (r#"{"result": 123456789012345678901234567890}"#, "123456789012345678901234567890"),
    ];
    for (stdout, output) in table {
        assert_eq!(answer(&seen(0, stdout, "log")), Ok(json(output)), "{stdout}");
    }
}

#[test]
fn a_failure_says_what_the_agent_said() {
    let table = [
        (1, r#"{"error": "Unknown method: nope"}"#, "log\n", "exit code 1: Unknown method: nope"),
        (1, "INFO\n{\"error\": {\"n\": 1}}\n", "log\n", r#"exit code 1: {"n": 1}"#),
        (1, "starting\n", "Traceback:\nKeyError: 'a'\n\n", "exit code 1: KeyError: 'a'"),
        (3, "starting\ngave up\n", "\n", "exit code 3: gave up"),
        (7, "", "", "exit code 7"),
    ];
    for (exit, stdout, stderr, expected) in table {
        let said = refusal(&seen(exit, stdout, stderr));
        assert_eq!(said, format!("E2001: the agent ended with {expected}"));
    }
    assert_eq!(
        refusal(&seen(0, r#"{"error": "no key"}"#, "")),
        "E2001: the agent answered with an error: no key"
    );
}

#[test]
fn an_end_by_signal_or_by_the_memory_limit_says_so() {
    let ended = |ending| refusal(&Transcript { ending, ..seen(0, "", "") });
    assert_eq!(ended(Ending::Signalled(11)), "E2001: the agent was ended by signal 11 (SIGSEGV)");
    assert_eq!(ended(Ending::Signalled(40)), "E2001: the agent was ended by signal 40");
    assert_eq!(
        ended(Ending::OutOfMemory(ByteSize(1_024_000_000))),
        "E2070: the agent used more memory than its limit of 1.0 GB"
    );
}

#[test]
fn an_answer_that_is_no_object_is_shown() {
    let table = [
        (
            "hello\nworld\n",
            "the agent's answer is no JSON (expected value at line 1 column 1): `hello world`",
        ),
        ("[1, 2]", "the agent answered with an array where a JSON object was expected: `[1, 2]`"),
        ("42", "the agent answered with a number where a JSON object was expected: `42`"),
        (" \n", "the agent printed nothing where a JSON object was expected"),
        (
            r#"{"result": NaN}"#,
            r#"the agent's answer is no JSON (expected value at line 1 column 12): `{"result": NaN}`"#,
        ),
    ];
    for (stdout, expected) in table {
        assert_eq!(refusal(&seen(0, stdout, "")), format!("E2003: {expected}"), "{stdout}");
    }
    let flood = Transcript { stdout_lost: 100, ..seen(0, "{\"result\": ", "") };
    assert_eq!(
        refusal(&flood),
        "E2003: the agent printed 111 bytes, and the last 11 hold no whole JSON object"
    );
}

#[test]
fn the_end_of_standard_error_goes_with_a_failure() {
    let problem = answer(&seen(0, "[]", "line one\nline two\n")).expect_err("no object");
    assert_eq!(problem.detail.as_deref(), Some("line one\nline two"));
}
