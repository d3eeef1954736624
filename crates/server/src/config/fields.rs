//! The fields of a table: what may stand in it, and what is told about a field that is wrong.

use mainspring_types::{Code, Problem};

use super::node::{Node, guess};

/// What there is to know about a field of a table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in the file.
    pub name: &'static str,
    /// What it takes, after "must be".
    pub takes: &'static str,
    /// What holds when it is not given.
    pub default: &'static str,
    /// What it is for, without a full stop.
    pub meaning: &'static str,
}

/// The fields that a table of the file gives.
pub(super) struct Fields<'a> {
    table: &'a Node<'a>,
    given: Vec<(&'static Field, Node<'a>)>,
}

impl<'a> Fields<'a> {
    /// The fields of a table that holds none but known ones.
    pub(super) fn of(table: &'a Node<'a>, known: &'static [Field]) -> Result<Self, Problem> {
        let field = |node: Node<'a>| match known.iter().find(|field| field.name == node.name) {
            Some(field) => Ok((field, node)),
            None => Err(node.unknown(known.iter().map(|field| field.name))),
        };
        let given = table.nodes()?.into_iter().map(field).collect::<Result<_, _>>()?;
        Ok(Self { table, given })
    }

    /// The entry of that name, if it is given.
    pub(super) fn node(&self, name: &str) -> Option<&Node<'a>> {
        self.find(name).map(|(_, node)| node)
    }

    /// The value of a field; one that cannot be read is a problem.
    pub(super) fn get<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some((field, node)) = self.find(name) else { return Ok(None) };
        value(field, node, read).map(Some)
    }

    /// The value of a field that takes one of these words.
    pub(super) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some((field, node)) = self.find(name) else { return Ok(None) };
        one_of(field, node, words).map(Some)
    }

    /// The values of a field that takes a list of these words; none when it is not given.
    pub(super) fn words<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Vec<T>, Problem> {
        self.items(name)?.iter().map(|(field, item)| one_of(field, item, words)).collect()
    }

    /// The values of a field that takes a list, each read for itself; none when it is not given.
    pub(super) fn each<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Problem> {
        self.items(name)?.iter().map(|(field, item)| value(field, item, &read)).collect()
    }

    fn items(&self, name: &str) -> Result<Vec<(&'static Field, Node<'a>)>, Problem> {
        let Some((field, node)) = self.find(name) else { return Ok(Vec::new()) };
        let Some(items) = node.items() else {
            let instead = node.scalar().map(|text| not(Some(&text))).unwrap_or_default();
            return Err(wrong(field, node, &instead));
        };
        Ok(items.into_iter().map(|item| (*field, item)).collect())
    }

    /// The texts of a field that takes a list; none when it is not given.
    pub(super) fn list(&self, name: &str) -> Result<Vec<String>, Problem> {
        let Some((field, node)) = self.find(name) else { return Ok(Vec::new()) };
        let texts = node.texts().filter(|texts| texts.iter().all(|text| !text.trim().is_empty()));
        let instead = || node.scalar().map(|text| not(Some(&text))).unwrap_or_default();
        texts.ok_or_else(|| wrong(field, node, &instead()))
    }

    /// The value of a field under which a secret might stand by mistake: what is wrong is told without it.
    pub(super) fn discreet<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some((field, node)) = self.find(name) else { return Ok(None) };
        let value = node.scalar().as_deref().and_then(read);
        value.map(Some).ok_or_else(|| wrong(field, node, ""))
    }

    /// Refuses each of the fields that is given.
    pub(super) fn refuse(&self, names: &[&str], why: &str) -> Result<(), Problem> {
        match names.iter().find_map(|name| self.node(name)) {
            Some(node) => Err(node.problem(format!("`{}` {why}", node.path)).suggest("leave it out")),
            None => Ok(()),
        }
    }

    /// The problem that a field is not given.
    pub(super) fn missing(&self, name: &str) -> Problem {
        self.table.problem(format!("`{}` has no `{name}`", self.table.path))
    }

    fn find(&self, name: &str) -> Option<&(&'static Field, Node<'a>)> {
        self.given.iter().find(|(field, _)| field.name == name)
    }
}

/// What `read` makes of the entry; one that it cannot read is a problem.
fn value<T>(field: &Field, node: &Node<'_>, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
    let text = node.scalar();
    text.as_deref().and_then(read).ok_or_else(|| wrong(field, node, &not(text.as_deref())))
}

/// What the entry's word stands for.
pub(super) fn one_of<T: Copy>(field: &Field, node: &Node<'_>, words: &[(&str, T)]) -> Result<T, Problem> {
    let choose = |text: &str| words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    value(field, node, choose).map_err(|problem| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        problem.suggest(guess(&node.scalar().unwrap_or_default(), &words))
    })
}

fn wrong(field: &Field, node: &Node<'_>, not: &str) -> Problem {
    let message = format!("`{}` must be {}{not}", node.path, field.takes);
    let suggestion = format!("{}; the default is {}", field.meaning, field.default);
    Problem::new(Code::InvalidConfiguration, message).suggest(suggestion).at(node.place())
}

/// What was written in place of the right thing. An address may hold a password, and is not told then.
pub(super) fn not(text: Option<&str>) -> String {
    match text {
        Some(text) if text.contains(['@', '?']) => String::new(),
        Some(text) => format!(", not `{text}`"),
        None => ", not a list or table".to_owned(),
    }
}
