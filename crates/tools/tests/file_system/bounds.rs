//! The paths that an agent may read and write: judged by the policy as text, and held here where links lead.

use std::path::Path;

use mainspring_agent::{Assistant, Glob, Policy, Verdict};
use mainspring_tools::Ended;
use serde_json::{Value, json};

use crate::stage::{Stage, call_within};

fn globs(texts: &[&str]) -> Vec<Glob> {
    texts.iter().map(|text| text.parse().expect("a glob")).collect()
}

/// A workspace in which links lead from what is admitted to what is not.
fn stage() -> Stage {
    Stage::new()
        .file("src/own", "mine\n")
        .file("secrets/key", "key\n")
        .file("secrets/deep/more", "more\n")
        .link("src/x", "../secrets")
        .link("src/key", "../secrets/key")
        .link("src/self", "own")
}

/// What a tool says where only `src/*` may be read and written, and whether it complains.
fn told(stage: &Stage, tool: &str, arguments: &Value) -> (String, bool) {
    let src = globs(&["src/*"]);
    match call_within((Some(&src), Some(&src)), &stage.workspace(), tool, arguments) {
        Ended::Returned { text, error } => (text, error),
        other => panic!("`{tool}` with {arguments} ended otherwise: {other:?}"),
    }
}

#[test]
fn a_link_does_not_lead_out_of_what_may_be_read_and_written() {
    let stage = stage();
    for (tool, arguments, path, real, field) in [
        ("read_file", json!({"path": "src/x/key"}), "src/x/key", "secrets/key", "read"),
        ("read_file", json!({"path": "src/key"}), "src/key", "secrets/key", "read"),
        ("list_files", json!({"path": "src/x"}), "src/x", "secrets", "read"),
        ("search_files", json!({"path": "src/x", "pattern": "k"}), "src/x", "secrets", "read"),
        ("search_files", json!({"path": "src/key", "pattern": "k"}), "src/key", "secrets/key", "read"),
        (
            "edit_file",
            json!({"path": "src/x/key", "old": "k", "new": "K"}),
            "src/x/key",
            "secrets/key",
            "write",
        ),
        ("write_file", json!({"path": "src/x/new", "content": ""}), "src/x/new", "secrets/new", "write"),
        ("write_file", json!({"path": "src/x/a/b", "content": ""}), "src/x/a/b", "secrets/a/b", "write"),
    ] {
        let expected =
            format!("`{path}` leads to `{real}`, which is outside `capabilities.{field}`; allowed: src/*");
        assert_eq!(told(&stage, tool, &arguments), (expected, true));
    }
    assert_eq!(stage.said("list_files", &json!({"path": "secrets"})), "secrets/deep/\nsecrets/key");
    assert_eq!(stage.content("secrets/key"), "key\n");
}

#[test]
fn what_is_admitted_is_read_and_written_through_links_too() {
    let stage = stage();
    assert_eq!(told(&stage, "read_file", &json!({"path": "src/self"})), ("     1\tmine\n".into(), false));
    assert!(!told(&stage, "list_files", &json!({"path": "src"})).1);
    assert!(!told(&stage, "write_file", &json!({"path": "src/a/new", "content": "x"})).1);
    assert_eq!(stage.content("src/a/new"), "x");
}

#[test]
fn a_complaint_names_nothing_that_may_not_be_read() {
    let stage = stage();
    let missing = |path: &str| told(&stage, "read_file", &json!({"path": path})).0;
    assert_eq!(missing("src/x/kez"), "`src/x/kez` does not exist");
    assert_eq!(
        missing("src/more"),
        "`src/more` does not exist; the folder `src` holds `key`, `own`, `self`, `x`"
    );
}

#[test]
fn an_empty_list_admits_nothing() {
    let stage = stage();
    let ended = call_within((Some(&[]), None), &stage.workspace(), "read_file", &json!({"path": "src/own"}));
    let text = "`src/own` is outside `capabilities.read`; allowed: nothing".into();
    assert_eq!(ended, Ended::Returned { text, error: true });
}

#[test]
fn a_path_is_read_as_the_policy_judges_it() {
    let stage = Stage::new().file("a/b", "x");
    let assistant: Assistant = serde_json::from_value(json!({
        "name": "a", "model": "m/m", "instructions": "i", "toolsets": ["file_system"],
    }))
    .expect("an assistant");
    let absolute = stage.path("a/b");
    for path in [Path::new("a/b"), Path::new("./a//b/"), Path::new("a/../a/b"), &absolute, Path::new("~/a")] {
        let arguments = json!({"path": path});
        let ruling = Policy::of(&assistant).rule("read_file", &arguments, &[]);
        let refused = ruling.verdict == Verdict::Deny;
        let text = if refused { ruling.why } else { "     1\tx\n".to_owned() };
        assert_eq!(stage.call("read_file", &arguments), Ended::Returned { text, error: refused });
    }
}
