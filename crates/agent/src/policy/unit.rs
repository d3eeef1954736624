//! The parts of a call that are judged each by itself, and whether a rule is about one of them.

use std::fmt;

use super::command::CommandLine;
use super::glob::Glob;
use super::pattern::Pattern;
use super::subject::Target;

/// Which calls count as meant by a rule when it cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// Those that might be: for rules that take away.
    Wide,
    /// Those that are for certain: for rules that give.
    Narrow,
}

/// The call as rules name it.
pub(super) struct Named<'a> {
    /// The tool.
    pub(super) tool: &'a str,
    /// Its toolset or its server.
    pub(super) group: Option<&'a str>,
}

/// A part of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    Text(String),
    /// A folder and all it holds.
    Tree(String),
    /// One command of a line.
    Command(String),
    /// A line that cannot be taken apart, with its fragments.
    Opaque(String, Vec<String>),
    /// A line that was taken apart; only rules with an argument that take away look at it once more.
    Whole(String),
}

impl Unit {
    /// The parts of a call; at least one.
    pub(super) fn all(target: &Target) -> Vec<Self> {
        match target {
            Target::File(text) | Target::Host(text) | Target::Text(text) => vec![Self::Text(text.clone())],
            Target::Tree(folder) => vec![Self::Tree(folder.clone())],
            Target::Commands(line, CommandLine::Opaque(fragments)) => {
                vec![Self::Opaque(line.clone(), fragments.clone())]
            }
            Target::Commands(line, CommandLine::Plain(commands)) => {
                let whole = (commands.len() > 1).then(|| Self::Whole(line.clone()));
                commands.iter().cloned().map(Self::Command).chain(whole).collect()
            }
        }
    }

    /// Whether `glob` is about this part.
    pub(super) fn fits(&self, glob: &Glob, reading: Reading) -> bool {
        match (self, reading) {
            (Self::Text(text), _) => glob.matches(text),
            (Self::Tree(folder), Reading::Narrow) => glob.matches_all_below(folder),
            (Self::Tree(folder), Reading::Wide) => {
                glob.matches_some_below(folder) || glob.matches(folder.trim_end_matches('/'))
            }
            (Self::Command(command), _) => is_command(glob, command),
            (Self::Opaque(line, _), Reading::Narrow) => {
                glob.is_everything() || glob.is_literal() && glob.matches(line)
            }
            (Self::Opaque(line, fragments), Reading::Wide) => {
                glob.matches(line) || fragments.iter().any(|fragment| is_command(glob, fragment))
            }
            (Self::Whole(_), Reading::Narrow) => false,
            (Self::Whole(line), Reading::Wide) => glob.matches(line),
        }
    }
}

/// `git push *` is about `git push` as well.
fn is_command(glob: &Glob, command: &str) -> bool {
    glob.matches(command) || glob.matches(&format!("{command} "))
}

/// How closely a pattern describes a call: with an argument before without, a tool before its group before globs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Closeness {
    argument: bool,
    name: u8,
}

impl Pattern {
    /// How closely it describes this part of the call, if it does at all.
    pub(super) fn closeness(&self, call: &Named<'_>, unit: &Unit, reading: Reading) -> Option<Closeness> {
        let name = self.name_closeness(call)?;
        let argument = match &self.argument {
            Some(glob) => unit.fits(glob, reading).then_some(true)?,
            None if matches!(unit, Unit::Whole(_)) => return None,
            None => false,
        };
        Some(Closeness { argument, name })
    }

    /// Whether it is about this one text and no other.
    pub(super) fn is_exactly(&self, call: &Named<'_>, text: &str) -> bool {
        let argument = self.argument.as_ref();
        let is_text = argument.is_some_and(|glob| glob.is_literal() && glob.matches(text));
        is_text && self.name_closeness(call).is_some()
    }

    fn name_closeness(&self, call: &Named<'_>) -> Option<u8> {
        let is_group = call.group.is_some_and(|group| self.name.matches(group));
        match (self.name.is_literal(), self.name.matches(call.tool)) {
            (true, true) => Some(3),
            (true, false) => is_group.then_some(2),
            (false, true) => Some(u8::from(!self.name.is_everything())),
            (false, false) => is_group.then_some(1),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tree(folder) if folder.is_empty() => f.write_str("the whole workspace"),
            Self::Opaque(line, _) => write!(f, "`{line}`, which cannot be taken apart,"),
            Self::Text(text) | Self::Tree(text) | Self::Command(text) | Self::Whole(text) => {
                write!(f, "`{text}`")
            }
        }
    }
}
