//! The examples of the repository, each run as its reader runs it without a key.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::home::Home;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// A home whose models are the script of the examples.
fn offline() -> Home {
    let home = Home::new();
    for file in ["config.toml", "model.yaml"] {
        let text = fs::read_to_string(examples().join("offline").join(file)).expect("it is there");
        home.write(&format!("data/{file}"), &text);
    }
    home.configure(&fs::read_to_string(examples().join("offline/config.toml")).expect("it is there"));
    home
}

/// The result of an example.
fn result(home: &Home, file: &str, more: &[&str]) -> String {
    let path = examples().join(file);
    let ran = home.run(&[&["run", path.to_str().expect("a plain path")], more].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout
}

#[test]
fn the_reviewer_lists_what_is_there() {
    let (home, till) = (offline(), examples().join("reviewer/till"));
    let words = ["What is in this repository?", "--workspace", till.to_str().expect("a plain path")];
    insta::assert_snapshot!(result(&home, "reviewer/reviewer.yaml", &words), @"
    These files:

    check.py
    till.py

    I am a script, so this is all I can say about them.
    ");
}

#[test]
fn a_release_is_published_once_and_told_in_its_shape() {
    let (home, work) = (offline(), tempfile::tempdir().expect("a folder"));
    let words = ["Publish 1.4.0", "--workspace", work.path().to_str().expect("a plain path")];
    insta::assert_snapshot!(result(&home, "release/release.yaml", &words), @r#"{"version":"1.4.0","page":"https://example.org/releases/1.4.0"}"#);
    let ledger = fs::read_to_string(work.path().join("published.txt")).expect("it was published");
    assert_eq!(ledger.lines().count(), 1, "{ledger}");
}

#[test]
fn the_desk_has_its_scout_look_things_up() {
    let (home, desk) = (offline(), examples().join("desk"));
    let words = ["When was the new bridge opened?", "--workspace", desk.to_str().expect("a plain path")];
    assert_eq!(result(&home, "desk/desk.yaml", &words), "It was opened in 1974.\n");
}

#[test]
fn a_program_and_steps_run_as_they_are() {
    let home = offline();
    assert_eq!(result(&home, "program/agent.py", &["What is 2 + 3?"]), "5\n");
    assert_eq!(result(&home, "nightly/nightly.yaml", &[]), "118 orders, 4 of them returned\n");
}

#[test]
fn the_definition_in_the_readme_is_the_example() {
    let readme = fs::read_to_string(examples().join("../README.md")).expect("it is there");
    let shown = readme.split("```yaml\n# reviewer.yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let file = fs::read_to_string(examples().join("reviewer/reviewer.yaml")).expect("it is there");
    assert_eq!(shown, Some(file.as_str()));
}
