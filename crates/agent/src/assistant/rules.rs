//! What an assistant may do: approvals, capabilities, classes of effects, and what happens while a person is waited for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::millis;
use crate::policy::{Glob, Pattern};
use mainspring_types::words;

words! {
    /// What a call may do to the world, which decides how it is repeated after a crash.
    EffectClass:
    /// Nothing: it may be made again at will.
    Pure = "pure",
    /// Something that a second call with the same key does not do twice.
    Idempotent = "idempotent",
    /// Something that can be undone, and that is not repeated blindly.
    Compensatable = "compensatable",
    /// Something that can be neither undone nor repeated.
    Irreversible = "irreversible",
}

words! {
    /// What becomes of a call; later ones are stricter.
    Verdict:
    /// It is made.
    Allow = "allow",
    /// A person is asked first.
    Ask = "ask",
    /// It is refused.
    Deny = "deny",
}

words! {
    /// Who made a rule.
    Layer:
    /// The author of the agent.
    Agent = "agent",
    /// The settings of the tenant.
    Tenant = "tenant",
    /// Who started the run.
    Run = "run",
}

words! {
    /// What a gate becomes when its deadline passes.
    Fallback:
    /// Refused.
    Deny = "deny",
    /// Approved.
    Approve = "approve",
}

/// One line of `approvals`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Which calls.
    pub pattern: Pattern,
    /// What becomes of them.
    pub verdict: Verdict,
    /// Who says so.
    pub from: Layer,
    /// Where it is written, as `FILE:LINE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How many parents up it was made: 0 for the assistant's own lines.
    #[serde(default, skip_serializing_if = "is_own")]
    pub generation: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives the field by reference")]
fn is_own(generation: &u32) -> bool {
    *generation == 0
}

/// One line of `effects`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectRule {
    /// Which calls.
    pub pattern: Pattern,
    /// What they may do to the world.
    pub class: EffectClass,
}

/// What granted tools may be used on; what is absent is all that the toolsets allow.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Paths of the workspace that may be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Vec<Glob>>,
    /// Paths of the workspace that may be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Vec<Glob>>,
    /// Command lines that may be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<Glob>>,
    /// Hosts that may be spoken to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<Glob>>,
}

/// How long a person is waited for, and what follows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatePolicy {
    /// How long a gate stays open; for ever when absent.
    #[serde(
        rename = "deadline_ms",
        default,
        skip_serializing_if = "Option::is_none",
        with = "millis::optional"
    )]
    pub deadline: Option<Duration>,
    /// What follows at the deadline.
    pub fallback: Fallback,
    /// Who else is told, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

/// Who is told of a gate that stays unanswered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// After how long.
    #[serde(rename = "after_ms", with = "millis")]
    pub after: Duration,
    /// A name that the inbox shows.
    pub to: String,
}

impl Default for GatePolicy {
    /// Waits for ever.
    fn default() -> Self {
        Self { deadline: None, fallback: Fallback::Deny, escalation: None }
    }
}
