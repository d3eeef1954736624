//! The words of gates: what is asked of a person, how that stands, and what is answered. As stored, and as they travel.

use crate::words;

words! {
    /// What is asked.
    GateKind:
    /// Whether a tool may be called. `approve`, perhaps with other arguments, or `deny`.
    Approval = "approval",
    /// Something that the agent wants to know. `answer` with a message.
    Question = "question",
    /// The next message of a conversation. `answer` with a message.
    Input = "input",
    /// What became of a call that broke off and must not be repeated by itself. `approve` makes it again, `answer`
    /// says what it returned, `deny` leaves it as failed.
    Unknown = "unknown",
}

words! {
    /// How a gate stands.
    GateState:
    /// Nobody has answered.
    Open = "open",
    /// Someone let it happen.
    Approved = "approved",
    /// Someone refused it.
    Denied = "denied",
    /// Someone said something.
    Answered = "answered",
    /// Its deadline passed, and its default was taken.
    Expired = "expired",
    /// Its run ended first, or the turn that asked was interrupted.
    Withdrawn = "withdrawn",
}

words! {
    /// What is answered.
    GateAction:
    /// Let it happen.
    Approve = "approve",
    /// Do not.
    Deny = "deny",
    /// Say something: to a question, for an input, or what an unknown call returned.
    Answer = "answer",
}

words! {
    /// What is taken for the answer when nobody answers in time.
    GateDefault:
    /// It happens.
    Approve = "approve",
    /// It does not.
    Deny = "deny",
    /// The conversation ends: no message comes.
    End = "end",
}

impl GateAction {
    /// How a gate stands that was answered so.
    pub const fn state(self) -> GateState {
        match self {
            Self::Approve => GateState::Approved,
            Self::Deny => GateState::Denied,
            Self::Answer => GateState::Answered,
        }
    }
}

impl GateDefault {
    /// The default as an answer: an end refuses the message that does not come.
    pub const fn action(self) -> GateAction {
        match self {
            Self::Approve => GateAction::Approve,
            Self::Deny | Self::End => GateAction::Deny,
        }
    }
}
