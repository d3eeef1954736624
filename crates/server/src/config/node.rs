//! The settings file as a tree in which every entry knows its name and its place, and says what is wrong with it.

use std::{borrow::Cow, path::Path};

use mainspring_types::{Code, Location, Problem, nearest};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The text of a file, which gives places their lines and columns.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl<'a> Text<'a> {
    /// The entries of a table, in the order of the file.
    pub(super) fn nodes(self, above: &str, table: &'a DeTable<'a>) -> Vec<Node<'a>> {
        let mut nodes: Vec<_> = table.iter().map(|(name, value)| self.node(above, name, value)).collect();
        nodes.sort_by_key(|node| node.start);
        nodes
    }

    fn node(self, above: &str, name: &'a Spanned<Cow<'a, str>>, value: &'a Spanned<DeValue<'a>>) -> Node<'a> {
        let start = name.span().start;
        let name = name.get_ref().as_ref();
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        Node { name, path, text: self, start, value }
    }

    pub(super) fn place(self, offset: usize) -> Location {
        let before = &self.text[..offset.min(self.text.len())];
        let line = before.rsplit('\n').next().unwrap_or_default();
        let count = |number: usize| u32::try_from(number + 1).ok();
        Location {
            file: self.path.display().to_string(),
            line: count(before.matches('\n').count()),
            column: count(line.chars().count()),
        }
    }
}

/// One entry of the file.
#[derive(Clone)]
pub(super) struct Node<'a> {
    /// Its own name.
    pub(super) name: &'a str,
    /// Its name with those of the tables around it, such as `providers.openai.kind`.
    pub(super) path: String,
    text: Text<'a>,
    start: usize,
    value: &'a Spanned<DeValue<'a>>,
}

impl Node<'_> {
    /// Where its value stands.
    pub(super) fn place(&self) -> Location {
        self.text.place(self.value.span().start)
    }

    /// Something wrong with the entry as a whole, at the place of its name.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(Code::InvalidConfiguration, message).at(self.text.place(self.start))
    }

    /// Its name is none of those known. Values are never told: one may be a key that was written into the file.
    pub(super) fn unknown<'n>(&self, known: impl IntoIterator<Item = &'n str>) -> Problem {
        let known: Vec<&str> = known.into_iter().collect();
        self.problem(format!("there is no setting `{}`", self.path)).suggest(guess(self.name, &known))
    }

    /// Its entries, in the order of the file; it has to be a table.
    pub(super) fn nodes(&self) -> Result<Vec<Self>, Problem> {
        if let DeValue::Table(table) = self.value.get_ref() {
            return Ok(self.text.nodes(&self.path, table));
        }
        let problem = self.problem(format!("`{}` must be a table", self.path));
        Err(problem.suggest(format!("begin it with a line `[{}]`", self.path)))
    }

    /// The value as it would be written in a variable; `None` for a list or a table.
    pub(super) fn scalar(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Float(number) => Some(number.to_string()),
            DeValue::Boolean(answer) => Some(answer.to_string()),
            DeValue::Datetime(moment) => Some(moment.to_string()),
            DeValue::Array(_) | DeValue::Table(_) => None,
        }
    }

    /// The entries of a list, each under the name of the whole and at its own place; `None` when it is no list.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let DeValue::Array(list) = self.value.get_ref() else { return None };
        let item = |value| Node { start: Spanned::span(value).start, value, ..self.clone() };
        Some(list.iter().map(item).collect())
    }

    /// The texts of a list; `None` when it is none, or holds something else.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        let DeValue::Array(list) = self.value.get_ref() else { return None };
        list.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
    }
}

/// What to suggest to somebody who wrote a word that is not known.
pub(super) fn guess(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    }
}
