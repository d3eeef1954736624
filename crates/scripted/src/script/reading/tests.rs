//! What a script may not say, and where the problem points.

use insta::assert_snapshot;

use super::*;

fn refusal(text: &str) -> String {
    let problem = parse(text, "s.yaml").expect_err("it is wrong");
    let hint = problem.suggestion.map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{} {}{hint}", problem.location.expect("a place"), problem.message)
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let wrong = [
        "rules: [",
        "rule: []",
        "version: 2",
        "on_no_match: ehco",
        "rules:\n  - match: {last_usr: x}\n    reply: {}",
        "rules:\n  - match: {last_user: '(x'}\n    reply: {}",
        "rules:\n  - match: {api: openai.chats}\n    reply: {}",
        "rules:\n  - match: {turn: [0, one]}\n    reply: {}",
        "rules:\n  - match: {last_role: [robot]}\n    reply: {}",
        "rules:\n  - reply: {fault: {kind: hangs}}",
        "rules:\n  - {name: a}",
        "rules:\n  - {reply: {}, replies: [{}]}",
        "rules:\n  - {name: a, reply: {}}\n  - {name: a, reply: {}}",
        "rules:\n  - reply: {text: x, error: {status: 500}}",
        "rules:\n  - reply: {error: {status: 99}}",
        "rules:\n  - reply: {headers: {'a b': c}}",
        "rules:\n  - reply: {tool_calls: [{name: '^('}]}",
    ];
    assert_snapshot!(wrong.map(refusal).join("\n"), @r#"
    s.yaml:1:8 read the script `s.yaml`: unclosed bracket '['
    s.yaml:1:1 read the script `s.yaml`: `rule` is no key here; did you mean `rules`?
    s.yaml:1:10 read the script `s.yaml`: version `2` is not known, only `1` is
    s.yaml:1:14 read the script `s.yaml`: `ehco` is not allowed here; did you mean `echo`?
    s.yaml:2:13 read the script `s.yaml`: `last_usr` is no key here; did you mean `last_user`?
    s.yaml:2:24 read the script `s.yaml`: `(x` is no regular expression: unclosed group
    s.yaml:2:18 read the script `s.yaml`: `openai.chats` is no API, did you mean `openai.chat`?
    s.yaml:2:23 read the script `s.yaml`: a whole number is needed here
    s.yaml:2:25 read the script `s.yaml`: `robot` is not allowed here; known here: `user`, `assistant`, `tool`
    s.yaml:2:27 read the script `s.yaml`: `hangs` is not allowed here; did you mean `hang`?
    s.yaml:2:5 read the script `s.yaml`: rule `a` has no `reply`
    s.yaml:2:5 read the script `s.yaml`: rule `rule-1` has both `reply` and `replies`
    s.yaml:3:5 read the script `s.yaml`: a second rule is called `a`
    s.yaml:2:5 read the script `s.yaml`: rule `rule-1`: a reply with `error` or `raw` has no text and no tool calls
    s.yaml:2:5 read the script `s.yaml`: rule `rule-1`: `status` is a number from 200 to 599
    s.yaml:2:5 read the script `s.yaml`: rule `rule-1`: the name of a header has letters, digits, `-` and `_` alone
    s.yaml:2:5 read the script `s.yaml`: rule `rule-1`: the name of a tool begins with `^` and is no regular expression
    "#);
}

#[test]
fn json_is_a_script_too() {
    let script = parse(r#"{"rules": [{"match": {"stream": [true]}, "replies": [{"text": "a"}]}]}"#, "s.json");
    assert_eq!(script.expect("a script").rules[0].name, "rule-1");
}

#[test]
fn a_reply_says_itself_what_the_defaults_do_not() {
    let text = "defaults: {delay_ms: 5, text: a, headers: {x: 1, y: 1}}\nrules: [{reply: {text: b, headers: {y: 2}}}]";
    let script = parse(text, "s.yaml").expect("a script");
    let reply = script.rules[0].reply(0);
    assert_eq!((reply.text.as_deref(), reply.delay_ms), (Some("b"), Some(5)));
    assert_eq!(reply.headers.values().collect::<Vec<_>>(), ["1", "2"]);
}

#[test]
fn the_example_of_the_readme_is_a_script() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("```yaml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    assert_eq!(parse(example, "README.md").expect("a script").rules.len(), 2);
}
