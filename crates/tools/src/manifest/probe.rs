//! Asking a tool what became of a call whose end is not known.

use mainspring_agent::CustomTool;
use serde::Deserialize;
use serde_json::Value;

use super::{Ending, Seen, start, text};
use crate::{Ended, Surroundings};

/// What became of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// It was made.
    Done {
        /// What the tool would have said; empty where the probe cannot tell.
        text: String,
    },
    /// It was not made, and has changed nothing.
    NotDone,
    /// The probe cannot tell.
    Unsure {
        /// Why.
        why: String,
    },
}

/// What a probe says on its standard output, as one JSON object.
#[derive(Deserialize)]
struct Said {
    state: State,
    result: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Done,
    NotDone,
}

/// Asks what became of the call with that key and those arguments. Only a clear answer counts.
pub async fn probe(tool: &CustomTool, key: &str, arguments: &Value, around: &Surroundings<'_>) -> Probe {
    let Some(argv) = &tool.probe else {
        return Probe::Unsure { why: format!("`{}` has no probe", tool.name) };
    };
    let around = Surroundings { idempotency_key: key, ..*around };
    match start(tool, argv, arguments, &around).await {
        Ok(seen) => verdict(&tool.name, seen),
        Err(Ended::Failed { message } | Ended::Unknown { message }) => Probe::Unsure { why: message },
        Err(Ended::Returned { text, .. }) => Probe::Unsure { why: text },
    }
}

fn verdict(name: &str, seen: Seen) -> Probe {
    let Seen { ending, stdout, stderr } = seen;
    if ending != Ending::Code(0) {
        let why = super::lines(&[&format!("the probe of `{name}`: {ending}"), &stderr.text()]);
        return Probe::Unsure { why };
    }
    match serde_json::from_str(&stdout.text()) {
        Ok(Said { state: State::Done, result }) => {
            Probe::Done { text: result.as_ref().map(text).unwrap_or_default() }
        }
        Ok(Said { state: State::NotDone, .. }) => Probe::NotDone,
        Err(error) => Probe::Unsure {
            why: format!(
                "the probe of `{name}` gave no clear answer ({error}); it is `{{\"state\": \"done\"}}` or \
                 `{{\"state\": \"not_done\"}}`"
            ),
        },
    }
}
