//! `search_files`: lines that match a regular expression.

use std::{fmt::Write as _, io::Read as _};

use regex::bytes::{Regex, RegexBuilder};
use rustix::fs::FileType;
use serde::Deserialize;

use super::{
    bounds::Access,
    glob::Glob,
    list::names_skipped,
    path::Inside,
    read::binary,
    root::Root,
    stop::Stop,
    trouble::Trouble,
    walk::{Flow, Unseen, Walk},
};

pub(super) const TAKES: &str = "`pattern` (a regular expression) and, if you like, `path` (a file or folder) and `glob` (such as `*.rs`)";

const MATCHES_MAX: usize = 500;
const ENTRIES_MAX: usize = 200_000;
const FILE_MAX: u64 = 10 << 20;

/// What is shown of a line, and how much of that before the match.
const LINE_CHARS_MAX: usize = 300;
const BEFORE_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    pattern: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    glob: Option<String>,
}

pub(super) fn search(root: &Root, arguments: &Arguments, stop: &Stop) -> Result<String, Trouble> {
    let start = Inside::parse(&arguments.path)?;
    let glob = arguments.glob.as_deref().map(Glob::parse).transpose()?;
    let mut found = Found::new(expression(&arguments.pattern)?);
    if root.kind_of(&start)? != FileType::Directory {
        root.file(&start, Access::Read)?;
        found.file(root, &start);
        return Ok(found.finish(&Unseen::default()));
    }
    let skip = !names_skipped(&start, arguments.glob.as_deref());
    let walk = Walk { root, start: &start, deep: true, skip, max: ENTRIES_MAX };
    let unseen = walk.each(|entry| {
        stop.check()?;
        let fits = || glob.as_ref().is_none_or(|glob| glob.matches(&entry.path.below(&start).text()));
        if entry.kind == FileType::RegularFile && fits() {
            found.file(root, &entry.path);
        }
        Ok(if found.full { Flow::Enough } else { Flow::On })
    })?;
    Ok(found.finish(&unseen))
}

fn expression(pattern: &str) -> Result<Regex, Trouble> {
    RegexBuilder::new(pattern).size_limit(4 << 20).build().map_err(|error| {
        Trouble::complaint(format!(
            "`{pattern}` is no regular expression that can be used: {error}\nto search for it as it is, write `{}`",
            regex::escape(pattern)
        ))
    })
}

struct Found {
    expression: Regex,
    text: String,
    lines: usize,
    files: usize,
    /// Whether there was more than is shown.
    full: bool,
    /// Files that were not searched, since they are too large, or cannot be read.
    unread: usize,
}

impl Found {
    fn new(expression: Regex) -> Self {
        Self { expression, text: String::new(), lines: 0, files: 0, full: false, unread: 0 }
    }

    fn file(&mut self, root: &Root, at: &Inside) {
        let mut content = Vec::new();
        let read = root.file(at, Access::Read).map(|file| file.take(FILE_MAX + 1).read_to_end(&mut content));
        if !matches!(read, Ok(Ok(_))) || content.len() as u64 > FILE_MAX {
            self.unread += 1;
            return;
        }
        if binary(&content[..content.len().min(8 << 10)]).is_none() {
            self.files += 1;
            self.content(at, &content);
        }
    }

    fn content(&mut self, at: &Inside, content: &[u8]) {
        if content.is_empty() {
            return;
        }
        let content = content.strip_suffix(b"\n").unwrap_or(content);
        for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(found) = self.expression.find(line) else { continue };
            if self.lines == MATCHES_MAX {
                self.full = true;
                return;
            }
            self.lines += 1;
            let _ = writeln!(self.text, "{at}:{}: {}", index + 1, window(line, found.start()));
        }
    }

    fn finish(mut self, unseen: &Unseen) -> String {
        if self.lines == 0 {
            let _ = writeln!(self.text, "[no line matches in {} files]", self.files);
        }
        if self.full {
            let _ =
                writeln!(self.text, "[more than {MATCHES_MAX} lines match; narrow it with `path` or `glob`]");
        }
        if self.unread > 0 {
            let _ = writeln!(self.text, "[{} files were too large, or could not be read]", self.unread);
        }
        for line in unseen.lines() {
            let _ = writeln!(self.text, "{line}");
        }
        self.text
    }
}

/// The part of a line around a match.
fn window(line: &[u8], place: usize) -> String {
    let before = String::from_utf8_lossy(&line[..place]);
    let start = before.char_indices().rev().nth(BEFORE_MAX).map_or(0, |(start, _)| start);
    let after = String::from_utf8_lossy(&line[place..]);
    before[start..].chars().chain(after.chars()).take(LINE_CHARS_MAX).collect()
}
