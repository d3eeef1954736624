//! Package manifests: one mistake each, and the forms found in the wild.

use std::fs;

use mainspring_agent::{Agent, InstallCommand, PythonRequirement, Shape};

use super::{fixture, read_manifest, shown, wordsmith};

/// The fixture's manifest with one text replaced, and what is said about it.
fn mistake(written: &str, instead: &str) -> String {
    let manifest = fs::read_to_string(fixture("agent.yaml")).expect("the fixture");
    assert!(manifest.contains(written), "`{written}` is not in the fixture");
    shown(&read_manifest(&manifest.replacen(written, instead, 1)).expect_err("a mistake is refused"))
}

#[test]
fn each_mistake_says_where_it_is_and_what_would_be_right() {
    let table = [
        ("name: \"wordsmith\"\n", "", "1:1 E1102 `name` is missing (add `name:`)"),
        (
            "name: \"wordsmith\"",
            "nam: wordsmith",
            "1:1 E1102 `name` is missing (`nam` looks like it: did you mean `name`?)",
        ),
        ("name: \"wordsmith\"", "name:", "1:1 E1102 `name` has no value"),
        ("name: \"wordsmith\"", "name: [a]", "1:7 E1102 `name` must be text, not a list"),
        (
            "name: \"wordsmith\"",
            "name: 5 words",
            "1:7 E1102 read `name`: `5 words` is not a valid agent name: use 1 to 128 letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
        ),
        (
            "author: \"Mainspring\"",
            "author: true",
            "4:9 E1102 `author` must be text, not a truth value (put it in quotes: \"true\")",
        ),
        (
            "\"3.11+\"",
            "latest",
            "6:17 E1102 read `python_version`: `latest` is not a Python version; write it like 3.11+, 3.12 or >=3.11,<3.13",
        ),
        (
            "tags: [\"example\", \"text\"]",
            "tags: {a: b}",
            "38:1 E1102 `tags` must be a list, not a map of fields",
        ),
        (
            "tags: [\"example\", \"text\"]",
            "schema_version: 2",
            "38:17 E1102 `schema_version` is 2; allowed: 1 (this manifest was written for a newer agentplug: use a version of it that has schema 1)",
        ),
        (
            "tags: [\"example\", \"text\"]",
            "dana_version: \"1\"",
            "38:15 E1103 agents written in Dana (`agent.na`) are recognised and not run (run a version of the agent that has an `agent.py`, and leave `dana_version` out)",
        ),
        (
            "\"uv venv .venv\"",
            "\"uv 'venv\"",
            "12:7 E1102 read `installation.commands[2]`: a `'` is opened and never closed",
        ),
        (
            "  methods:",
            "  methds:",
            "17:3 E1102 `interface.methods` is missing (`methds` looks like it: did you mean `methods`?)",
        ),
        (
            "      description: \"Count the words of a text\"\n",
            "",
            "18:5 E1102 `interface.methods.count.description` is missing (add `description:`)",
        ),
        (
            "type: \"integer\", default",
            "type: \"intger\", default",
            "22:23 E1102 `interface.methods.count.parameters.least.type` is `intger`; allowed: string, integer, number, boolean, array, object, any (did you mean `integer`?)",
        ),
        (
            "required: true}",
            "required: maybe}",
            "21:67 E1102 `interface.methods.count.parameters.text.required` must be `true` or `false`, not text",
        ),
        (
            "minimum: 1",
            "minimum: one",
            "22:55 E1102 `interface.methods.count.parameters.least.minimum` must be a number, not text",
        ),
        (
            "enum: [\" \", \"-\", \"comma\"]",
            "enum: []",
            "33:17 E1102 `interface.methods.join.parameters.with.enum` allows no value",
        ),
        (
            "        shout: {type: \"boolean\"}",
            "        shout: boolean",
            "34:16 E1102 `interface.methods.join.parameters.shout` must be a map of fields, not text",
        ),
    ];
    for (written, instead, said) in table {
        assert_eq!(mistake(written, instead), said, "{instead}");
    }
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let manifest =
        "version: [1]\ndescription: x\ninterface:\n  methods:\n    a: {parameters: {b: {type: c}}}\n";
    assert_eq!(
        shown(&read_manifest(manifest).expect_err("mistakes")),
        "1:1 E1102 `name` is missing (add `name:`)\n1:1 E1102 `author` is missing (add `author:`)\n1:10 E1102 `version` must be text, not a list\n5:5 E1102 `interface.methods.a.description` is missing (add `description:`)\n5:32 E1102 `interface.methods.a.parameters.b.type` is `c`; allowed: string, integer, number, boolean, array, object, any"
    );
}

#[test]
fn a_document_without_fields_or_methods_is_refused() {
    let rest = "name: a\nversion: 1\ndescription: b\nauthor: c\n";
    let said = |text: &str| shown(&read_manifest(text).expect_err("refused"));
    assert!(said("- a\n").ends_with("it must hold fields, not a list"));
    assert!(
        said("log: debug\n").contains("describes no agent: it has neither `kind: Agent` nor `interface`")
    );
    assert_eq!(
        said(&format!("{rest}interface: {{methods: {{}}}}\n")),
        "5:13 E1102 the interface lists no method (add at least one under `interface.methods`)"
    );
    assert_eq!(
        said(&format!("{rest}interface: {{}}\n")),
        "5:1 E1102 `interface.methods` is missing (add `methods:`)"
    );
}

#[test]
fn the_fixture_reads_as_it_is_written() {
    let agent = wordsmith();
    assert_eq!(shown(&agent.warnings), "");
    let manifest = manifest_of(&agent);
    assert_eq!(manifest.requirements.python, PythonRequirement::AtLeast { major: 3, minor: 11 });
    assert_eq!(
        manifest.requirements.commands,
        [
            InstallCommand::Bootstrap,
            InstallCommand::Bootstrap,
            InstallCommand::CreateVenv,
            InstallCommand::Install(vec!["-e".into(), ".".into()])
        ]
    );
    let names: Vec<&str> = manifest.methods.iter().map(|method| method.name.as_str()).collect();
    assert_eq!(names, ["count", "join"]);
}

fn manifest_of(agent: &Agent) -> &mainspring_agent::Manifest {
    let Shape::Package(manifest) = &agent.shape else { panic!("a package") };
    manifest
}

const HEAD: &str = "name: a\nversion: 1.10\ndescription: b\nauthor: c\n";
const INTERFACE: &str = "interface: {methods: {m: {description: d}}}\n";

#[test]
fn a_version_stays_as_it_is_written() {
    let agent = read_manifest(&format!("{HEAD}python_version: 3.10\n{INTERFACE}")).expect("a manifest");
    assert_eq!(agent.version.as_deref(), Some("1.10"));
    assert_eq!(manifest_of(&agent).requirements.python.to_string(), "3.10");
}

#[test]
fn forms_found_in_the_wild_are_read_with_a_warning() {
    let table = [
        (
            "interface: {m: {description: d}}\n",
            "5:1 E1102 the methods stand directly under `interface`; they belong under `interface.methods`",
        ),
        (
            "dependencies: {requests: \">=2\", rich: 13.5, numpy: \"*\"}\n",
            "5:1 E1102 `dependencies` is a map; it should be a list such as `- requests>=2.0`",
        ),
        (
            "dependencies: [flask, {requests: \">=2\"}]\n",
            "5:23 E1102 `dependencies[1]` is a map; it should be text such as `requests>=2.0`",
        ),
        ("tag: [x]\n", "5:1 E1102 `tag` is not a known field (did you mean `tags`?)"),
        (
            "homepage: here\n",
            "5:1 E1102 `homepage` is not a known field (known here: schema_version, dana_version, name, version, description, author, license, tags, python_version, dependencies, installation, interface, builtin_tools)",
        ),
        (
            "interface: {methods: {m: {description: d, examples: [e], parameters: {p: {required: yes}}}}}\n",
            "5:43 E1102 `interface.methods.m.examples` is not a known field (known here: description, parameters, returns)\n5:85 E1102 `interface.methods.m.parameters.p.required` is `yes`, which is text to newer readers; write true",
        ),
        (
            "interface: {methods: {m: {description: d, parameters: {p: {type: int, default: one}}}}}\n",
            "5:80 E1102 the default does not fit: parameter `p` must be a whole number, not the text `one`",
        ),
    ];
    for (lines, said) in table {
        let interface = if lines.starts_with("interface") { "" } else { INTERFACE };
        let agent = read_manifest(&format!("{HEAD}{lines}{interface}")).expect("a manifest");
        assert_eq!(shown(&agent.warnings), said, "{lines}");
        assert_eq!(manifest_of(&agent).methods[0].name, "m");
    }
}

#[test]
fn dependencies_become_requirements() {
    let packages = |lines: &str| {
        let agent = read_manifest(&format!("{HEAD}dependencies: {lines}\n{INTERFACE}")).expect("a manifest");
        manifest_of(&agent).requirements.packages.clone()
    };
    assert_eq!(packages("[\"flask>=2\", {requests: \"~=2.1\"}]"), ["flask>=2", "requests~=2.1"]);
    assert_eq!(packages("{rich: 13.5, numpy: \"*\", scipy:}"), ["rich==13.5", "numpy", "scipy"]);
}

#[test]
fn unknown_fields_are_kept_under_their_path() {
    let agent = read_manifest(&format!(
        "{HEAD}homepage: here\ninterface: {{methods: {{m: {{description: d, x: [1]}}}}}}\n"
    ));
    let extra = serde_json::to_string(&manifest_of(&agent.expect("a manifest")).extra).expect("serialises");
    assert_eq!(extra, r#"{"interface.methods.m.x":[1],"homepage":"here"}"#);
}
