//! The fields of a document, each with its path and its place, and everything found wrong with them.
//!
//! A reader asks for the fields it knows; what has the wrong type is reported and reads as absent, so that one pass
//! finds every problem of a file. What no one asked for is refused in our own files and kept in others'.

mod field;

use std::cell::RefCell;

use mainspring_types::{Code, Problem, nearest};
use serde_json::{Map, Value};

use crate::yaml::{Key, Node, Place, Tree, locate};

pub(crate) use field::Field;

/// What is wrong with one file, gathered while it is read.
pub(crate) struct Report<'a> {
    file: &'a str,
    source: &'a str,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

/// The fields of one map of the document.
pub(crate) struct Fields<'a> {
    report: &'a Report<'a>,
    path: String,
    place: Place,
    entries: &'a [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(file: &'a str, source: &'a str) -> Self {
        Self { file, source, problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The fields of the whole document; one that is no map has none, which is reported.
    pub(crate) fn root(&'a self, node: &'a Node) -> Option<Fields<'a>> {
        let start = Place { line: 1, column: 1 };
        if let Tree::Map(entries) = &node.tree {
            return Some(Fields {
                report: self,
                path: String::new(),
                place: start,
                entries,
                known: Vec::new(),
            });
        }
        self.refuse(start, format!("read `{}`: it must hold fields, not {}", self.file, shape(node)));
        None
    }

    /// The warnings, or every problem; both in the order of the file.
    pub(crate) fn close(self) -> Result<Vec<Problem>, Vec<Problem>> {
        let (problems, warnings) = (in_order(self.problems), in_order(self.warnings));
        if problems.is_empty() { Ok(warnings) } else { Err(problems) }
    }

    /// Takes over what is wrong with another file that this one names.
    pub(crate) fn adopt(&self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.borrow_mut().extend(problems);
    }

    fn refuse(&self, place: Place, message: String) {
        self.add(Problem::new(Code::InvalidManifest, message), place);
    }

    fn add(&self, problem: Problem, place: Place) {
        self.problems.borrow_mut().push(problem.at(locate(self.file, Some(place))));
    }

    fn warn(&self, problem: Problem, place: Place) {
        self.warnings.borrow_mut().push(problem.at(locate(self.file, Some(place))));
    }
}

impl<'a> Fields<'a> {
    /// The field `name`, if it is there and has a value.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.push(name);
        self.find(name).filter(|field| !matches!(field.node.tree, Tree::Null))
    }

    /// The field `name`; its absence is reported.
    pub(crate) fn required(&mut self, name: &'static str) -> Option<Field<'a>> {
        let found = self.optional(name);
        if found.is_none() {
            self.report_missing(name);
        }
        found
    }

    /// Whether the field is written, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Every entry, under whatever name; none is left over.
    pub(crate) fn all(self) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        self.entries.iter().map(move |entry| (entry.0.name.as_str(), self.field(entry)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Refuses the fields that are written and have no use here, each for the reason given.
    pub(crate) fn refuse_useless(&mut self, names: &[&'static str], reason: &str) {
        for name in names {
            if let Some(field) = self.find(name) {
                self.known.push(name);
                let message = format!("`{}` has no use: {reason}", field.path);
                self.report.refuse(field.key, message);
            }
        }
    }

    /// Refuses every field that no one asked for.
    pub(crate) fn refuse_rest(self) {
        for (field, problem) in self.rest() {
            field.report.add(problem, field.key);
        }
    }

    /// Puts every field that no one asked for into `extra`, under its path, with a warning.
    pub(crate) fn keep_rest(self, extra: &mut Map<String, Value>) {
        for (field, problem) in self.rest() {
            extra.insert(field.path.clone(), field.json());
            field.report.warn(problem, field.key);
        }
    }

    /// Reports that something is wrong with the map as a whole.
    pub(crate) fn refuse(&self, problem: Problem) {
        self.report.add(problem, self.place);
    }

    fn rest(&self) -> impl Iterator<Item = (Field<'a>, Problem)> {
        self.entries.iter().filter(|entry| !self.known.contains(&entry.0.name.as_str())).map(|entry| {
            let field = self.field(entry);
            let problem =
                Problem::new(Code::InvalidManifest, format!("`{}` is not a known field", field.path));
            let suggestion = match nearest(&entry.0.name, self.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            (field, problem.suggest(suggestion))
        })
    }

    fn find(&self, name: &str) -> Option<Field<'a>> {
        self.entries.iter().find(|entry| entry.0.name == name).map(|entry| self.field(entry))
    }

    fn field(&self, (key, node): &'a (Key, Node)) -> Field<'a> {
        Field { report: self.report, path: join(&self.path, &key.name), key: key.place, node }
    }

    fn report_missing(&self, name: &'static str) {
        let path = join(&self.path, name);
        if let Some(empty) = self.find(name) {
            return self.report.refuse(empty.key, format!("`{path}` has no value"));
        }
        let written = self.entries.iter().map(|(key, _)| key);
        let similar = nearest(name, written.clone().map(|key| key.name.as_str()));
        let place = written.into_iter().find(|key| Some(key.name.as_str()) == similar).map(|key| key.place);
        let suggestion = match similar {
            Some(similar) => format!("`{similar}` looks like it: did you mean `{name}`?"),
            None => format!("add `{name}:`"),
        };
        let problem = Problem::new(Code::InvalidManifest, format!("`{path}` is missing")).suggest(suggestion);
        self.report.add(problem, place.unwrap_or(self.place));
    }
}

fn in_order(problems: RefCell<Vec<Problem>>) -> Vec<Problem> {
    let mut problems = problems.into_inner();
    problems.sort_by_key(|problem| problem.location.as_ref().map(|at| (at.line, at.column)));
    problems
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shape(node: &Node) -> &'static str {
    match node.tree {
        Tree::Null => "nothing",
        Tree::Bool(_) => "a truth value",
        Tree::Number(_) => "a number",
        Tree::Text(_) => "text",
        Tree::List(_) => "a list",
        Tree::Map(_) => "a map of fields",
    }
}
