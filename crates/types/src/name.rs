//! Names chosen by people: tenants, agents, steps. Each kind states what it allows and refuses the rest.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// A name breaks the rule of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind} name: {rule}")]
pub struct InvalidName {
    kind: &'static str,
    text: String,
    rule: &'static str,
}

const SLUG_RULE: &str = "use 1 to 63 lower-case letters, digits and `-`";
const WORD_RULE: &str = "use 1 to 128 letters, digits, `-`, `_` and `.`, beginning with a letter or digit";

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_word(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && text.as_bytes()[0].is_ascii_alphanumeric()
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name, if it keeps the rule of its kind.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                if $check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { kind: $kind, text: text.chars().take(80).collect(), rule: $rule })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }
    };
}

name!(
    /// An isolated organisation; every stored thing belongs to exactly one.
    TenantId, "tenant", is_slug, SLUG_RULE
);
name!(
    /// The name of an agent as its author gives it.
    AgentName, "agent", is_word, WORD_RULE
);
name!(
    /// A step within a run; unique in its plan.
    StepId, "step", is_word, WORD_RULE
);

impl TenantId {
    /// The tenant of an installation that has only one.
    pub fn sole() -> Self {
        Self::new("default").expect("`default` is a slug")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_breaks_the_rule_says_the_rule() {
        let refused = TenantId::new("Ab c").expect_err("upper case and a blank");
        assert_eq!(
            refused.to_string(),
            "`Ab c` is not a valid tenant name: use 1 to 63 lower-case letters, digits and `-`"
        );
        assert!(StepId::new("../etc").is_err());
        assert!(StepId::new("-flag").is_err());
        assert!(AgentName::new("coding-agent_2.0").is_ok());
    }
}
