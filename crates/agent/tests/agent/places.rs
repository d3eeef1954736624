//! Where an agent may lie, and what is said when there is none.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use mainspring_agent::{Shape, describe, read};

use super::{fixture, folder, write};

/// What is said of `name` in a folder with the given files; the folder is written `DIR`.
fn said(name: &str, files: &[&str]) -> String {
    let folder = folder();
    for file in files {
        write(folder.path(), file, "x: [\n");
    }
    let problems = read(&folder.path().join(name)).expect_err("no agent");
    let text = format!(
        "{} {} ({})",
        problems[0].code,
        problems[0],
        problems[0].suggestion.as_deref().unwrap_or("-")
    );
    text.replace(&folder.path().display().to_string(), "DIR")
}

#[test]
fn where_there_is_no_agent_the_nearest_is_named() {
    let table = [
        (
            "",
            &[][..],
            "E1100 `DIR/` holds no agent: looked for agent.yaml and agent.yml (give a folder with an agent.yaml, a definition file or a program)",
        ),
        (
            "",
            &["agnet.yaml"],
            "E1100 `DIR/` holds no agent: looked for agent.yaml and agent.yml (did you mean `DIR/agnet.yaml`?)",
        ),
        (
            "",
            &["flow.yaml", "readme.md"],
            "E1100 `DIR/` holds no agent: looked for agent.yaml and agent.yml (to run a definition, name its file: DIR/flow.yaml)",
        ),
        (
            "",
            &["agent.py", "notes.txt"],
            "E1100 `DIR/` holds no agent: looked for agent.yaml and agent.yml (did you mean `DIR/agent.py`?)",
        ),
        (
            "coding-agnet",
            &["coding-agent/agent.yaml"],
            "E1100 read `DIR/coding-agnet`: No such file or directory (os error 2) (did you mean `DIR/coding-agent`?)",
        ),
        (
            "notes.txt",
            &["notes.txt"],
            "E1100 `DIR/notes.txt` is no definition (.yaml, .yml, .json), Python program (.py) or executable (to run it as a program: chmod +x DIR/notes.txt)",
        ),
    ];
    for (name, files, expected) in table {
        assert_eq!(said(name, files), expected, "{name} {files:?}");
    }
}

#[test]
fn a_manifest_without_its_program_is_described_and_not_run() {
    let folder = folder();
    fs::copy(fixture("agent.yaml"), folder.path().join("agent.yaml")).expect("a copy");
    write(folder.path(), "agents.py", "");
    let agent = read(folder.path()).expect("a manifest");
    let refused = agent.materialise(&folder.path().join("store")).expect_err("nothing to run");
    assert!(refused.message.ends_with("has a manifest and no `agent.py`"), "{refused}");
    assert!(refused.suggestion.as_deref().is_some_and(|text| text.ends_with("agents.py`?")));
    assert_eq!(describe(&agent).warnings, [refused]);
}

#[test]
fn a_program_is_an_agent_of_one_step() {
    let agent = read(&fixture("tell.sh")).expect("a program");
    assert_eq!((agent.name.as_str(), &agent.shape), ("tell.sh", &Shape::Executable));
    let folder = folder();
    write(folder.path(), "_my tool", "");
    fs::set_permissions(folder.path().join("_my tool"), fs::Permissions::from_mode(0o755)).expect("a mode");
    assert_eq!(read(&folder.path().join("_my tool")).expect("a program").name.as_str(), "my-tool");
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_refused() {
    let folder = folder();
    fs::write(folder.path().join("a.yaml"), b"name: \xff").expect("a file");
    write(folder.path(), "b.yaml", &"#".repeat(2 << 20));
    let said = |name: &str| read(&folder.path().join(name)).expect_err("refused")[0].message.clone();
    assert!(said("a.yaml").contains("it is not UTF-8"), "{}", said("a.yaml"));
    assert!(said("b.yaml").ends_with("it is over 1 MiB, more than a definition may have"));
}

#[test]
fn a_manifest_may_be_named_itself() {
    assert_eq!(
        read(&fixture("agent.yaml")).map(|agent| agent.name),
        read(&fixture("")).map(|agent| agent.name)
    );
    assert!(read(Path::new("")).is_err());
}
