//! The core reads no clock, touches no outside world and keeps ordered maps: judged by the words of its sources.
//!
//! This sees words, not meanings, so it also refuses them in tests and strings; comments may say anything.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::step::Failure;

/// Words that have no place in `crates/core/src`, each with what to use instead.
const FORBIDDEN: &[(&[&str], &str)] = &[
    (&["SystemTime", "Instant", "Timestamp::now"], "take the time from the event"),
    (&["HashMap", "HashSet"], "use `BTreeMap` or `BTreeSet`, whose order is always the same"),
    (&["async", "await"], "decide here, wait in the driver"),
    (
        &["std::fs", "std::net", "std::thread", "std::process", "std::env", "std::io"],
        "leave the world to the driver",
    ),
    (&["generate"], "take the id from the request"),
];

/// Each forbidden word, with its file and line.
pub(super) fn findings(root: &Path) -> Result<Vec<String>, Failure> {
    let unread = |error: std::io::Error| {
        Failure::new(format!("read the core's sources: {error}"), "is the checkout whole?")
    };
    let mut findings = Vec::new();
    for file in sources(&root.join("crates/core/src")).map_err(unread)? {
        let text = fs::read_to_string(&file).map_err(unread)?;
        let name = file.strip_prefix(root).unwrap_or(&file).display();
        findings.extend(
            scan(&text)
                .map(|(line, word, instead)| format!("{name}:{line}: `{word}` in the core; {instead}")),
        );
    }
    Ok(findings)
}

/// Every Rust file below `folder`, in order.
fn sources(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The forbidden words of one file: line, word, what to use instead.
fn scan(text: &str) -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    let lines = text.lines().zip(1..).map(|(line, number)| (line.split("//").next().unwrap_or(""), number));
    lines.flat_map(|(code, number)| {
        let words =
            FORBIDDEN.iter().flat_map(|(words, instead)| words.iter().map(move |word| (*word, *instead)));
        words
            .filter(|(word, _)| contains(code, word))
            .map(move |(word, instead)| (number, word, instead))
            .collect::<Vec<_>>()
    })
}

/// Whether `word` stands in `code` on its own, or a path such as `std::fs` inside `use std::{...}`.
fn contains(code: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |code: &str, word: &str| {
        code.match_indices(word).any(|(at, _)| {
            !code[..at].ends_with(part_of_name) && !code[at + word.len()..].starts_with(part_of_name)
        })
    };
    let grouped = || {
        let (group, name) = (code.trim_start().strip_prefix("use std::{")?, word.strip_prefix("std::")?);
        Some(stands(group, name))
    };
    stands(code, word) || grouped().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(usize, &'static str)> {
        scan(text).map(|(line, word, _)| (line, word)).collect()
    }

    #[test]
    fn the_world_is_found_however_it_is_named() {
        assert_eq!(words("use std::{collections::HashMap, fs};"), [(1, "HashMap"), (1, "std::fs")]);
        assert_eq!(
            words("fn f() {}\nasync fn g() { std::thread::yield_now() }"),
            [(2, "async"), (2, "std::thread")]
        );
        assert_eq!(words("let now = Timestamp::now();"), [(1, "Timestamp::now")]);
    }

    #[test]
    fn other_words_and_comments_pass() {
        assert!(
            words(
                "// an Instant, async\nlet instantly = asynchronous; use std::{fmt, collections::BTreeMap};"
            )
            .is_empty()
        );
    }
}
