//! Which calls a rule is about: `NAME` or `NAME(ARGUMENT)`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::glob::{Glob, ParseGlobError};

/// A pattern of calls.
///
/// `NAME` is a tool, a toolset, an MCP server or a glob of tools; `ARGUMENT` a glob of what the tool works on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    /// Which tools.
    pub name: Glob,
    /// On what; anything when absent.
    pub argument: Option<Glob>,
}

/// The text is no pattern of calls.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePatternError {
    /// It has no name, or something after its argument.
    #[error("`{text}` is not a pattern; write TOOL or TOOL(ARGUMENT), such as shell or shell(git push*)")]
    Form {
        /// The text.
        text: String,
    },
    /// Its name or its argument is no glob.
    #[error(transparent)]
    Glob(#[from] ParseGlobError),
}

impl Pattern {
    /// The pattern of every call of one tool.
    pub fn tool(name: &str) -> Self {
        Self { name: Glob::literal(name), argument: None }
    }
}

impl FromStr for Pattern {
    type Err = ParsePatternError;

    fn from_str(text: &str) -> Result<Self, ParsePatternError> {
        let form = || ParsePatternError::Form { text: text.chars().take(80).collect() };
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or_else(form)?)),
            None => (text, None),
        };
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == ')') {
            return Err(form());
        }
        Ok(Self { name: name.parse()?, argument: argument.map(str::parse).transpose()? })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.argument {
            Some(argument) => write!(f, "{}({argument})", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = ParsePatternError;

    fn try_from(text: String) -> Result<Self, ParsePatternError> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}
