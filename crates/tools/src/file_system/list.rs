//! `list_files`: what a folder holds, or what fits a glob below it.

use rustix::fs::FileType;
use serde::Deserialize;

use super::{
    glob::Glob,
    path::{Inside, shown},
    root::{Root, link},
    stop::Stop,
    trouble::Trouble,
    walk::{Entry, Flow, SKIPPED, Unseen, Walk},
};

pub(super) const TAKES: &str =
    "if you like, `path` (a folder) and `pattern` (a glob such as `src/**/*.rs`, below `path`)";

const LISTED_MAX: usize = 1_000;
const ENTRIES_MAX: usize = 200_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    #[serde(default)]
    path: String,
    #[serde(default)]
    pattern: Option<String>,
}

pub(super) fn list(root: &Root, arguments: &Arguments, stop: &Stop) -> Result<String, Trouble> {
    let start = Inside::parse(&arguments.path)?;
    let glob = arguments.pattern.as_deref().map(Glob::parse).transpose()?;
    let walk = Walk {
        root,
        start: &start,
        deep: glob.is_some(),
        skip: glob.is_some() && !names_skipped(&start, arguments.pattern.as_deref()),
        max: ENTRIES_MAX,
    };
    let mut listing = Listing::default();
    let unseen = walk.each(|entry| {
        stop.check()?;
        if glob.as_ref().is_none_or(|glob| glob.matches(&entry.path.below(&start).text())) {
            listing.add(root, entry);
        }
        Ok(Flow::On)
    })?;
    Ok(listing.finish(&start, &unseen))
}

/// Whether the caller asks for a folder that is skipped else.
pub(super) fn names_skipped(start: &Inside, glob: Option<&str>) -> bool {
    SKIPPED.iter().any(|skipped| {
        start.parts().any(|part| part == *skipped)
            || glob.is_some_and(|glob| glob.split('/').any(|part| part == *skipped))
    })
}

#[derive(Default)]
struct Listing {
    lines: Vec<String>,
    left_out: usize,
}

impl Listing {
    fn add(&mut self, root: &Root, entry: &Entry) {
        if self.lines.len() == LISTED_MAX {
            self.left_out += 1;
            return;
        }
        let path = &entry.path;
        self.lines.push(match entry.kind {
            FileType::Directory => format!("{path}/"),
            FileType::Symlink => format!("{path} -> {}", target(root, path)),
            _ => path.to_string(),
        });
    }

    fn finish(mut self, start: &Inside, unseen: &Unseen) -> String {
        if self.lines.is_empty() {
            self.lines.push(format!("[nothing fits in `{start}`]"));
        }
        if self.left_out > 0 {
            self.lines
                .push(format!("[{} more are not shown; narrow it with `path` or `pattern`]", self.left_out));
        }
        self.lines.extend(unseen.lines());
        self.lines.join("\n")
    }
}

fn target(root: &Root, path: &Inside) -> String {
    let folder = path.parent().and_then(|parent| root.folder_at(&parent).ok());
    let target = folder.zip(path.name()).and_then(|(folder, name)| link(folder, name));
    target.map_or_else(|| "?".to_owned(), |target| shown(&target))
}
