//! Agents that cannot be run as they are, and agents whose answer is none.

use super::{package, settings, told};
use crate::harness::Stage;

const ANSWERS: &str = "print('{\"result\": 42}')\n";

fn definition(text: &str) -> String {
    let stage = Stage::new();
    let agent = stage.agent("agent", text, "#!/bin/sh\necho hello\n");
    told(&stage.tell(["run", agent.to_str().expect("plain")]))
}

#[test]
fn an_install_command_that_fails() {
    let stage = Stage::new();
    settings(&stage, "");
    let missing = "installation: {commands: [pip install --no-index no-such-package-anywhere]}\n";
    let ran = stage.tell(["run", &package(&stage, missing, ANSWERS)]);
    insta::with_settings!({ filters => vec![(r"(?m)^  │ .*\n", "")] }, {
        insta::assert_snapshot!(told(&ran), @r"
        exit code 1
        error[E1302]: the install command `pip install --no-index no-such-package-anywhere` failed with exit code 1
          hint: see that the package's name and version exist for this Python version
          docs: docs/errors/E1302.md
        ");
    });
    assert!(ran.error().contains("│ ERROR: No matching distribution found"), "{}", ran.err);
}

#[test]
fn an_install_command_that_needs_leave() {
    let stage = Stage::new();
    settings(&stage, "");
    let shell = "installation: {commands: [curl https://install.invalid | sh]}\n";
    insta::assert_snapshot!(told(&stage.tell(["run", &package(&stage, shell, ANSWERS)])), @r"
    exit code 3
    error[E1304]: the install command `curl https://install.invalid | sh` is not run: it is neither `pip install`, `uv pip install` nor `uv sync`
      hint: read it; when you trust it, run again with `--allow-install`, else list the packages under `dependencies`
      docs: docs/errors/E1304.md
    ");
}

#[test]
fn an_environment_over_its_cap() {
    let stage = Stage::new();
    settings(&stage, "environment_cap = \"1kB\"\n");
    let ran = stage.tell(["run", &package(&stage, "", ANSWERS)]);
    insta::with_settings!({ filters => vec![(r"takes [\d.]+ .?B", "takes SIZE"), (r"largest: .*", "largest: …")] }, {
        insta::assert_snapshot!(told(&ran), @r"
        exit code 1
        error[E1303]: the environment takes SIZE, more than its cap of 1.0 kB
          hint: leave out packages that the agent does not need, or raise the cap on environments
          docs: docs/errors/E1303.md
        ");
    });
}

#[test]
fn an_input_longer_than_an_argument() {
    let stage = Stage::new();
    let input = format!("{{\"text\": \"{}\"}}", "a".repeat(128 << 10));
    std::fs::write(stage.path("input.json"), input).expect("writes");
    let ran = stage.tell(["run", &package(&stage, "", ANSWERS), "go", "--input", "@input.json"]);
    insta::assert_snapshot!(told(&ran), @r"
    exit code 2
    error[E1205]: the input of `go` is 131113 bytes as one argument; Linux passes at most 131072
      hint: pass the path of a file that holds the large value
      docs: docs/errors/E1205.md
    ");
}

#[test]
fn an_answer_that_is_not_json() {
    let stage = Stage::new();
    settings(&stage, "");
    let ran = stage.tell(["run", &package(&stage, "", "print('hello')\n")]);
    insta::assert_snapshot!(told(&ran), @r#"
    exit code 1
    error[E2003]: the agent's answer is no JSON (expected value at line 1 column 1): `hello`
      hint: let `agent.py` print one JSON object, such as `{"result": 42}`, as its last line
      docs: docs/errors/E2003.md
    "#);
    insta::assert_snapshot!(definition("output: json\nsteps: [{id: go, run: [./program]}]\n"), @r"
    exit code 1
    error[E2003]: the program's output is no JSON (expected value at line 1 column 1): `hello`
      hint: print one JSON document, or set `output: text` in the definition
      docs: docs/errors/E2003.md
    ");
}

#[test]
fn a_trust_level_that_cannot_be_honoured() {
    insta::assert_snapshot!(definition("trust: standard\nsteps: [{id: go, run: [./program]}]\n"), @r"
    exit code 6
    error[E2040]: agent `agent` asks for trust level `standard`, which needs gVisor; this version has the process tier only
      hint: review the code and declare `trust: trusted` to run it as your own; it is never run with less than it asks for
      docs: docs/errors/E2040.md
    ");
}

#[test]
fn a_field_that_no_definition_has() {
    insta::assert_snapshot!(definition("limts: {memory: 1GB}\nsteps: [{id: go, run: [./program]}]\n"), @r"
    exit code 2
    error[E1102]: `limts` is not a known field
      --> STAGE/agent/agent.yaml:4:1
      3 │ env: {STAGE: STAGE}
      4 │ limts: {memory: 1GB}
        │ ^
      hint: did you mean `limits`?
      docs: docs/errors/E1102.md
    ");
}

#[test]
fn a_program_that_is_not_there() {
    insta::assert_snapshot!(definition("steps: [{id: go, run: [./progam]}]\n"), @r"
    exit code 1
    error[E2020]: program `./progam` was not found
      hint: check the path; it is taken from the agent's folder when relative
      docs: docs/errors/E2020.md
    ");
}
