//! Paths of the workspace: what a caller wrote, made relative and free of `..`.
//!
//! This is for words that help and for paths that are unambiguous; that nothing leads out is the kernel's work.

use std::{
    ffi::OsStr,
    fmt,
    path::{Component, Path, PathBuf},
};

use super::trouble::Trouble;

/// A path below the workspace, without `.` and `..`; empty for the workspace itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Inside(PathBuf);

impl Inside {
    /// Reads a caller's path. Absolute ones may name the workspace by any of its `names`.
    pub(super) fn parse(text: &str, names: [&Path; 2]) -> Result<Self, Trouble> {
        if text.contains('\0') {
            return Err(Trouble::complaint("the path holds a NUL character, which no name of a file may"));
        }
        let out = || {
            Trouble::complaint(format!(
                "`{}` is outside of the workspace; paths are relative to it, such as `src/main.rs`, \
                 or absolute below `{}`",
                shown(Path::new(text)),
                names[0].display()
            ))
        };
        let path = folded(Path::new(text)).ok_or_else(out)?;
        let relative = if path.is_absolute() {
            names.iter().find_map(|name| path.strip_prefix(name).ok()).ok_or_else(out)?
        } else {
            &path
        };
        // Nobody expands it here, and a folder of that name is a trap for the next shell.
        if relative.starts_with("~") {
            return Err(Trouble::complaint(format!(
                "`{text}`: `~` means nothing here; paths are relative to the workspace"
            )));
        }
        Ok(Self(relative.to_owned()))
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

/// `.` and `..` folded away as text; nothing if they lead above the start.
fn folded(path: &Path) -> Option<PathBuf> {
    let mut folded = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                if !folded.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            part => folded.push(part),
        }
    }
    Some(folded)
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
        let names = [Path::new("/work/run"), Path::new("/real/run")];
        let parsed = Inside::parse(text, names).ok().map(|inside| inside.0);
        assert_eq!(parsed, inside.map(PathBuf::from), "{text}");
    }

    #[test]
    fn paths_are_relative_or_absolute_below_the_workspace() {
        check("src/a.rs", Some("src/a.rs"));
        check("./src//x/../a.rs/", Some("src/a.rs"));
        check("", Some(""));
        check("/work/run", Some(""));
        check("/work/run/./a", Some("a"));
        check("/real/run/a", Some("a"));
    }

    #[test]
    fn what_leads_out_is_refused() {
        for text in
            ["..", "a/../../b", "/", "/etc/passwd", "/work/run/../x", "/work/running/a", "~/x", "a\0b"]
        {
            check(text, None);
        }
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        assert_eq!(shown(Path::new("a\n1: b\x1b[2J")), r"a\n1: b\u{1b}[2J");
    }
}
