//! The decisions that wait for the person at the terminal, one at a time.
//!
//! A question may come up while something else is typed. It gets no key until the keyboard was quiet for a moment, so
//! that nothing is allowed by a letter that was meant for a message.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use mainspring_api::{event::EventView, gate::GateView};
use mainspring_types::GateId;

use super::{Act, Ask};
use crate::terminal::Key;

/// How long nothing is pressed before a key is meant for the question, and how long while a message is half typed.
const QUIET: Duration = Duration::from_millis(500);
const QUIET_IN_DRAFT: Duration = Duration::from_secs(2);

/// Whether something else is being typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Draft {
    Nothing,
    Begun,
}

/// What waits, and what is asked now.
#[derive(Default)]
pub(crate) struct Asks {
    waiting: VecDeque<GateId>,
    asked: Option<Asked>,
}

struct Asked {
    ask: Ask,
    /// Since when nothing was pressed; `None` once a key was meant for it.
    quiet: Option<Instant>,
}

impl Asks {
    /// Takes in an entry of the run. Messages are typed without being asked for.
    pub(crate) fn fold(&mut self, event: &EventView) {
        let text = |name: &str| event.data.get(name).and_then(serde_json::Value::as_str);
        let gate = text("gate_id").and_then(|id| id.parse().ok());
        match (event.kind.as_str(), gate) {
            ("gate.opened", Some(gate)) if text("kind") != Some("input") => {
                self.waiting.push_back(gate);
            }
            ("gate.settled", Some(gate)) => self.settled(gate),
            _ if event.is_last() => *self = Self::default(),
            _ => {}
        }
    }

    /// The gate needs no answer any more.
    pub(crate) fn settled(&mut self, gate: GateId) {
        self.waiting.retain(|waiting| *waiting != gate);
        if self.asked.as_ref().is_some_and(|asked| asked.ask.gate() == gate) {
            self.asked = None;
        }
    }

    /// Whether nothing waits for a decision.
    pub(crate) fn is_empty(&self) -> bool {
        self.asked.is_none() && self.waiting.is_empty()
    }

    /// The gate to ask about next, when nothing is asked now.
    pub(crate) fn next(&self) -> Option<GateId> {
        if self.asked.is_some() { None } else { self.waiting.front().copied() }
    }

    /// Asks about this gate.
    pub(crate) fn ask(&mut self, gate: GateView, now: Instant) {
        self.asked = Some(Asked { ask: Ask::new(gate), quiet: Some(now) });
    }

    /// What is asked.
    pub(crate) fn asked(&self) -> Option<&Ask> {
        self.asked.as_ref().map(|asked| &asked.ask)
    }

    /// Whether a key pressed now is meant for what is asked.
    pub(crate) fn has_focus(&self, draft: Draft, now: Instant) -> bool {
        let wanted = if draft == Draft::Begun { QUIET_IN_DRAFT } else { QUIET };
        let quiet = |asked: &Asked| asked.quiet.is_none_or(|since| now.duration_since(since) >= wanted);
        self.asked.as_ref().is_some_and(quiet)
    }

    /// Takes in a key; gives it back when it was not meant for what is asked.
    pub(crate) fn press(&mut self, key: Key, draft: Draft, now: Instant) -> Result<Option<Act>, Key> {
        if !self.has_focus(draft, now) {
            if let Some(asked) = &mut self.asked {
                asked.quiet = Some(now);
            }
            return Err(key);
        }
        let Some(asked) = &mut self.asked else { return Err(key) };
        let act = asked.ask.press(key);
        // Who presses what decides nothing is typing something else.
        asked.quiet = act.is_err().then_some(now);
        let act = act?;
        if act.is_some() {
            let gate = asked.ask.gate();
            self.settled(gate);
        }
        Ok(act)
    }
}

#[cfg(test)]
mod tests {
    use mainspring_api::gate::Action;
    use serde_json::json;

    use super::*;
    use crate::render::fixture::{approval, journal};

    fn opened() -> (Asks, GateId) {
        let gate = approval().gate_id;
        let mut asks = Asks::default();
        asks.fold(&journal(&[(0, "gate.opened", json!({"gate_id": gate, "kind": "approval"}))])[0]);
        (asks, gate)
    }

    #[test]
    fn a_letter_of_a_message_allows_nothing() {
        let (mut asks, gate) = opened();
        assert_eq!(asks.next(), Some(gate));
        let now = Instant::now();
        asks.ask(approval(), now);
        assert_eq!(asks.next(), None);
        let soon = now + Duration::from_millis(400);
        assert_eq!(asks.press(Key::Char('y'), Draft::Nothing, soon), Err(Key::Char('y')));
        assert_eq!(
            asks.press(Key::Char('y'), Draft::Begun, soon + Duration::from_secs(1)),
            Err(Key::Char('y'))
        );
        let act = asks
            .press(Key::Char('y'), Draft::Begun, soon + Duration::from_secs(3))
            .expect("it is meant for it");
        assert!(
            matches!(act, Some(Act::Answer(id, answer)) if id == gate && answer.action == Action::Approve)
        );
        assert!(asks.asked().is_none() && asks.next().is_none());
    }

    #[test]
    fn a_key_that_decides_nothing_begins_a_message() {
        let (mut asks, _) = opened();
        let now = Instant::now();
        asks.ask(approval(), now);
        let soon = now + Duration::from_secs(1);
        for letter in "hey".chars() {
            assert_eq!(asks.press(Key::Char(letter), Draft::Begun, soon), Err(Key::Char(letter)));
        }
        assert!(asks.asked().is_some());
    }

    #[test]
    fn what_others_decide_is_not_asked_any_more() {
        let (mut asks, gate) = opened();
        asks.ask(approval(), Instant::now());
        asks.fold(&journal(&[(0, "gate.settled", json!({"gate_id": gate, "action": "deny"}))])[0]);
        assert!(asks.asked().is_none() && asks.next().is_none());
    }
}
