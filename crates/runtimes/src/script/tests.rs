//! The contract of plain Python programs as tables of examples.

use mainspring_types::Code;
use serde_json::value::RawValue;

use super::*;
use crate::Ending;

fn json(text: &str) -> Value {
    Value::Json(RawValue::from_string(text.to_owned()).expect("JSON").into())
}

fn seen(exit: i32, stdout: &'static str) -> Transcript<'static> {
    Transcript { ending: Ending::Exited(exit), stdout: stdout.as_bytes(), stdout_lost: 0, stderr: b"" }
}

#[test]
fn the_prompt_is_the_argument() {
    let table = [
        (r#"{"prompt": "what is 2 + 3?", "n": 1}"#, Some("what is 2 + 3?")),
        (r#"{"prompt": ""}"#, Some("")),
        (r#""as it is""#, Some("as it is")),
        (r#"{"question": "why?"}"#, Some(r#"{"question":"why?"}"#)),
        (r#"{"prompt": ["a", 1]}"#, Some(r#"{"prompt":["a",1]}"#)),
        ("[1]", Some("[1]")),
        ("null", None),
    ];
    for (input, argument) in table {
        let given = Given { input: &json(input), previous: None };
        let invocation = invocation(Path::new("/env/python"), "agent.py", given).expect("an invocation");
        let argv: Vec<_> = ["/env/python", "agent.py"].into_iter().chain(argument).collect();
        assert_eq!(invocation.argv, argv, "{input}");
        let stdin = format!("{{\"input\":{input},\"previous\":null}}\n");
        assert_eq!(invocation.stdin.as_deref(), Some(stdin.as_bytes()));
    }
}

#[test]
fn a_prompt_that_is_no_argument_is_refused() {
    let refusal = |text: &str| {
        let input = Value::Text(text.to_owned());
        invocation(Path::new("p"), "f", Given { input: &input, previous: None }).expect_err("refused")
    };
    assert_eq!(refusal("a\0b").code, Code::InvalidInput);
    let long = refusal(&"x".repeat(131_072));
    assert_eq!(long.to_string(), "the prompt is 131073 bytes as an argument; Linux passes at most 131072");
}

#[test]
fn the_output_is_json_or_the_last_object_or_text() {
    let text = |text: &str| Value::Text(text.to_owned());
    let table = [
        ("{\n  \"a\": 1\n}\n", json("{\n  \"a\": 1\n}")),
        ("[1, 2]\n", json("[1, 2]")),
        ("42\n", json("42")),
        ("{\"event\": 1}\n{\"final\": \"5\"}\n", json(r#"{"final": "5"}"#)),
        ("thinking\n{\"final\": \"5\"}\n\n", json(r#"{"final": "5"}"#)),
        ("thinking\n{\n  \"final\": 5\n}\n", json("{\n  \"final\": 5\n}")),
        ("{\"event\": 1}\nall done\n", text("{\"event\": 1}\nall done")),
        ("{'a': 1}\n{'b': 2}\n", text("{'a': 1}\n{'b': 2}")),
        ("five\n", text("five")),
        ("", text("")),
    ];
    for (stdout, output) in table {
        assert_eq!(answer(&seen(0, stdout)), Ok(output), "{stdout}");
    }
}

#[test]
fn an_exit_code_is_a_failure_whatever_was_printed() {
    let problem = answer(&seen(1, "{\"final\": 1}")).expect_err("exit 1");
    assert_eq!(
        (problem.code, problem.to_string().as_str()),
        (Code::ExecutionFailed, "the agent ended with exit code 1: {\"final\": 1}")
    );
}

#[test]
fn of_a_flood_only_an_object_at_its_end_can_be_the_output() {
    let flood = |stdout| Transcript { stdout_lost: 9, ..seen(0, stdout) };
    assert_eq!(answer(&flood("wn\n{\"final\": 1}\n")), Ok(json("{\"final\": 1}")));
    assert_eq!(answer(&flood("42")).expect_err("cut").code, Code::InvalidAnswer);
}
