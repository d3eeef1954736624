//! Answers that broke off after something of them had flowed: recorded as they were delivered.

use mainspring_store::{Fault, Pen};
use mainspring_types::EffectId;
use serde::{Deserialize, Serialize};

use super::Pass;

/// Why an answer broke off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cut {
    /// The provider broke it off.
    Provider,
    /// The output maximum that a budget put into the request ended it.
    Budget {
        /// That maximum.
        output_max: u64,
    },
}

/// What of a recorded head matters here.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    cut: Option<Cut>,
}

/// The output maximum of ours that ended the last answer of an effect, if one did.
pub(super) fn clamped_at(pen: &Pen<'_>, pass: &Pass, effect: EffectId) -> Result<Option<u64>, Fault> {
    let answer = pen.recorded(&pass.key, effect)?.and_then(|recorded| recorded.answer);
    let head = answer.and_then(|document| serde_json::from_str::<Head>(&document).ok());
    Ok(match head.and_then(|head| head.cut) {
        Some(Cut::Budget { output_max }) => Some(output_max),
        Some(Cut::Provider) | None => None,
    })
}
