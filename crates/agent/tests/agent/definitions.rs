//! Native definitions: what they may say, and one mistake each.

use std::time::Duration;

use mainspring_agent::{Agent, Output, Shape, Trust, Work, read};
use mainspring_types::{ByteSize, Problem};
use serde_json::json;

use super::{fixture, folder, read_definition, shown, write};

fn mistake(definition: &str) -> String {
    shown(&read_definition(definition).expect_err("a mistake is refused"))
}

/// A definition of one step, which has the given fields.
fn one_step(step: &str) -> String {
    format!("kind: Agent\nname: one\nsteps:\n  - {step}\n")
}

#[test]
fn each_mistake_says_where_it_is_and_what_would_be_right() {
    let table = [
        ("kind: Agnt\nname: x\n", "1:7 E1102 `kind` is `Agnt`; allowed: Agent (did you mean `Agent`?)"),
        ("name: x\nsteps: []\n", "1:1 E1102 `kind` is missing (add `kind: Agent`)"),
        ("kind: 5\n", "1:7 E1102 `kind` is `5`; allowed: Agent"),
        (
            "kind: Agent\nname: x\n",
            "1:1 E1102 the definition has neither `instructions` nor `steps` (add `instructions:` for a model with tools, or `steps:` for programs)",
        ),
        ("kind: Agent\nname: x\nsteps: []\n", "3:8 E1102 `steps` lists no step"),
        (
            "kind: Agent\nname: x\nstepz: 1\nsteps: [{id: a, run: [b]}]\n",
            "3:1 E1102 `stepz` is not a known field (did you mean `steps`?)",
        ),
        (
            "kind: Agent\nname: x\nruntime: comand\nsteps: [{id: a, run: [b]}]\n",
            "3:10 E1102 `runtime` is `comand`; allowed: default, command, package (did you mean `command`?)",
        ),
        (
            "kind: Agent\nname: x\nruntime: command\nsteps: [{id: a, method: join}]\n",
            "4:8 E1102 a step calls a method, but `runtime` is `command`; leave `runtime` out",
        ),
        (
            "kind: Agent\nname: x\ntrust: full\nsteps: [{id: a, run: [b]}]\n",
            "3:8 E1102 `trust` is `full`; allowed: trusted, standard, untrusted, confidential",
        ),
        (
            "kind: Agent\nname: x\nlimits: {memory: 1MB}\nsteps: [{id: a, run: [b]}]\n",
            "3:18 E2042 `limits.memory` is 1.0 MB; the least allowed is 16.8 MB (write a size such as 512MB or 2Gi)",
        ),
        (
            "kind: Agent\nname: x\nlimits: {memory: lots, processes: 0}\nsteps: [{id: a, run: [b]}]\n",
            "3:18 E1102 read `limits.memory`: `lots` is not a size; write it like 512MB, 2Gi or 1073741824\n3:35 E1102 `limits.processes` is 0; allowed: 1 to 65536",
        ),
        (
            "kind: Agent\nname: x\nlimits: {cpu: 2}\nsteps: [{id: a, run: [b]}]\n",
            "3:10 E1102 `limits.cpu` is not a known field (known here: memory, processes, open_files, file_size, time)",
        ),
        (
            "kind: Agent\nname: x\nenv: {9A: b}\nsteps: [{id: a, run: [b]}]\n",
            "3:11 E1102 `env.9A` is not the name of a variable: use letters, digits and `_`, beginning with no digit",
        ),
        (
            "kind: Agent\nname: x\ntimeout: 0\nsteps: [{id: a, run: [b]}, {id: a, run: [b]}]\n",
            "3:10 E1102 `timeout` is zero\n4:28 E1102 the step `a` is defined twice",
        ),
    ];
    for (definition, said) in table {
        assert_eq!(mistake(definition), said, "{definition}");
    }
}

#[test]
fn each_mistake_of_a_step_says_where_it_is() {
    let table = [
        ("run: [a]", "4:5 E1102 `steps[0].id` is missing (add `id:`)"),
        (
            "{id: a b, run: [c]}",
            "4:10 E1102 read `steps[0].id`: `a b` is not a valid step name: use 1 to 128 letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
        ),
        (
            "id: a",
            "4:5 E1102 the step has neither `run` nor `method` (add `run: [program, argument]` or `method: name`)",
        ),
        ("{id: a, run: b, method: c}", "4:29 E1102 a step has either `run` or `method`, not both"),
        (
            "{id: a, run: \"python x.py --name 'a b'\"}",
            "4:18 E1102 `steps[0].run` must be a list, not text: no shell reads it (write `run: [\"python\",\"x.py\",\"--name\",\"a b\"]`)",
        ),
        ("{id: a, run: []}", "4:18 E1102 `steps[0].run` names no program"),
        ("{id: a, run: [\"\"]}", "4:18 E1102 `steps[0].run` names no program"),
        ("{id: a, run: [[b]]}", "4:19 E1102 `steps[0].run[0]` must be text, not a list"),
        (
            "{id: a, method: cuont}",
            "4:21 E1201 the agent has no method `cuont`; did you mean `count`? (Available methods: count, join)",
        ),
        (
            "{id: a, method: count, input: {text: 5}}",
            "4:28 E1203 parameter `text` must be text, not the number 5 (`count` takes `text` (string, required), `least` (integer))",
        ),
        (
            "{id: a, method: count, env: {A: b}}",
            "4:28 E1102 `steps[0].env` has no use: a method's environment is its package's",
        ),
        (
            "{id: a, run: [b], timeout: 5 weeks}",
            "4:32 E1102 read `steps[0].timeout`: `5 weeks` is not a duration; write it like 250ms, 30s, 5m, 2h, 1d or 1800",
        ),
        (
            "{id: a, run: [b], retry: {delay: 1s, factor: 0.5}}",
            "4:23 E1102 `steps[0].retry.attempts` is missing (add `attempts:`)\n4:50 E1102 `steps[0].retry.factor` is 0.5; allowed: 1 to 100",
        ),
        (
            "{id: a, run: [b], retries: 3}",
            "4:23 E1102 `steps[0].retries` is not a known field (known here: id, input, run, method, env, retry, timeout)",
        ),
    ];
    for (step, said) in table {
        assert_eq!(mistake(&one_step(step)), said, "{step}");
    }
}

#[test]
fn every_field_of_a_definition_is_read() {
    let agent = read(&fixture("flow.yaml")).expect("the fixture reads");
    let Shape::Native(definition) = &agent.shape else { panic!("a definition") };
    assert_eq!((agent.version.as_deref(), agent.trust()), (Some("2"), Trust::Trusted));
    assert_eq!(agent.limits().memory, ByteSize(256_000_000));
    assert_eq!(agent.limits().time, Some(Duration::from_secs(30)));
    let [count, join, tell] = definition.steps.as_slice() else { panic!("three steps") };
    assert_eq!(
        (count.timeout, count.input.clone()),
        (Duration::from_secs(5), Some(json!({"text": "a few words"})))
    );
    assert_eq!((join.timeout, join.retry.attempts), (Duration::from_secs(30), 1));
    let Work::Command { argv, env, output } = &tell.work else { panic!("a command") };
    assert_eq!((argv.len(), argv[1].as_str(), *output), (3, "", Output::Json));
    assert_eq!((env["LEVEL"].as_str(), env["EMPTY"].as_str()), ("4", ""));
    assert_eq!((tell.retry.delay, tell.timeout), (Duration::from_millis(250), Duration::from_mins(10)));
}

#[test]
fn a_definition_may_stand_alone() {
    let folder = folder();
    write(
        folder.path(),
        "agent.yml",
        "kind: Agent\nname: alone\ntrust: untrusted\ntimeout: 2m\nsteps:\n- {id: a, run: [echo]}\n",
    );
    let agent = read(folder.path()).expect("a definition reads");
    assert_eq!((agent.trust(), agent.requirements()), (Trust::Untrusted, None));
    let Shape::Native(definition) = agent.shape else { panic!("a definition") };
    assert_eq!(definition.steps[0].timeout, Duration::from_mins(2));
}

#[test]
fn methods_need_a_manifest_beside_that_reads() {
    let folder = folder();
    write(folder.path(), "flow.yaml", &one_step("{id: a, method: b}"));
    let said = |agent: Result<Agent, Vec<Problem>>| shown(&agent.expect_err("no manifest"));
    assert_eq!(
        said(read(&folder.path().join("flow.yaml"))),
        "4:3 E1102 steps that call a method need a package manifest beside the definition"
    );
    write(folder.path(), "agent.yaml", "name: x\n");
    assert!(said(read(&folder.path().join("flow.yaml"))).contains("agent.yaml:1:1: `version` is missing"));
}

#[test]
fn a_definition_beside_is_no_package() {
    let folder = folder();
    for name in ["agent.yaml", "agent.yml"] {
        write(folder.path(), name, &one_step("{id: a, method: b}"));
    }
    let said = shown(&read(folder.path()).expect_err("no package"));
    assert_eq!(said, "4:3 E1102 steps that call a method need a package manifest beside the definition");
}

#[test]
fn a_stored_agent_reads_back() {
    for path in ["", "flow.yaml", "tell.sh"] {
        let agent = read(&fixture(path)).expect("the fixture reads");
        let stored = serde_json::to_string(&agent).expect("serialises");
        let back: Agent = serde_json::from_str(&stored).expect("reads back");
        assert_eq!(back.shape, agent.shape);
    }
}
