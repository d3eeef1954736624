//! What becomes of a call, from how it stands in the record and what the rules say.

use mainspring_agent::{EffectClass, Verdict};
use mainspring_store::{Candidate, EffectState, GateRow, GateSettled, Mine};
use mainspring_types::GateAction;

/// What is known of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// The call, once it was written down.
    pub(super) effect: Option<&'a Candidate>,
    /// Whether it is recorded what the agent was told of it.
    pub(super) told: bool,
    /// The gate before the call.
    pub(super) gate: Option<&'a GateRow>,
    /// The gate about what became of its last try.
    pub(super) doubt: Option<&'a GateRow>,
    /// What the rules say of it.
    pub(super) verdict: Verdict,
    /// What it may do to the world.
    pub(super) class: EffectClass,
    /// What kind of call it is.
    pub(super) kind: Kind,
    /// Who settles what is under way here.
    pub(super) owner: u128,
}

/// What kind of call it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A worker makes it.
    Tool {
        /// Whether the tool can tell what became of a try.
        probed: bool,
    },
    /// A person is asked something.
    Question,
    /// Another run is started.
    Task,
}

/// What is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step<'a> {
    /// What is recorded is given.
    Replay,
    /// It is written down and made, with other arguments when a person gave them.
    Begin { executed: Option<&'a str> },
    /// The try that was begun is made: the answer to an earlier asking was lost.
    GoOn,
    /// It is made once more.
    Again,
    /// The tool is asked whether the last try took place.
    Probe,
    /// A person is asked whether it may be made, or what they know.
    Open,
    /// A person is asked what became of the last try.
    Doubt,
    /// A person has been asked.
    Wait(&'a GateRow),
    /// It is not made: the rules speak against it.
    Deny,
    /// It is not made: someone refused it at this gate, or nobody answered in time.
    Refuse { gate: &'a GateRow, settled: &'a GateSettled },
    /// A person said what comes of it.
    Take { settled: &'a GateSettled },
    /// The run that works on it is waited for.
    Await,
}

impl Step<'_> {
    /// Whether more is begun by it than is recorded: a try, a question, a wait.
    pub(super) const fn is_new(&self) -> bool {
        !matches!(self, Self::Replay | Self::Refuse { .. } | Self::Take { .. } | Self::Await)
    }
}

/// What becomes of the call.
pub(super) fn decide<'a>(known: &Known<'a>) -> Step<'a> {
    match known.effect {
        None => unwritten(known),
        Some(effect) => match effect.state {
            EffectState::Committed | EffectState::Failed => Step::Replay,
            // Nobody knows what became of it, and the agent went on with just that.
            EffectState::Unknown if known.told => Step::Replay,
            _ if known.kind == Kind::Task => Step::Await,
            EffectState::Intended if is_ours(effect, known.owner) => Step::GoOn,
            _ => unsettled(known, effect),
        },
    }
}

/// Whether the asking attempt began the try that is under way.
fn is_ours(effect: &Candidate, owner: u128) -> bool {
    effect.owner == owner && effect.mine != Mine::No
}

/// A call that was never made.
fn unwritten<'a>(known: &Known<'a>) -> Step<'a> {
    let Some(gate) = known.gate else {
        return match (known.verdict, known.kind) {
            (Verdict::Deny, _) => Step::Deny,
            (_, Kind::Question) | (Verdict::Ask, _) => Step::Open,
            (Verdict::Allow, _) => Step::Begin { executed: None },
        };
    };
    match &gate.settled {
        None if gate.is_open() => Step::Wait(gate),
        // The run or the turn ended before anyone answered, and nobody asks on its behalf any more.
        None => Step::Deny,
        // Whoever approved it: with these arguments the rules deny it.
        Some(settled) => match settled.action {
            GateAction::Approve if known.verdict == Verdict::Deny => Step::Deny,
            GateAction::Approve => Step::Begin { executed: settled.executed.as_deref() },
            GateAction::Answer => Step::Take { settled },
            GateAction::Deny => Step::Refuse { gate, settled },
        },
    }
}

/// A call whose last try nobody has settled: its worker is gone.
fn unsettled<'a>(known: &Known<'a>, effect: &Candidate) -> Step<'a> {
    let repeatable = matches!(known.class, EffectClass::Pure | EffectClass::Idempotent);
    match known.doubt {
        // The last try did not take place: the tool said so.
        _ if repeatable || effect.retryable => Step::Again,
        None if known.kind == (Kind::Tool { probed: true }) => Step::Probe,
        None => Step::Doubt,
        Some(gate) => match &gate.settled {
            None => Step::Wait(gate),
            Some(settled) => match settled.action {
                GateAction::Approve => Step::Again,
                GateAction::Answer => Step::Take { settled },
                GateAction::Deny => Step::Refuse { gate, settled },
            },
        },
    }
}

#[cfg(test)]
mod tests;
