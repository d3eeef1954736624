//! The ledger in which the demo's agent notes what it begins and what it has done: the witness of every claim.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::PathBuf,
};

/// A file that the agent appends to. It knows nothing of runs, attempts or servers.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    path: PathBuf,
}

/// How often one piece of work was noted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Noted {
    /// That it began.
    pub(super) begun: usize,
    /// That it was done.
    pub(super) done: usize,
}

impl Ledger {
    /// An empty ledger.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        File::create(&path).map(|_| Self { path })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// How often the work was noted so far: a step by its name, a tool as it was called.
    pub(super) fn noted(&self, work: &str) -> Noted {
        count(&self.text(), work)
    }

    /// The ids of the tool calls for which the work was begun, as the model gave them.
    pub(super) fn calls(&self, work: &str) -> BTreeSet<String> {
        calls(&self.text(), work)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap_or_default()
    }
}

fn count(lines: &str, work: &str) -> Noted {
    let times = |what: &str| notes(lines, work).filter(|(noted, _)| *noted == what).count();
    Noted { begun: times("begun"), done: times("done") }
}

fn calls(lines: &str, work: &str) -> BTreeSet<String> {
    notes(lines, work).filter_map(|(_, call)| call.map(str::to_owned)).collect()
}

/// What was noted of the work, and the call it was for. A line is `WORK begun` or `WORK done`, then perhaps a call.
fn notes<'a>(lines: &'a str, work: &str) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    let of_work = lines.lines().filter_map(move |line| line.strip_prefix(work)?.strip_prefix(' '));
    of_work.map(|noted| noted.split_once(' ').map_or((noted, None), |(noted, call)| (noted, Some(call))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_counts_once() {
        let lines = "draft begun\nreview begun\ndraft begun call_1\ndraft done\ndraft do";
        assert_eq!(count(lines, "draft"), Noted { begun: 2, done: 1 });
        assert_eq!(count(lines, "publish"), Noted::default());
        assert_eq!(count(lines, "dra"), Noted::default());
    }

    #[test]
    fn a_repeated_call_is_known_by_its_id() {
        let lines = "look(a) begun call_1\nlook(a) done call_1\nlook(a) begun call_1\nlook(b) begun call_2";
        assert_eq!(calls(lines, "look(a)"), BTreeSet::from(["call_1".to_owned()]));
    }
}
