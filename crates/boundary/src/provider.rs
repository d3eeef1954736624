//! Whom model calls are passed on to: providers, in the order in which they are tried.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use crate::route::Family;

/// The longest a provider may be silent, unless it is told otherwise.
pub const SILENCE_MAX: Duration = Duration::from_mins(5);

/// A provider of models. Its key never leaves the gateway.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name: in events, lists and prices.
    pub name: String,
    /// What it speaks and where it is.
    pub place: Place,
    /// What proves to it who pays; `None` for local servers that ask for nothing.
    pub key: Option<SecretString>,
    /// Which models it is asked for: names in which `*` stands for any text. Empty for all.
    pub models: Vec<String>,
    /// At most so many calls a minute; unlimited unless told otherwise.
    pub calls_per_minute: Option<u32>,
    /// How long it may be silent before a call counts as failed.
    pub silence_max: Duration,
}

/// What a provider speaks and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A server that speaks the family's APIs below a base URL, which ends without `/` and without the version.
    Server {
        /// The family.
        family: Family,
        /// Such as `https://api.openai.com`.
        base_url: String,
    },
    /// A script in place of a model: it speaks every family, offline.
    Scripted {
        /// The script.
        script: PathBuf,
    },
}

impl Provider {
    /// Whether it speaks the family's APIs.
    pub fn speaks(&self, family: Family) -> bool {
        match &self.place {
            Place::Server { family: spoken, .. } => *spoken == family,
            Place::Scripted { .. } => true,
        }
    }

    /// Whether it can be asked for the model in the family's terms.
    pub fn serves(&self, family: Family, model: &str) -> bool {
        self.speaks(family)
            && (self.models.is_empty() || self.models.iter().any(|pattern| matches(pattern, model)))
    }
}

/// Whether the name is what the pattern describes: `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-*", "gpt-4o-mini", true),
            ("*", "", true),
            ("*-mini", "gpt-4o-mini", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*b", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
