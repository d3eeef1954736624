//! Which recorded call a request is, if any.
//!
//! Effects of one key are told apart by their occurrence. A request is the same occurrence as before when its client
//! says it retries, or when it was not given all of the answer and has not gone on; otherwise it is the next one that
//! this attempt was not given: first what is settled, then what is in flight, then what has to be tried again.

use mainspring_store::{Candidate, EffectState, Mine};
use mainspring_types::EffectId;

/// Whether the client says that it asks again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Repeat {
    No,
    Yes,
}

/// What a request is answered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Match {
    /// What is recorded.
    Replay(EffectId),
    /// What is on its way.
    Join(EffectId),
    /// Another try of the same effect.
    Again { effect: EffectId, why: Why },
    /// Nothing: whether the call happened is unknown, and it must not happen twice.
    Unknowable(EffectId),
    /// A call of its own.
    New { occurrence: u32 },
}

/// Why an effect is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// The client asked again after a failure.
    Retried,
    /// The failure ended an earlier attempt.
    Reopened,
    /// Its owner is gone, and whether it was answered is not known.
    Unknown,
}

impl Why {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::Reopened => "reopened",
            Self::Unknown => "unknown",
        }
    }
}

/// What the request is, among the effects with its key in the order of their occurrence. `owner` settles what is in
/// flight here.
pub(crate) fn decide(candidates: &[Candidate], owner: u128, repeat: Repeat) -> Match {
    let last_mine = candidates.iter().rev().find(|candidate| candidate.mine != Mine::No);
    if let Some(last) = last_mine.filter(|last| is_same_occurrence(last, repeat)) {
        return once_more(last, owner);
    }
    let open: Vec<&Candidate> =
        candidates.iter().filter(|candidate| candidate.mine == Mine::No && !candidate.superseded).collect();
    if let Some(settled) = open.iter().find(|candidate| is_settled(candidate)) {
        return Match::Replay(settled.id);
    }
    if let Some(flying) = open.iter().find(|candidate| is_in_flight(candidate, owner)) {
        return Match::Join(flying.id);
    }
    match open.first() {
        Some(candidate) if candidate.state == EffectState::Failed => again(candidate, Why::Reopened),
        Some(candidate) => unknown(candidate),
        None => Match::New { occurrence: candidates.last().map_or(0, |last| last.occurrence) + 1 },
    }
}

fn is_same_occurrence(candidate: &Candidate, repeat: Repeat) -> bool {
    match candidate.mine {
        Mine::No => false,
        Mine::Yes { delivered, continued } => {
            // That it is unknown whether it happened is no answer, even where that was told.
            let answered = delivered && candidate.state != EffectState::Unknown;
            repeat == Repeat::Yes || (!answered && !continued)
        }
    }
}

/// What a repeated request for the same occurrence is answered with.
fn once_more(candidate: &Candidate, owner: u128) -> Match {
    match candidate.state {
        EffectState::Failed if candidate.retryable => again(candidate, Why::Retried),
        EffectState::Committed | EffectState::Failed => Match::Replay(candidate.id),
        _ if is_in_flight(candidate, owner) => Match::Join(candidate.id),
        _ => unknown(candidate),
    }
}

/// Whether what is recorded is the answer for good: a failure is when nothing else can come of it, or when the agent
/// saw it and went on.
fn is_settled(candidate: &Candidate) -> bool {
    match candidate.state {
        EffectState::Committed => true,
        EffectState::Failed => candidate.continued || !candidate.retryable,
        _ => false,
    }
}

fn is_in_flight(candidate: &Candidate, owner: u128) -> bool {
    candidate.state == EffectState::Intended && candidate.owner == owner
}

fn again(candidate: &Candidate, why: Why) -> Match {
    Match::Again { effect: candidate.id, why }
}

fn unknown(candidate: &Candidate) -> Match {
    if candidate.irreversible { Match::Unknowable(candidate.id) } else { again(candidate, Why::Unknown) }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use mainspring_types::AttemptNo;

    use super::*;

    const US: u128 = 7;
    const GONE: u128 = 6;

    const WHOLE: Mine = Mine::Yes { delivered: true, continued: false };
    const BROKEN: Mine = Mine::Yes { delivered: false, continued: false };
    const BROKEN_AND_GONE_ON: Mine = Mine::Yes { delivered: false, continued: true };

    fn id(number: u128) -> EffectId {
        EffectId::from_u128(number)
    }

    fn candidate(occurrence: u32, state: EffectState, mine: Mine) -> Candidate {
        Candidate {
            id: id(u128::from(occurrence)),
            attempt: AttemptNo(1),
            occurrence,
            state,
            retryable: true,
            irreversible: false,
            superseded: false,
            tries: 1,
            owner: US,
            mine,
            continued: false,
        }
    }

    fn check(candidates: &[Candidate], repeat: Repeat, expected: Match) {
        assert_eq!(decide(candidates, US, repeat), expected, "{candidates:?}");
    }

    const REOPENED: Match = Match::Again { effect: EffectId::from_u128(1), why: Why::Reopened };

    #[test]
    fn the_first_call_and_each_repetition_of_it_are_calls_of_their_own() {
        check(&[], Repeat::No, Match::New { occurrence: 1 });
        let done = candidate(1, EffectState::Committed, WHOLE);
        check(&[done], Repeat::No, Match::New { occurrence: 2 });
    }

    #[test]
    fn what_an_earlier_attempt_recorded_is_replayed_in_order() {
        let first = candidate(1, EffectState::Committed, Mine::No);
        let second = candidate(2, EffectState::Committed, Mine::No);
        check(&[first.clone(), second.clone()], Repeat::No, Match::Replay(id(1)));
        let first = Candidate { mine: WHOLE, ..first };
        check(&[first, second], Repeat::No, Match::Replay(id(2)));
    }

    #[test]
    fn a_retry_of_the_client_is_not_a_new_call() {
        // Without this, every 500 that an SDK rides out would shift the occurrences of the next attempt.
        let failed = candidate(1, EffectState::Failed, WHOLE);
        check(from_ref(&failed), Repeat::Yes, Match::Again { effect: id(1), why: Why::Retried });
        check(&[failed], Repeat::No, Match::New { occurrence: 2 });
        let done = candidate(1, EffectState::Committed, WHOLE);
        check(&[done], Repeat::Yes, Match::Replay(id(1)));
    }

    #[test]
    fn an_answer_that_was_cut_off_is_asked_for_again_without_being_paid_again() {
        check(&[candidate(1, EffectState::Committed, BROKEN)], Repeat::No, Match::Replay(id(1)));
        check(&[candidate(1, EffectState::Intended, BROKEN)], Repeat::No, Match::Join(id(1)));
        // It went on, so it has seen enough of the answer: this is another call.
        let gone_on = candidate(1, EffectState::Committed, BROKEN_AND_GONE_ON);
        check(&[gone_on], Repeat::No, Match::New { occurrence: 2 });
    }

    #[test]
    fn a_committed_record_is_matched_before_one_in_flight() {
        let flying = candidate(1, EffectState::Intended, Mine::No);
        let done = candidate(2, EffectState::Committed, Mine::No);
        check(&[flying.clone(), done], Repeat::No, Match::Replay(id(2)));
        check(&[flying], Repeat::No, Match::Join(id(1)));
    }

    #[test]
    fn an_effect_whose_owner_is_gone_is_tried_again_unless_it_must_not_happen_twice() {
        for state in [EffectState::Intended, EffectState::Unknown] {
            let lost = Candidate { owner: GONE, ..candidate(1, state, Mine::No) };
            check(from_ref(&lost), Repeat::No, Match::Again { effect: id(1), why: Why::Unknown });
            let lost = Candidate { irreversible: true, ..lost };
            check(&[lost], Repeat::No, Match::Unknowable(id(1)));
        }
    }

    #[test]
    fn what_is_unknown_is_no_answer_though_it_was_told() {
        let lost = candidate(1, EffectState::Unknown, WHOLE);
        check(&[Candidate { irreversible: true, ..lost }], Repeat::No, Match::Unknowable(id(1)));
    }

    #[test]
    fn a_failure_that_ended_an_attempt_is_reopened_and_one_that_was_survived_is_replayed() {
        let failed = candidate(1, EffectState::Failed, Mine::No);
        check(from_ref(&failed), Repeat::No, REOPENED);
        check(&[Candidate { continued: true, ..failed.clone() }], Repeat::No, Match::Replay(id(1)));
        check(&[Candidate { retryable: false, ..failed }], Repeat::No, Match::Replay(id(1)));
    }

    #[test]
    fn what_was_superseded_is_never_served() {
        let old = Candidate { superseded: true, ..candidate(1, EffectState::Committed, Mine::No) };
        check(&[old], Repeat::No, Match::New { occurrence: 2 });
    }
}
