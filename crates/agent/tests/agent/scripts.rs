//! Plain Python programs: what they ask for, and which files go along.

use std::{fs, os::unix::fs::symlink, path::Path};

use mainspring_agent::{Agent, Extent, Requirements, Script, Shape, Work, describe, read};
use mainspring_types::{Code, Problem};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{folder, shown, write};

/// A folder with the program `ask.py` and more files beside it.
fn beside(program: &str, files: &[&str]) -> TempDir {
    let folder = folder();
    write(folder.path(), "ask.py", program);
    for file in files {
        write(folder.path(), file, "");
    }
    folder
}

fn agent(folder: &TempDir) -> Agent {
    read(&folder.path().join("ask.py")).expect("a program")
}

fn script(folder: &TempDir) -> Script {
    let Shape::Script(script) = agent(folder).shape else { panic!("a script") };
    script
}

fn with_metadata(metadata: &str) -> String {
    let lines = metadata.trim_end().replace('\n', "\n# ");
    format!("#!/usr/bin/env python3\n# /// script\n# {lines}\n# ///\nprint(5)\n")
}

fn refusals(program: &str) -> Vec<Problem> {
    let folder = beside(program, &[]);
    read(&folder.path().join("ask.py")).expect_err("refused")
}

#[test]
fn metadata_says_what_a_program_needs() {
    let metadata = "requires-python = \">=3.11\"\ndependencies = [\n  \"httpx>=0.27\",\n  \"rich\",\n]\n[tool.uv]\nany = { thing = 1 }\n";
    let folder = beside(&with_metadata(metadata), &["requirements.txt"]);
    let wanted = script(&folder).requirements;
    assert_eq!((wanted.python.to_string().as_str(), wanted.requirements_file), (">=3.11", None));
    assert_eq!(wanted.packages, ["httpx>=0.27", "rich"]);
    assert!(agent(&folder).warnings.is_empty());
}

#[test]
fn without_metadata_a_requirements_file_counts_and_else_nothing_is_needed() {
    let wanted = script(&beside("", &["requirements.txt"])).requirements;
    assert_eq!(wanted.requirements_file.as_deref(), Some(Path::new("requirements.txt")));
    assert_eq!(script(&beside("", &["notes.txt"])).requirements, Requirements::default());
}

#[test]
fn every_mistake_of_the_metadata_has_its_place_in_the_program() {
    let table = [
        (
            "requires-python = \"latest\"\ndependencies = [\"rich\", \"-e .\", 5]",
            "3:21 E1102 read `requires-python`: `latest` is not a Python version; write it like 3.11+, 3.12 or >=3.11,<3.13\n\
             4:27 E1102 read `dependencies[1]`: `-e .` is no requirement; write it like `requests>=2.0` or `name @ https://...`",
        ),
        ("dependencies = \"rich\"", "3:18 E1102 `dependencies` must be a list, not text"),
        (
            "dependencies = [\n  \"rich\"\n  \"httpx\"\n]",
            "5:5 E1102 read the script metadata of `ask.py` as TOML: missing comma between array elements, expected `,` \
             (write it like `# dependencies = [\"requests>=2.0\"]`, every line behind `# `)",
        ),
    ];
    for (metadata, expected) in table {
        let said = shown(&refusals(&with_metadata(metadata)));
        let said = said.lines().map(|line| match line.split_once("of `") {
            Some((before, rest)) => format!("{before}of `ask.py`{}", rest.split_once('`').expect("closed").1),
            None => line.to_owned(),
        });
        assert_eq!(said.collect::<Vec<_>>().join("\n"), expected, "{metadata}");
    }
    let twice = format!("{0}\n{0}", with_metadata("dependencies = []"));
    assert_eq!(
        shown(&refusals(&twice)),
        "8:1 E1102 the program has two blocks of script metadata; the first is on line 2 (keep one `# /// script`)"
    );
}

#[test]
fn what_is_odd_about_the_metadata_is_told() {
    let warned = |program: &str, files: &[&str]| shown(&agent(&beside(program, files)).warnings);
    assert_eq!(
        warned(&with_metadata("dependancies = [\"rich\"]"), &[]),
        "3:3 E1102 `dependancies` is not a known field (did you mean `dependencies`?)"
    );
    assert_eq!(
        warned("# /// script\n# dependencies = []\n\nprint(5)\n", &[]),
        "1:1 E1102 `# /// script` is not closed, so it is read as a comment \
         (end the block with a line `# ///`, and begin every line before it with `# `)"
    );
    assert_eq!(
        warned("", &["pyproject.toml"]),
        "-:- E1102 the dependencies of the `pyproject.toml` beside the program are not installed \
         (list them in a `requirements.txt`, or in the program itself as inline script metadata)"
    );
    assert_eq!(warned("", &["pyproject.toml", "requirements.txt"]), "");
}

/// The names in the snapshot of the program.
fn kept(folder: &TempDir) -> Vec<String> {
    let store = super::folder();
    let snapshot = agent(folder).materialise(store.path()).expect("a snapshot");
    assert_eq!(
        read(&snapshot.entry).expect("a program").hash(),
        Ok(snapshot.hash),
        "it reads back as the same"
    );
    let mut names: Vec<String> = fs::read_dir(&snapshot.folder)
        .expect("readable")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn what_it_may_import_goes_along_and_no_other_neighbour() {
    let files =
        ["tools.py", "lib/__init__.py", "lib/data.json", "photos/1.jpg", "notes.txt", "venv/__init__.py"];
    let folder = beside("", &files);
    symlink("/etc/passwd", folder.path().join("elsewhere")).expect("a link");
    assert_eq!(script(&folder).extent, Extent::Modules);
    assert_eq!(kept(&folder), ["ask.py", "lib", "tools.py"]);
}

#[test]
fn a_project_goes_along_whole() {
    for project in ["requirements.txt", "pyproject.toml"] {
        let folder = beside("", &[project, "prompts/system.md"]);
        assert_eq!(script(&folder).extent, Extent::Project);
        assert_eq!(kept(&folder), ["ask.py", "prompts", project]);
    }
}

#[test]
fn a_link_stands_for_the_program_it_leads_to() {
    let (folder, desk) = (beside("", &["tools.py"]), folder());
    symlink(folder.path().join("ask.py"), desk.path().join("link.py")).expect("a link");
    let linked = read(&desk.path().join("link.py")).expect("a program");
    assert_eq!((linked.name.as_str(), linked.hash()), ("ask", agent(&folder).hash()));
}

#[test]
fn a_program_takes_a_prompt_or_any_json() {
    let agent = agent(&beside("", &[]));
    let plan = agent.plan_for(None, json!({"prompt": "why?"})).expect("a plan");
    assert_eq!(plan.steps[0].work, Work::Script { file: "ask.py".into() });
    assert_eq!((plan.steps[0].timeout.as_secs(), plan.steps[0].retry.attempts), (600, 1));
    assert_eq!(agent.plan_for(Some("add"), Value::Null).expect_err("no methods").code, Code::MethodNotFound);
    let long = agent.plan_for(None, json!({"prompt": "x".repeat(131_072)})).expect_err("too long");
    assert_eq!(long.code, Code::InputTooLarge);
    assert_eq!(describe(&agent).shape, "script");
}

#[test]
fn the_stored_form_is_stable() {
    let stored = serde_json::to_string(&agent(&beside("", &[])).shape).expect("serialises");
    assert_eq!(stored, r#"{"script":{"requirements":{"python":"any"},"extent":"modules"}}"#);
    let work = Work::Script { file: "ask.py".into() };
    assert_eq!(serde_json::to_string(&work).expect("serialises"), r#"{"script":{"file":"ask.py"}}"#);
}
