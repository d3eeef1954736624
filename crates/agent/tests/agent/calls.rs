//! Calls: what a method is given, checked against what it declares.

use mainspring_agent::{ARGUMENT_MAX, Agent, CommandLine, Work, read};
use mainspring_types::{Code, Problem};
use serde_json::{Value, json};

use super::{fixture, wordsmith};

fn text(problem: &Problem) -> String {
    format!("{} {problem} ({})", problem.code, problem.suggestion.as_deref().unwrap_or("-"))
}

fn refusal(method: &str, input: Value) -> String {
    text(&wordsmith().plan_for(Some(method), input).expect_err("refused"))
}

fn line(
    agent: &Agent,
    word: Option<&str>,
    pairs: &[(&str, &str)],
    input: Option<Value>,
) -> Result<Value, Problem> {
    let parameters = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    agent.call(CommandLine { word: word.map(str::to_owned), parameters, input }).map(|call| call.input)
}

#[test]
fn what_a_method_does_not_take_is_refused() {
    let table = [
        (
            "cuont",
            json!({}),
            "E1201 the agent has no method `cuont`; did you mean `count`? (Available methods: count, join)",
        ),
        ("deploy", json!({}), "E1201 the agent has no method `deploy` (Available methods: count, join)"),
        (
            "count",
            json!({}),
            "E1202 `count` needs the parameter `text` (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!([1]),
            "E1206 the input of `count` must be an object of parameters, not a list (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!({"text": 5}),
            "E1203 parameter `text` must be text, not the number 5 (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!({"text": null}),
            "E1203 parameter `text` must be text, not null (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!({"text": "a", "least": "1"}),
            "E1203 parameter `least` must be a whole number, not the text `1` (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!({"text": "a", "least": 1.5}),
            "E1203 parameter `least` must be a whole number, not the number 1.5 (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!({"text": "a", "least": 0}),
            "E1203 parameter `least` is 0; the least allowed is 1 (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!({"text": "a", "least": 41}),
            "E1203 parameter `least` is 41; the most allowed is 40 (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "count",
            json!({"text": "a", "lest": 1}),
            "E1204 `count` has no parameter `lest` (did you mean `least`?)",
        ),
        (
            "count",
            json!({"text": "a", "colour": 1}),
            "E1204 `count` has no parameter `colour` (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "join",
            json!({"words": ["a"], "with": "coma"}),
            "E1203 parameter `with` is `coma`; allowed: ` `, `-`, `comma` (did you mean `comma`?)",
        ),
        (
            "join",
            json!({"words": {"a": 1}}),
            "E1203 parameter `words` must be a list, not an object (`join` takes `words` (array, required), `with` (string), `shout` (boolean), `options` (object), `ratio` (number))",
        ),
    ];
    for (method, input, said) in table {
        assert_eq!(refusal(method, input.clone()), said, "{method} {input}");
    }
}

#[test]
fn defaults_are_filled_in_and_null_stands_for_nothing() {
    let plan = wordsmith().plan_for(Some("join"), json!({"words": [], "shout": null})).expect("a plan");
    assert_eq!(plan.input, json!({"words": [], "shout": null, "with": " "}));
    assert_eq!(plan.steps[0].id.as_str(), "join");
    assert_eq!(plan.steps[0].work, Work::Method { method: "join".into() });
}

#[test]
fn an_argument_that_linux_would_not_pass_is_refused() {
    let fixed = json!({"method": "count", "parameters": {"text": "", "least": 1}}).to_string().len();
    let of = |letters: usize| wordsmith().plan_for(Some("count"), json!({"text": "x".repeat(letters)}));
    assert!(of(ARGUMENT_MAX - 1 - fixed).is_ok());
    assert_eq!(
        text(&of(ARGUMENT_MAX - fixed).expect_err("too large")),
        "E1205 the input of `count` is 131073 bytes as one argument; Linux passes at most 131072 (pass the path of a file that holds the large value)"
    );
}

#[test]
fn text_from_a_command_line_becomes_the_declared_type() {
    let pairs =
        [("words", "[\"a\"]"), ("shout", "yes"), ("ratio", "1e2"), ("options", "{\"a\": 1}"), ("with", "-")];
    assert_eq!(
        line(&wordsmith(), Some("join"), &pairs, None),
        Ok(json!({"words": ["a"], "shout": true, "ratio": 100.0, "options": {"a": 1}, "with": "-"}))
    );
    assert_eq!(
        line(&wordsmith(), Some("count"), &[("text", "42")], Some(json!({"least": 2}))),
        Ok(json!({"least": 2, "text": "42"}))
    );
}

#[test]
fn text_that_is_not_of_the_type_says_how_to_write_it() {
    let table = [
        (
            "least",
            "ten",
            "E1203 parameter `least` must be a whole number, not `ten` (write it like -p least=42)",
        ),
        (
            "least",
            "1.5",
            "E1203 parameter `least` must be a whole number, not `1.5` (write it like -p least=42)",
        ),
        ("txt", "a", "E1204 `count` has no parameter `txt` (did you mean `text`?)"),
    ];
    for (name, written, said) in table {
        let problem = line(&wordsmith(), Some("count"), &[(name, written)], None).expect_err("refused");
        assert_eq!(text(&problem), said);
    }
}

#[test]
fn other_agents_take_a_prompt_and_any_json() {
    let agent = read(&fixture("tell.sh")).expect("a program");
    assert_eq!(
        line(&agent, Some("hello"), &[("n", "5"), ("t", "x y")], None),
        Ok(json!({"prompt": "hello", "n": 5, "t": "x y"}))
    );
    assert_eq!(line(&agent, None, &[], None), Ok(Value::Null));
    assert_eq!(
        line(&agent, None, &[("a", "1")], Some(json!([1]))).expect_err("no object").code,
        Code::InvalidInput
    );
    assert_eq!(agent.plan_for(Some("x"), Value::Null).expect_err("no methods").code, Code::MethodNotFound);
}

#[test]
fn a_step_that_calls_a_method_gets_checked_parameters() {
    let flow = read(&fixture("flow.yaml")).expect("the fixture reads");
    let plan = flow.plan_for(None, json!({"words": ["a", "b"]})).expect("a plan");
    assert_eq!(plan.steps[0].input, Some(json!({"text": "a few words", "least": 1})));
    assert_eq!(plan.steps[1].input, Some(json!({"words": ["a", "b"], "with": " "})));
    assert_eq!((&plan.steps[2].input, plan.input), (&None, json!({"words": ["a", "b"]})));
    assert_eq!(flow.plan_for(None, Value::Null).expect_err("no words").code, Code::MissingParameter);
}

#[test]
fn a_method_is_named_when_there_are_several() {
    assert_eq!(
        text(&wordsmith().plan_for(None, Value::Null).expect_err("which?")),
        "E1201 `wordsmith` has several methods; name one (Available methods: count, join)"
    );
}
