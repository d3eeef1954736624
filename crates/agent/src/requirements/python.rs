//! Which Python interpreters will do: `3.11+`, `3.12`, `3.12.1`, `>=3.11,<3.13`.
//!
//! A version is compared in as many parts as the manifest writes: `<=3.12` and `==3.12` accept every 3.12, because
//! that is what people mean by them.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The interpreters that will do. Stored and shown as text that reads back as the same value.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PythonRequirement {
    /// Any Python 3.
    #[default]
    Any,
    /// That minor version or a later one.
    AtLeast {
        /// The first part.
        major: u8,
        /// The second part.
        minor: u8,
    },
    /// That minor version, with any patch.
    Exactly {
        /// The first part.
        major: u8,
        /// The second part.
        minor: u8,
    },
    /// Every one of these bounds.
    Range(Vec<Bound>),
}

/// One bound of a range, such as `<3.13`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    operator: Operator,
    /// One to three parts.
    parts: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
    NotEqual,
}

/// The longer sign before the one it begins with.
const OPERATORS: [(&str, Operator); 6] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// The text names no Python version.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is not a Python version; write it like 3.11+, 3.12 or >=3.11,<3.13")]
pub struct ParsePythonError {
    text: String,
}

impl PythonRequirement {
    /// Whether an interpreter of that version will do.
    pub fn accepts(&self, version: (u8, u8, u8)) -> bool {
        let (major, minor, patch) = version;
        match self {
            Self::Any => major == 3,
            Self::AtLeast { major: least, minor: then } => (major, minor) >= (*least, *then),
            Self::Exactly { major: wanted, minor: then } => (major, minor) == (*wanted, *then),
            Self::Range(bounds) => bounds.iter().all(|bound| bound.accepts([major, minor, patch])),
        }
    }

    /// The shortest way to say the same as `bounds`.
    fn of(bounds: Vec<Bound>) -> Self {
        match bounds.as_slice() {
            [] => Self::Any,
            [Bound { operator, parts }] => match (operator, parts.as_slice()) {
                (Operator::AtLeast, &[major, minor]) => Self::AtLeast { major, minor },
                (Operator::Equal, &[major, minor]) => Self::Exactly { major, minor },
                _ => Self::Range(bounds),
            },
            _ => Self::Range(bounds),
        }
    }
}

impl Bound {
    fn accepts(&self, version: [u8; 3]) -> bool {
        let order = version[..self.parts.len()].cmp(&self.parts);
        match self.operator {
            Operator::AtLeast => order != Ordering::Less,
            Operator::AtMost => order != Ordering::Greater,
            Operator::Above => order == Ordering::Greater,
            Operator::Below => order == Ordering::Less,
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => order != Ordering::Equal,
        }
    }
}

/// The bounds that one clause between commas stands for; `None` when it is no clause.
fn clause(text: &str) -> Option<Vec<Bound>> {
    if let Some(version) = text.strip_suffix('+') {
        return Some(vec![Bound { operator: Operator::AtLeast, parts: parts(version)? }]);
    }
    if let Some(version) = text.strip_prefix("~=") {
        let parts = parts(version)?;
        return (parts.len() > 1).then(|| between(&parts, parts.len() - 2));
    }
    if let Some(version) = text.strip_prefix('^') {
        return Some(between(&parts(version)?, 0));
    }
    let (sign, operator) =
        OPERATORS.into_iter().find(|(sign, _)| text.starts_with(sign)).unwrap_or(("", Operator::Equal));
    Some(vec![Bound { operator, parts: parts(text[sign.len()..].trim())? }])
}

/// At least `parts`, and the part at `fixed` no larger.
fn between(parts: &[u8], fixed: usize) -> Vec<Bound> {
    let below = parts[..fixed].iter().copied().chain([parts[fixed].saturating_add(1)]).collect();
    vec![
        Bound { operator: Operator::AtLeast, parts: parts.to_vec() },
        Bound { operator: Operator::Below, parts: below },
    ]
}

/// Reads `3`, `3.12`, `3.12.1`, `3.12.*` or `3.x`.
fn parts(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = [".*", ".x"].iter().find_map(|any| text.strip_suffix(any)).unwrap_or(text);
    let parts: Vec<u8> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    (parts.len() <= 3).then_some(parts)
}

impl FromStr for PythonRequirement {
    type Err = ParsePythonError;

    fn from_str(text: &str) -> Result<Self, ParsePythonError> {
        if ["any", "*", ""].contains(&text.trim()) {
            return Ok(Self::Any);
        }
        let bounds: Option<Vec<_>> = text.split(',').map(|part| clause(part.trim())).collect();
        let bounds = bounds.ok_or_else(|| ParsePythonError { text: text.chars().take(80).collect() })?;
        Ok(Self::of(bounds.concat()))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign =
            OPERATORS.iter().find(|(_, operator)| *operator == self.operator).map_or("", |(sign, _)| sign);
        let parts: Vec<String> = self.parts.iter().map(u8::to_string).collect();
        write!(f, "{sign}{}", parts.join("."))
    }
}

impl fmt::Display for PythonRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::AtLeast { major, minor } => write!(f, ">={major}.{minor}"),
            Self::Exactly { major, minor } => write!(f, "{major}.{minor}"),
            Self::Range(bounds) => {
                f.write_str(&bounds.iter().map(Bound::to_string).collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl TryFrom<String> for PythonRequirement {
    type Error = ParsePythonError;
    fn try_from(text: String) -> Result<Self, ParsePythonError> {
        text.parse()
    }
}

impl From<PythonRequirement> for String {
    fn from(requirement: PythonRequirement) -> Self {
        requirement.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_as_people_write_them() {
        let table = [
            ("3.11+", ">=3.11"),
            (">=3.11", ">=3.11"),
            ("3.12", "3.12"),
            ("==3.12.*", "3.12"),
            ("3.12.1", "==3.12.1"),
            (">= 3.11, < 3.13", ">=3.11,<3.13"),
            ("~=3.11", ">=3.11,<4"),
            ("~=3.11.2", ">=3.11.2,<3.12"),
            ("^3.10", ">=3.10,<4"),
            ("3.x", "==3"),
            ("*", "any"),
        ];
        for (text, shown) in table {
            let read: PythonRequirement = text.parse().expect(text);
            assert_eq!(read.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(read), "{text} reads back");
        }
    }

    #[test]
    fn bounds_compare_the_parts_they_write() {
        let table = [
            ("3.11+", "3.11.0 3.13.2 4.0.0", "3.10.9 2.7.18"),
            (">=3.11,<=3.12", "3.11.4 3.12.9", "3.13.0"),
            (">3.11,!=3.12.3", "3.12.2", "3.11.9 3.12.3"),
            ("3.12.1", "3.12.1", "3.12.2"),
            ("any", "3.8.0", "2.7.18"),
        ];
        let version = |text: &str| {
            let parts = parts(text).expect(text);
            (parts[0], parts[1], parts[2])
        };
        for (text, accepted, refused) in table {
            let read: PythonRequirement = text.parse().expect(text);
            assert!(accepted.split(' ').all(|each| read.accepts(version(each))), "{text}");
            assert!(!refused.split(' ').any(|each| read.accepts(version(each))), "{text}");
        }
    }

    #[test]
    fn what_is_no_version_says_how_to_write_one() {
        for text in ["three", "3.11++", "3.1.2.3", "~=3", ">=", "3.400"] {
            assert!(text.parse::<PythonRequirement>().is_err(), "{text}");
        }
        assert_eq!(
            "latest".parse::<PythonRequirement>().expect_err("no version").to_string(),
            "`latest` is not a Python version; write it like 3.11+, 3.12 or >=3.11,<3.13"
        );
    }
}
