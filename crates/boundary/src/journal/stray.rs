//! Whether a call that is not recorded leaves the recorded path.
//!
//! Judged per conversation: only a record that answers the same place in it, and that the attempt was not given, makes
//! a miss a divergence. Agents with several conversations at once, and those that come to their calls in another order,
//! do not diverge by it.

use mainspring_store::{EffectState, Identity, Unconsumed};
use mainspring_types::{EffectId, Hash};

/// What a miss is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stray {
    /// A call where nothing is recorded.
    New,
    /// The recorded call but for dates and random ids.
    Near(EffectId),
    /// Another call than the recorded one.
    Diverged {
        /// The recorded one.
        expected: EffectId,
        /// What was recorded after it in the same conversation.
        later: Vec<EffectId>,
        /// One of them that must not happen twice.
        irreversible: Option<EffectId>,
    },
}

/// What a miss is, given what earlier attempts recorded and this one was not given.
pub(crate) fn stray(unconsumed: &[Unconsumed], identity: &Identity) -> Stray {
    let is_answered =
        |record: &&Unconsumed| matches!(record.state, EffectState::Committed | EffectState::Failed);
    let here: Vec<&Unconsumed> = unconsumed
        .iter()
        .filter(is_answered)
        .filter(|record| record.identity.route == identity.route && record.identity.parent == identity.parent)
        .collect();
    let is_near = |record: &&&Unconsumed| {
        record.state == EffectState::Committed && record.identity.near == identity.near
    };
    let near: Vec<_> = here.iter().filter(is_near).collect();
    match (near.as_slice(), here.first()) {
        ([only], _) => Stray::Near(only.id),
        (_, None) => Stray::New,
        // Where several are near, the dates are what tells them apart, and none is it.
        (_, Some(expected)) => {
            let later = after(unconsumed, expected.identity.own);
            let forbidden = |record: &&Unconsumed| record.irreversible && later.contains(&record.id);
            let irreversible = unconsumed.iter().find(forbidden).map(|record| record.id);
            Stray::Diverged { expected: expected.id, later, irreversible }
        }
    }
}

/// The records of a conversation after the one that is its own.
fn after(records: &[Unconsumed], own: Hash) -> Vec<EffectId> {
    let mut reached = vec![own];
    let mut later = Vec::new();
    // Oldest first, so that each is met after the one it follows.
    for record in records {
        if record.identity.previous.is_some_and(|previous| reached.contains(&previous)) {
            reached.push(record.identity.own);
            later.push(record.id);
        }
    }
    later
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> Hash {
        Hash::of(text.as_bytes())
    }

    /// A call in the conversation `before`, answered or not, that makes it `own`.
    fn identity(key: &str, before: Option<&str>, own: &str) -> Identity {
        Identity {
            route: "openai.chat".into(),
            key: hash(key),
            near: hash(own),
            parent: before.map_or(hash("system"), |before| hash(&format!("{before} and its answer"))),
            previous: before.map(hash),
            own: hash(own),
        }
    }

    fn record(id: u128, identity: Identity) -> Unconsumed {
        let state = EffectState::Committed;
        Unconsumed { id: EffectId::from_u128(id), identity, state, irreversible: false }
    }

    fn recorded() -> Vec<Unconsumed> {
        vec![
            record(2, identity("second", Some("one"), "two")),
            record(3, identity("third", Some("two"), "three")),
            record(9, identity("other", Some("elsewhere"), "other")),
        ]
    }

    #[test]
    fn another_call_at_a_recorded_place_diverges_and_takes_the_rest_of_its_conversation_with_it() {
        let asked = identity("something else", Some("one"), "two, but another");
        let later = vec![EffectId::from_u128(3)];
        let expected = EffectId::from_u128(2);
        assert_eq!(stray(&recorded(), &asked), Stray::Diverged { expected, later, irreversible: None });
    }

    #[test]
    fn a_call_at_a_place_of_its_own_is_new() {
        // A second conversation of the same agent, begun while records of the first are left.
        assert_eq!(stray(&recorded(), &identity("fresh", Some("new"), "fresh")), Stray::New);
        assert_eq!(stray(&[], &identity("first", None, "one")), Stray::New);
    }

    #[test]
    fn the_recorded_call_but_for_a_date_is_near() {
        let asked = identity("second, a day later", Some("one"), "two");
        assert_eq!(stray(&recorded(), &asked), Stray::Near(EffectId::from_u128(2)));
    }

    #[test]
    fn where_several_are_near_none_is_served() {
        // Two bookings that differ in the day alone, and a third day now.
        let mut records = recorded();
        records.push(record(4, identity("second, for another day", Some("one"), "two")));
        let asked = identity("second, for a third day", Some("one"), "two");
        assert!(matches!(stray(&records, &asked), Stray::Diverged { .. }));
    }

    #[test]
    fn an_irreversible_record_on_the_path_that_is_left_is_named() {
        let mut records = recorded();
        records[1].irreversible = true;
        let Stray::Diverged { irreversible, .. } = stray(&records, &identity("else", Some("one"), "else"))
        else {
            panic!("it diverges");
        };
        assert_eq!(irreversible, Some(EffectId::from_u128(3)));
    }
}
