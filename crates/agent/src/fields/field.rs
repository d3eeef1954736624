//! One value of a document: what it is read as, and what is said when it is something else.

use mainspring_types::{Code, Problem, nearest};
use serde_json::Value;

use super::{Fields, Report, join, shape};
use crate::yaml::{Node, Place, Tree};

/// One value of the document.
pub(crate) struct Field<'a> {
    pub(super) report: &'a Report<'a>,
    pub(super) path: String,
    /// Where the key stands: what is shown when the value itself is absent.
    pub(super) key: Place,
    pub(super) node: &'a Node,
}

impl<'a> Field<'a> {
    /// The path from the document's root, such as `steps[0].run`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Text that is not blank.
    pub(crate) fn text(&self) -> Option<String> {
        match &self.node.tree {
            Tree::Text(text) if text.trim().is_empty() => self.refused(format!("`{}` is empty", self.path)),
            Tree::Text(text) => Some(text.clone()),
            Tree::Number(_) | Tree::Bool(_) => {
                self.refuse(self.wrong("text").suggest(format!("put it in quotes: \"{}\"", self.written())));
                None
            }
            _ => self.wrongly("text"),
        }
    }

    /// Text, or a number or truth value as it is written: `1.10` stays `1.10`.
    pub(crate) fn text_as_written(&self) -> Option<String> {
        match &self.node.tree {
            Tree::Number(_) | Tree::Bool(_) => Some(self.written().to_owned()),
            _ => self.text(),
        }
    }

    /// A whole number, at least 1.
    pub(crate) fn amount(&self) -> Option<u64> {
        let number = self.number()?;
        let fitting = number.as_u64().filter(|amount| *amount > 0);
        fitting.or_else(|| self.refused(format!("`{}` is {number}; allowed: 1 and more", self.path)))
    }

    /// Any text, blank too, and numbers and truth values as they are written.
    pub(crate) fn word(&self) -> Option<String> {
        match &self.node.tree {
            Tree::Text(text) => Some(text.clone()),
            _ => self.text_as_written(),
        }
    }

    /// A truth value; the words that YAML 1.1 had for them are read with a warning.
    pub(crate) fn truth(&self) -> Option<bool> {
        let old = |word: &str| match word.to_ascii_lowercase().as_str() {
            "yes" | "on" => Some(true),
            "no" | "off" => Some(false),
            _ => None,
        };
        match &self.node.tree {
            Tree::Bool(value) => Some(*value),
            Tree::Text(text) if let Some(value) = old(text) => {
                self.warn(format!(
                    "`{}` is `{text}`, which is text to newer readers; write {value}",
                    self.path
                ));
                Some(value)
            }
            _ => self.wrongly("`true` or `false`"),
        }
    }

    pub(crate) fn number(&self) -> Option<serde_json::Number> {
        match &self.node.tree {
            Tree::Number(number) => Some(number.clone()),
            _ => self.wrongly("a number"),
        }
    }

    /// A whole number between the bounds, both included.
    pub(crate) fn count(&self, least: u32, most: u32) -> Option<u32> {
        let number = self.number()?;
        let count = number.as_u64().and_then(|number| u32::try_from(number).ok());
        let fitting = count.filter(|count| (least..=most).contains(count));
        fitting.or_else(|| self.refused(format!("`{}` is {number}; allowed: {least} to {most}", self.path)))
    }

    /// What `read` makes of the text; its error is reported.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text_as_written()?;
        read(&text).map_err(|error| self.refused::<()>(format!("read `{}`: {error}", self.path))).ok()
    }

    /// The value that `known` gives for one of its words.
    pub(crate) fn one_of<T: Copy>(&self, known: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            self.refuse(self.not_among(&text, &words));
        }
        found
    }

    /// The problem of a word that is not among the allowed ones.
    pub(crate) fn not_among(&self, text: &str, allowed: &[&str]) -> Problem {
        let message = format!("`{}` is `{text}`; allowed: {}", self.path, allowed.join(", "));
        let problem = Problem::new(Code::InvalidManifest, message);
        match nearest(text, allowed.iter().copied()) {
            Some(meant) => problem.suggest(format!("did you mean `{meant}`?")),
            None => problem,
        }
    }

    /// The fields of a map.
    pub(crate) fn fields(&self) -> Option<Fields<'a>> {
        match &self.node.tree {
            Tree::Map(entries) => Some(Fields {
                report: self.report,
                path: self.path.clone(),
                place: self.key,
                entries,
                known: Vec::new(),
            }),
            _ => self.wrongly("a map of fields"),
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> Option<Vec<Field<'a>>> {
        match &self.node.tree {
            Tree::List(nodes) => Some(
                (nodes.iter().enumerate())
                    .map(|(at, node)| Field {
                        report: self.report,
                        path: format!("{}[{at}]", self.path),
                        key: node.place,
                        node,
                    })
                    .collect(),
            ),
            _ => self.wrongly("a list"),
        }
    }

    /// The items of a list, each as text.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        self.items().map(|items| items.iter().filter_map(Self::text_as_written).collect())
    }

    /// Where it is written: `FILE:LINE`, the file without its folder.
    pub(crate) fn written_at(&self) -> String {
        let file = self.report.file.rsplit('/').next().unwrap_or_default();
        format!("{file}:{}", self.key.line)
    }

    /// The value that a JSON pointer leads to from here, or the nearest around it.
    pub(crate) fn within(&self, pointer: &str) -> Self {
        let mut found = Self { report: self.report, path: self.path.clone(), key: self.key, node: self.node };
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let inner = match &found.node.tree {
                Tree::Map(entries) => {
                    entries.iter().find(|entry| entry.0.name == token).map(|(key, node)| Self {
                        report: found.report,
                        path: join(&found.path, &key.name),
                        key: key.place,
                        node,
                    })
                }
                Tree::List(_) => found.items().and_then(|items| items.into_iter().nth(token.parse().ok()?)),
                _ => None,
            };
            match inner {
                Some(inner) => found = inner,
                None => break,
            }
        }
        found
    }

    /// Takes over what is wrong with a file that this value names.
    pub(crate) fn adopt(&self, problems: impl IntoIterator<Item = Problem>) {
        self.report.adopt(problems);
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.node.tree, Tree::Map(_))
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.node.tree, Tree::Text(_))
    }

    /// Whatever the value is.
    pub(crate) fn json(&self) -> Value {
        self.node.to_json()
    }

    /// Reports a problem with this value.
    pub(crate) fn refuse(&self, problem: Problem) {
        self.report.add(problem, self.place());
    }

    /// Reports a problem with the key under which this value stands.
    pub(crate) fn refuse_key(&self, problem: Problem) {
        self.report.add(problem, self.key);
    }

    /// Reports a problem of an ordinary code and reads as absent.
    pub(crate) fn refused<T>(&self, message: String) -> Option<T> {
        self.refuse(Problem::new(Code::InvalidManifest, message));
        None
    }

    /// Reports what is odd about this value and does not stop it.
    pub(crate) fn warn(&self, message: String) {
        self.report.warn(Problem::new(Code::InvalidManifest, message), self.place());
    }

    fn place(&self) -> Place {
        if matches!(self.node.tree, Tree::Null | Tree::Map(_)) { self.key } else { self.node.place }
    }

    fn written(&self) -> &'a str {
        self.node.written(self.report.source)
    }

    fn wrong(&self, wanted: &str) -> Problem {
        let message = format!("`{}` must be {wanted}, not {}", self.path, shape(self.node));
        Problem::new(Code::InvalidManifest, message)
    }

    fn wrongly<T>(&self, wanted: &str) -> Option<T> {
        self.refuse(self.wrong(wanted));
        None
    }
}
