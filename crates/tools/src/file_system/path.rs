//! Paths of the workspace: what a caller wrote, read as the policy read it when it judged the call.
//!
//! This is for words that help and for paths that are unambiguous; that nothing leads out is the kernel's work.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
};

use super::trouble::Trouble;

/// A path below the workspace, without `.` and `..`; empty for the workspace itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Inside(PathBuf);

impl Inside {
    /// Reads a caller's path.
    pub(super) fn parse(text: &str) -> Result<Self, Trouble> {
        mainspring_agent::workspace_path(text).map(|path| Self(path.into())).map_err(Trouble::complaint)
    }

    pub(super) fn join(&self, name: &OsStr) -> Self {
        Self(self.0.join(name))
    }

    pub(super) fn parent(&self) -> Option<Self> {
        self.0.parent().map(|parent| Self(parent.to_owned()))
    }

    pub(super) fn name(&self) -> Option<&OsStr> {
        self.0.file_name()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &OsStr> {
        self.0.iter()
    }

    /// As the kernel takes it.
    pub(super) fn as_path(&self) -> &Path {
        if self.0.as_os_str().is_empty() { Path::new(".") } else { &self.0 }
    }

    /// As a glob is matched against.
    pub(super) fn text(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    /// What is left of it below a folder.
    pub(super) fn below(&self, folder: &Self) -> Self {
        Self(self.0.strip_prefix(&folder.0).unwrap_or(&self.0).to_owned())
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.as_path()))
    }
}

/// A path on one line: what would break the line, or act on a terminal, is escaped.
pub(super) fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for c in path.to_string_lossy().chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, inside: Option<&str>) {
        let parsed = Inside::parse(text).ok().map(|inside| inside.0);
        assert_eq!(parsed, inside.map(PathBuf::from), "{text}");
    }

    #[test]
    fn paths_are_relative_to_the_workspace() {
        check("src/a.rs", Some("src/a.rs"));
        check("./src//a.rs/", Some("src/a.rs"));
        check("", Some(""));
        check(".", Some(""));
    }

    #[test]
    fn what_leads_out_or_might_is_refused() {
        for text in ["..", "a/../b", "/", "/etc/passwd", "/work/run/a", "~/x", "a\0b"] {
            check(text, None);
        }
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        assert_eq!(shown(Path::new("a\n1: b\x1b[2J")), r"a\n1: b\u{1b}[2J");
    }
}
