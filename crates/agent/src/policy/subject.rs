//! What a call works on: the path, the commands, the host or the text by which rules tell it from other calls.

use serde_json::Value;

use super::command::CommandLine;
use crate::toolset::{Subject, SubjectKind};

/// What one call works on, in the one spelling in which rules look at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// A file, relative to the workspace.
    File(String),
    /// A folder and all it holds: empty, or ending in `/`.
    Tree(String),
    /// The commands of a line, and the line.
    Commands(String, CommandLine),
    /// The host of an address.
    Host(String),
    /// Anything else.
    Text(String),
}

impl Target {
    /// What a call with these arguments works on, or why that cannot be told.
    ///
    /// A tool without a subject is told apart by all its arguments, as compact JSON.
    pub(super) fn of(subject: Option<Subject>, arguments: &Value) -> Result<Self, String> {
        let Some(Subject { argument, kind }) = subject else {
            return Ok(Self::Text(arguments.to_string()));
        };
        let text = match arguments.get(argument) {
            Some(Value::String(text)) => text.as_str(),
            None | Some(Value::Null) if kind == SubjectKind::ReadTree => "",
            Some(_) => return Err(format!("`{argument}` must be text")),
            None => return Err(format!("`{argument}` is missing")),
        };
        match kind {
            SubjectKind::Command => Ok(Self::Commands(text.to_owned(), CommandLine::read(text))),
            SubjectKind::Text => Ok(Self::Text(text.to_owned())),
            SubjectKind::Host => host(text).map(Self::Host),
            SubjectKind::ReadTree => workspace_path(text).map(|path| Self::Tree(folder(path))),
            SubjectKind::ReadFile | SubjectKind::WriteFile => match workspace_path(text)? {
                path if path.is_empty() => Err(format!("`{text}` is the workspace, not a file of it")),
                path => Ok(Self::File(path)),
            },
        }
    }
}

/// The folder as every path in it begins.
fn folder(path: String) -> String {
    if path.is_empty() { path } else { path + "/" }
}

/// A path in the workspace without detours, empty for the workspace itself; one that leads out of it, or might, is
/// refused. Tools read their paths by this, too, so that the path judged is the path used.
pub fn workspace_path(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Err(format!(
            "`{text}` is absolute; write paths relative to the workspace, such as `src/main.rs`"
        ));
    }
    if text.contains('\0') {
        return Err("the path holds a zero byte".to_owned());
    }
    // Nobody expands it here, and a folder of that name is a trap for the next shell.
    if text == "~" || text.starts_with("~/") {
        return Err(format!("`{text}`: `~` means nothing here; write paths relative to the workspace"));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    // Not resolved: what `..` means behind a link cannot be told from the text.
    if parts.contains(&"..") {
        return Err(format!("`{text}` holds `..`; write the path without it"));
    }
    Ok(parts.join("/"))
}

/// The host of an address, in lower case and without a closing dot.
///
/// Spellings that programs read in different ways are refused, so that the host judged is the host spoken to.
fn host(text: &str) -> Result<String, String> {
    let refused = || format!("`{text}` is not an address such as https://example.com/page");
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)))
        .map(|scheme| &text[scheme.len()..])
        .ok_or_else(refused)?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let fits = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => !inner.is_empty() && inner.bytes().all(is_address),
        None => host.bytes().all(is_host) && host.bytes().any(|byte| byte.is_ascii_alphanumeric()),
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let clean =
        !text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '\\');
    if fits && is_port && clean {
        Ok(host.trim_end_matches('.').to_ascii_lowercase())
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for text in ["a/b", "./a/b", "a//b", "a/./b/", ".//a/b/."] {
            assert_eq!(workspace_path(text).as_deref(), Ok("a/b"), "{text}");
        }
        for text in ["/a", "//a", "..", "a/../b", "a/..", "./../a", "a\0b", "~", "~/a"] {
            assert!(workspace_path(text).is_err(), "{text}");
        }
        assert_eq!(workspace_path("..a/b..").as_deref(), Ok("..a/b.."));
    }

    #[test]
    fn an_address_has_one_host() {
        let table = [
            ("https://Example.COM./a?b#c", "example.com"),
            ("HTTP://a.b:8080", "a.b"),
            ("http://[::1]:80/", "[::1]"),
        ];
        for (text, expected) in table {
            assert_eq!(host(text).as_deref(), Ok(expected), "{text}");
        }
        let refused = [
            "ftp://a.b",
            "https://a.b@c.d/",
            "https://a.b\\@c.d/",
            "https://",
            "https://a b/",
            "a.b",
            "http://./",
        ];
        for text in refused {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
