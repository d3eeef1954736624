//! An attempt and an assistant, for the tests of the broker's parts.

use mainspring_agent::Assistant;
use mainspring_store::RunKey;
use mainspring_types::{AgentName, AttemptNo, RunId, StepId, TenantId};
use serde_json::{Value, json};

use crate::{Divergence, Pass};

/// An attempt of run 1.
pub(super) fn pass(attempt: u32) -> Pass {
    Pass {
        key: RunKey { tenant: TenantId::sole(), run: RunId::from_u128(1) },
        step: StepId::new("main").expect("a name"),
        attempt: AttemptNo(attempt),
        nonce: u64::from(attempt) + 100,
        agent: AgentName::new("reviewer").expect("a name"),
        ancestors: Vec::new(),
        divergence: Divergence::Live,
    }
}

/// An assistant with these fields beside those that every one has.
pub(super) fn assistant(fields: &Value) -> Assistant {
    let mut document = json!({
        "name": "reviewer",
        "model": "openai/gpt-4o-mini",
        "instructions": "You run what you are asked.",
    });
    for (field, value) in fields.as_object().expect("fields") {
        document[field] = value.clone();
    }
    serde_json::from_value(document).expect("an assistant")
}
