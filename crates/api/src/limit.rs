//! What one run may use, as the API takes and shows it; and which way it goes when its agent leaves the recorded path.

use serde::{Deserialize, Deserializer, Serialize, de};

/// An amount of dollars as it was written: the text `"$1.50"`, or the number `1.5`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Dollars(pub String);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            other => {
                let found = format!("`{other}` is not an amount of money; write it like \"$1.50\" or 1.5");
                Err(de::Error::custom(found))
            }
        }
    }
}

/// What becomes of a run at its limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Its calls slow down from 90 % on, and at the limit they wait.
    Throttle,
    /// Its calls wait until the limit is raised.
    Suspend,
    /// It ends.
    Terminate,
}

impl Policy {
    /// Every policy, from soft to hard.
    pub const ALL: [Self; 3] = [Self::Throttle, Self::Suspend, Self::Terminate];

    /// The word as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Suspend => "suspend",
            Self::Terminate => "terminate",
        }
    }
}

/// `POST /api/v1/runs/{id}/raise`: what the run may use from now on, in place of earlier limits.
///
/// Each limit counts from the beginning of the run. One that is already used up lets no further call go.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaiseRun {
    /// Tokens of every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Dollars>,
    /// Calls sent to a provider, each try for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// What happens at these limits; else what happened before, or `suspend`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

/// A limit of one run, and how much of it is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BudgetView {
    /// What is counted: `tokens`, `calls`, or `cost` in billionths of a dollar.
    pub meter: String,
    /// How much at most.
    pub max: u64,
    /// How much is used, what is set aside for calls under way included.
    pub used: u64,
    /// `throttle suspend terminate`: what happens at the limit.
    pub policy: String,
    /// Both amounts for people: `812 of 1000 tokens`.
    pub summary: String,
}

/// `POST /api/v1/runs/{id}/diverge`: what happens when the run's agent leaves the recorded path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DivergeRun {
    /// Which way it goes.
    pub policy: Departure,
}

/// Where a run goes from the place at which its agent asked for something that is not recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// It goes on, and new calls are paid for.
    Live,
    /// It ends with an error.
    Fail,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_taken_as_text_and_as_a_number() {
        let read = |json: &str| serde_json::from_str::<Dollars>(json).map(|dollars| dollars.0);
        assert_eq!(read(r#""$1.50""#).expect("text"), "$1.50");
        assert_eq!(read("1.5").expect("a number"), "1.5");
        assert!(
            read("true").expect_err("no amount").to_string().contains("`true` is not an amount of money")
        );
    }
}
