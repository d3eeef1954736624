//! `docs/errors/` tells every code, no other one, and nothing that contradicts the catalogue.

use std::{collections::BTreeSet, fs, path::PathBuf};

use mainspring_types::Code;

/// The verbs of the command line that a page may send its reader to.
const VERBS: &[&str] = &[
    "agents info",
    "agents validate",
    "chat",
    "demo",
    "doctor",
    "env list",
    "env prune",
    "gates answer",
    "gates approve",
    "gates deny",
    "gates list",
    "gates show",
    "run",
    "runs cancel",
    "runs done",
    "runs effects",
    "runs events",
    "runs list",
    "runs message",
    "runs pause",
    "runs raise",
    "runs resume",
    "runs show",
    "serve",
    "sessions fork",
    "sessions list",
    "sessions show",
    "version",
    "why",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors")
}

fn page(code: Code) -> String {
    fs::read_to_string(folder().join(format!("{code}.md")))
        .unwrap_or_else(|error| panic!("docs/errors/{code}.md: {error}"))
}

/// What follows `mainspring` where a code span or line calls it, at its start or after a variable set for it.
fn call(span: &str) -> Option<&str> {
    span.strip_prefix("mainspring ").or_else(|| span.split_once(" mainspring ").map(|(_, call)| call))
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let names =
        fs::read_dir(folder()).expect("docs/errors").map(|entry| entry.expect("an entry").file_name());
    let pages: BTreeSet<String> = names.map(|name| name.into_string().expect("UTF-8")).collect();
    let codes = Code::ALL.iter().map(|code| format!("{code}.md"));
    assert_eq!(pages, codes.chain(["README.md".to_owned()]).collect());
}

#[test]
fn every_page_has_its_parts_in_order() {
    for &code in Code::ALL {
        let parts = [
            format!("# {code} {}\n\n", code.name()),
            format!("Exit code {}, HTTP status {}.\n\n", code.exit_code(), code.http_status()),
            format!("## What it means\n\n{}\n\n", code.meaning()),
            "\n\n## Causes\n\n- ".to_owned(),
            "\n\n## What to do\n\n".to_owned(),
        ];
        let text = page(code);
        let head = parts[..3].concat();
        assert!(text.starts_with(&head), "docs/errors/{code}.md begins with:\n{head}");
        let places: Vec<_> = parts.iter().map(|part| text.find(part)).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "docs/errors/{code}.md: {parts:#?}"
        );
    }
}

#[test]
fn every_page_sends_its_reader_to_verbs_that_exist() {
    let is_known = |call: &str| {
        let mut rests = VERBS.iter().filter_map(|verb| call.strip_prefix(verb));
        rests.any(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    for &code in Code::ALL {
        let page = page(code);
        let calls: Vec<&str> = page.split(['\n', '`', ';', '|']).filter_map(call).collect();
        assert!(!calls.is_empty(), "docs/errors/{code}.md names no command of ours");
        let unknown: Vec<_> = calls.iter().filter(|call| !is_known(call)).collect();
        assert!(unknown.is_empty(), "docs/errors/{code}.md: no such commands: {unknown:?}");
    }
}

#[test]
fn the_index_lists_every_page() {
    let index = fs::read_to_string(folder().join("README.md")).expect("the index");
    let listed: Vec<&str> = index.lines().filter(|line| line.starts_with("| [")).collect();
    let row = |code: &Code| format!("| [{code}]({code}.md) | {} | {} |", code.name(), code.meaning());
    assert_eq!(listed, Code::ALL.iter().map(row).collect::<Vec<_>>());
}
