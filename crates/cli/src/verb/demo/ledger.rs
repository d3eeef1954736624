//! The ledger in which the demo's agent notes what it begins and what it has done: the witness of every claim.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};

/// A file that the agent appends to. It knows nothing of runs, attempts or servers.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    path: PathBuf,
}

/// How often one step was noted.
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

    /// How often the step was noted so far.
    pub(super) fn noted(&self, step: &str) -> Noted {
        count(&fs::read_to_string(&self.path).unwrap_or_default(), step)
    }
}

fn count(lines: &str, step: &str) -> Noted {
    let times = |what: &str| lines.lines().filter(|line| *line == format!("{step} {what}")).count();
    Noted { begun: times("begun"), done: times("done") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_counts_once() {
        let lines = "draft begun\nreview begun\ndraft begun\ndraft done\ndraft do";
        assert_eq!(count(lines, "draft"), Noted { begun: 2, done: 1 });
        assert_eq!(count(lines, "publish"), Noted::default());
    }
}
