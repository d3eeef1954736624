//! Secrets by name: `${secret:NAME}` in a value stands for what whoever runs the agent keeps under that name.
//!
//! A definition, its versions and the plans of its runs hold the name alone. What it stands for is put in where a
//! program or a server is started, and nowhere else.

use std::collections::BTreeSet;

use super::{Assistant, Transport};

/// How a reference begins; it ends with a brace.
const REFERENCE: &str = "${secret:";

/// A reference that names nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{written}` refers to no secret: write its name in capitals, digits and `_`, such as ${{secret:GITHUB_TOKEN}}"
)]
pub(crate) struct SecretError {
    written: String,
}

/// A part of a value.
enum Piece<'a> {
    Plain(&'a str),
    Secret(&'a str),
}

impl<M> Assistant<M> {
    /// The names of the secrets that its programs and servers are given. Those of its sub-agents are theirs.
    pub fn secrets(&self) -> BTreeSet<String> {
        let of_tools = self.tools.iter().flat_map(|tool| tool.env.values());
        let of_servers = self.mcp_servers.values().flat_map(|server| server.transport.values());
        let all = self.env.values().chain(of_tools).chain(of_servers);
        all.flat_map(|value| names(value)).map(str::to_owned).collect()
    }

    /// Puts in place of each reference what `secret` says of its name.
    pub fn reveal(&mut self, secret: impl Fn(&str) -> String) {
        let of_tools = self.tools.iter_mut().flat_map(|tool| tool.env.values_mut());
        let of_servers = self.mcp_servers.values_mut().flat_map(|server| server.transport.values_mut());
        for value in self.env.values_mut().chain(of_tools).chain(of_servers) {
            *value = revealed(value, &secret);
        }
    }
}

impl Transport {
    /// What a server is given that may be a secret: variables, or headers.
    fn values(&self) -> impl Iterator<Item = &String> {
        match self {
            Self::Stdio { env: values, .. } | Self::Http { headers: values, .. } => values.values(),
        }
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut String> {
        match self {
            Self::Stdio { env: values, .. } | Self::Http { headers: values, .. } => values.values_mut(),
        }
    }
}

/// Whether the value refers to a secret, or means to.
pub(crate) fn mentions(value: &str) -> bool {
    value.contains(REFERENCE)
}

/// Whether every reference in the value names a secret.
pub(crate) fn check(value: &str) -> Result<(), SecretError> {
    pieces(value).map(drop)
}

fn names(value: &str) -> Vec<&str> {
    let pieces = pieces(value).unwrap_or_default();
    let names = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Secret(name) => Some(name),
        Piece::Plain(_) => None,
    });
    names.collect()
}

fn revealed(value: &str, secret: impl Fn(&str) -> String) -> String {
    let Ok(pieces) = pieces(value) else { return value.to_owned() };
    let revealed = pieces.into_iter().map(|piece| match piece {
        Piece::Plain(text) => text.to_owned(),
        Piece::Secret(name) => secret(name),
    });
    revealed.collect()
}

fn pieces(mut value: &str) -> Result<Vec<Piece<'_>>, SecretError> {
    let mut pieces = Vec::new();
    while let Some((before, after)) = value.split_once(REFERENCE) {
        let closed = after.split_once('}').filter(|(name, _)| is_name(name));
        let Some((name, rest)) = closed else {
            let end = value[before.len()..].find('}').map_or(value.len(), |at| before.len() + at + 1);
            return Err(SecretError { written: value[before.len()..end].to_owned() });
        };
        pieces.extend([Piece::Plain(before), Piece::Secret(name)]);
        value = rest;
    }
    pieces.push(Piece::Plain(value));
    Ok(pieces)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_and_replaced_wherever_they_stand() {
        let value = "Bearer ${secret:A_1}, ${secret:B}$";
        assert_eq!(names(value), ["A_1", "B"]);
        assert_eq!(revealed(value, str::to_lowercase), "Bearer a_1, b$");
        assert_eq!(revealed("$HOME {secret}", |_| unreachable!()), "$HOME {secret}");
        // What a secret says is not read again.
        assert_eq!(revealed("${secret:A}", |_| "${secret:B}".to_owned()), "${secret:B}");
    }

    #[test]
    fn a_reference_that_names_nothing_is_refused() {
        for (value, written) in [
            ("x ${secret:token}", "${secret:token}"),
            ("${secret:} y", "${secret:}"),
            ("${secret:OPEN", "${secret:OPEN"),
            ("${secret:A}${secret:B-C}", "${secret:B-C}"),
        ] {
            assert_eq!(check(value).expect_err(value).written, written);
        }
    }
}
