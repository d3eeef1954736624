//! Bad input: the whole text of every refusal, and its exit code.

use crate::home::Home;

/// Runs a command that must be refused, and gives its exit code and what it said.
fn refused(home: &Home, arguments: &[&str]) -> String {
    let ran = home.run(arguments);
    assert_eq!(ran.stdout, "", "a refusal leaves standard output alone");
    format!("exit code {}\n{}", ran.code.expect("it exits by itself"), ran.stderr)
}

#[test]
fn a_folder_without_a_manifest() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.write("empty/notes.txt", "nothing");
    insta::assert_snapshot!(refused(&home, &["run", "./empty"]), @"
    exit code 2
    error[E1100]: `./empty` holds no agent: looked for agent.yaml and agent.yml
      hint: give a folder with an agent.yaml, a definition file or a program
      docs: docs/errors/E1100.md
    ");
    insta::assert_snapshot!(refused(&home, &["run", "./nowhere"]), @"
    exit code 2
    error[E1100]: read `./nowhere`: No such file or directory (os error 2)
      hint: give a folder with an agent.yaml, a definition file or a program
      docs: docs/errors/E1100.md
    ");
}

#[test]
fn a_name_that_is_a_path() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.package();
    insta::assert_snapshot!(refused(&home, &["run", "calc", "add"]), @"
    exit code 2
    error[E1100]: `calc` is taken as the name of an agent
      hint: write `./calc` for the path
      docs: docs/errors/E1100.md
    ");
}

#[test]
fn yaml_that_cannot_be_read() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.write("bad/agent.yaml", "name: bad\nversion: [1.0\ndescription: x\n");
    insta::assert_snapshot!(refused(&home, &["run", "./bad"]), @"
    exit code 2
    error[E1101]: read `./bad/agent.yaml` as YAML: illegal placement of ':' indicator
      --> ./bad/agent.yaml:3:12
      2 │ version: [1.0
      3 │ description: x
        │            ^
      docs: docs/errors/E1101.md
    ");
}

#[test]
fn every_mistake_of_a_manifest_is_told() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.write("bad/agent.py", "");
    let methods =
        "  methods:\n    add:\n      description: Add\n      parameters:\n        a: {type: integr}\n";
    home.write(
        "bad/agent.yaml",
        &format!("name: bad one\ndescription: 7\nauthor: me\ninterface:\n{methods}"),
    );
    insta::assert_snapshot!(refused(&home, &["agents", "validate", "./bad"]), @r#"
    exit code 2
    error[E1102]: `version` is missing
      --> ./bad/agent.yaml:1:1
      1 │ name: bad one
        │ ^
      hint: add `version:`
      docs: docs/errors/E1102.md

    error[E1102]: read `name`: `bad one` is not a valid agent name: use 1 to 128 letters, digits, `-`, `_` and `.`, beginning with a letter or digit
      --> ./bad/agent.yaml:1:7
      1 │ name: bad one
        │       ^
      docs: docs/errors/E1102.md

    error[E1102]: `description` must be text, not a number
      --> ./bad/agent.yaml:2:14
      1 │ name: bad one
      2 │ description: 7
        │              ^
      hint: put it in quotes: "7"
      docs: docs/errors/E1102.md

    error[E1102]: `interface.methods.add.parameters.a.type` is `integr`; allowed: string, integer, number, boolean, array, object, any
      --> ./bad/agent.yaml:9:19
      8 │       parameters:
      9 │         a: {type: integr}
        │                   ^
      hint: did you mean `integer`?
      docs: docs/errors/E1102.md

    4 problems
    "#);
}

#[test]
fn a_method_that_is_not_there() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.package();
    insta::assert_snapshot!(refused(&home, &["run", "./calc", "ad", "-p", "a=1"]), @"
        exit code 2
        error[E1201]: the agent has no method `ad`; did you mean `add`?
          hint: Available methods: add, fail
          docs: docs/errors/E1201.md
        ");
    insta::assert_snapshot!(refused(&home, &["run", "./calc"]), @"
    exit code 2
    error[E1201]: `calc` has several methods; name one
      hint: Available methods: add, fail
      docs: docs/errors/E1201.md
    ");
}

#[test]
fn parameters_that_do_not_fit() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.package();
    let told = |more: &[&str]| refused(&home, &[&["run", "./calc", "add"], more].concat());
    insta::assert_snapshot!(told(&[]), @"
    exit code 2
    error[E1202]: `add` needs the parameter `a`
      hint: `add` takes `a` (integer, required), `b` (integer), `mode` (string)
      docs: docs/errors/E1202.md
    ");
    insta::assert_snapshot!(told(&["-p", "a=two"]), @"
    exit code 2
    error[E1203]: parameter `a` must be a whole number, not `two`
      hint: write it like -p a=42
      docs: docs/errors/E1203.md
    ");
    insta::assert_snapshot!(told(&["--input", r#"{"a": "2"}"#]), @"
    exit code 2
    error[E1203]: parameter `a` must be a whole number, not the text `2`
      hint: `add` takes `a` (integer, required), `b` (integer), `mode` (string)
      docs: docs/errors/E1203.md
    ");
    insta::assert_snapshot!(told(&["-p", "a=2", "-p", "mode=rogh"]), @"
    exit code 2
    error[E1203]: parameter `mode` is `rogh`; allowed: `exact`, `rough`
      hint: did you mean `rough`?
      docs: docs/errors/E1203.md
    ");
    insta::assert_snapshot!(told(&["-p", "a=2", "-p", "c=3"]), @"
    exit code 2
    error[E1204]: `add` has no parameter `c`
      hint: did you mean `a`?
      docs: docs/errors/E1204.md
    ");
}

#[test]
fn input_that_is_not_json() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.package();
    let told = |input: &str| refused(&home, &["run", "./calc", "add", "--input", input]);
    insta::assert_snapshot!(told("{a: 1}"), @r#"
    exit code 2
    error[E1206]: read `--input` as JSON: key must be a string at line 1 column 2
      hint: text needs quotes in JSON: --input '"text"'; parameters are easier as -p KEY=VALUE
      docs: docs/errors/E1206.md
    "#);
    insta::assert_snapshot!(told("@nothing.json"), @"
    exit code 2
    error[E1206]: read the input from `nothing.json`: No such file or directory (os error 2)
      docs: docs/errors/E1206.md
    ");
}

#[test]
fn a_command_line_that_makes_no_sense() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(refused(&home, &["run", "./x", "-p", "a"]), @"
    exit code 2
    error: invalid value 'a' for '--parameter <KEY=VALUE>': write it as KEY=VALUE

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused(&home, &["run", "./x", "--timeout", "soon"]), @"
        exit code 2
        error: invalid value 'soon' for '--timeout <DURATION>': `soon` is not a duration; write it like 250ms, 30s, 5m, 2h, 1d or 1800

        For more information, try '--help'.
        ");
    insta::assert_snapshot!(refused(&home, &["runs", "lst"]), @"
    exit code 2
    error: unrecognized subcommand 'lst'

      tip: a similar subcommand exists: 'list'

    Usage: mainspring runs [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_run_that_is_not_there() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(refused(&home, &["why", "01k9"]), @"
    exit code 2
    error[E1503]: no run begins with `01k9`
      hint: list the runs with `mainspring runs list`
      docs: docs/errors/E1503.md
    ");
    insta::assert_snapshot!(refused(&home, &["runs", "show", "x/y"]), @"
    exit code 2
    error[E1503]: `x/y` is not a run id or the beginning of one
      hint: list the runs with `mainspring runs list`
      docs: docs/errors/E1503.md
    ");
}

#[test]
fn settings_that_cannot_be() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.write("data/config.toml", "slots = 2\nslotz = 3\n");
    insta::assert_snapshot!(refused(&home, &["runs", "list"]), @"
    exit code 6
    error[E1406]: there is no setting `slotz`
      --> HOME/data/config.toml:2:1
      1 │ slots = 2
      2 │ slotz = 3
        │ ^
      hint: did you mean `slots`?
      docs: docs/errors/E1406.md
    ");
}

#[test]
fn a_refusal_is_data_when_data_is_asked_for() {
    let home = Home::new();
    home.package();
    let ran = home.run(&["run", "./calc", "ad", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    assert_eq!((ran.code, answer["error"]["code"].as_str()), (Some(2), Some("E1201")));
    assert!(ran.stderr.starts_with("error[E1201]: "), "{}", ran.stderr);
}
