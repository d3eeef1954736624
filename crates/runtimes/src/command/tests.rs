//! The contract of commands as tables of examples.

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

#[test]
fn the_input_is_one_line_of_json() {
    let stdin = |input: &Value, previous: Option<&Value>| {
        let argv = ["./step.sh".to_owned()];
        let invocation = invocation(&argv, Given { input, previous }).expect("inline values");
        String::from_utf8(invocation.stdin.expect("a message")).expect("UTF-8")
    };
    assert_eq!(stdin(&json(r#"{"a": 1}"#), None), "{\"input\":{\"a\": 1},\"previous\":null}\n");
    let previous = Value::Text("two\nlines".to_owned());
    assert_eq!(stdin(&Value::null(), Some(&previous)), "{\"input\":null,\"previous\":\"two\\nlines\"}\n");
}

#[test]
fn output_is_json_or_text_as_the_definition_says() {
    let table = [
        (Output::Auto, "[1, 2]\n", Ok(json("[1, 2]"))),
        (Output::Auto, "two\nlines\n", Ok(Value::Text("two\nlines".to_owned()))),
        (Output::Auto, "", Ok(Value::Text(String::new()))),
        (Output::Text, "42\n", Ok(Value::Text("42".to_owned()))),
        (Output::Json, "\"x\"", Ok(json("\"x\""))),
        (Output::Json, "", Err("the program printed nothing where JSON was expected")),
        (
            Output::Json,
            "done\n",
            Err("the program's output is no JSON (expected value at line 1 column 1): `done`"),
        ),
    ];
    for (output, stdout, expected) in table {
        let found = answer(output, &seen(0, stdout, "")).map_err(|problem| problem.message);
        assert_eq!(found, expected.map_err(str::to_owned), "{stdout}");
    }
}

#[test]
fn an_exit_code_is_a_failure_with_the_end_of_standard_error() {
    let problem = answer(Output::Auto, &seen(2, "{}", "usage: x\nno such file\n")).expect_err("exit 2");
    assert_eq!(problem.code, Code::ExecutionFailed);
    assert_eq!(problem.message, "the agent ended with exit code 2: no such file");
    assert_eq!(problem.detail.as_deref(), Some("usage: x\nno such file"));
}

#[test]
fn an_output_that_was_not_kept_whole_is_refused() {
    let flood = Transcript { stdout_lost: 5, ..seen(0, "12345", "") };
    let problem = answer(Output::Text, &flood).expect_err("cut");
    assert_eq!(problem.message, "the program printed 10 bytes, and an output has at most 5 bytes");
}
