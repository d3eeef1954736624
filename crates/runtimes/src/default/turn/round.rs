//! The calls of one answer, from being asked for to their results.
//!
//! Calls begin in their order, as many at once as the bounds allow; results are put in that order, whatever order they
//! come in.

use std::mem;

use super::action::{Action, Position, ToolCall, ToolOutcome};
use crate::default::{Message, Part, Role, kit::Wrong};

/// The calls of one answer.
#[derive(Debug)]
pub(super) struct Round {
    turn: u32,
    step: u32,
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    call: ToolCall,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    /// There is no tool for it, for these reasons: that is written down, and then is its result.
    Refused(String),
    Running,
    Done(ToolOutcome),
}

impl Round {
    /// The round of the calls in the answer to a step; those with wrong arguments are answered by what is wrong with them.
    pub(super) fn of(turn: u32, step: u32, calls: Vec<(ToolCall, Result<(), Wrong>)>) -> Self {
        let slots = calls.into_iter().map(|(call, checked)| {
            let state = match checked {
                Ok(()) => State::Waiting,
                Err(Wrong::Tool(why)) => State::Refused(why),
                Err(Wrong::Arguments(words)) => State::Done(ToolOutcome::error(words)),
            };
            Slot { call, state }
        });
        Self { turn, step, slots: slots.collect() }
    }

    /// The calls that may begin, or be refused, now while at most `parallel` are under way.
    pub(super) fn begin(&mut self, parallel: usize) -> Vec<Action> {
        let running = self.slots.iter().filter(|slot| matches!(slot.state, State::Running)).count();
        let (turn, step) = (self.turn, self.step);
        let waits = |slot: &Slot| matches!(slot.state, State::Waiting | State::Refused(_));
        let waiting = (1..).zip(&mut self.slots).filter(|(_, slot)| waits(slot));
        waiting
            .take(parallel.max(1).saturating_sub(running))
            .map(|(index, slot)| {
                let (position, call) = (Position { turn, step, index }, slot.call.clone());
                match mem::replace(&mut slot.state, State::Running) {
                    State::Refused(why) => Action::Refuse { position, call, why },
                    _ => Action::Call { position, call },
                }
            })
            .collect()
    }

    /// Takes what came of the call at `position`; of what is not under way, nothing.
    pub(super) fn returned(&mut self, position: Position, outcome: ToolOutcome) {
        if (position.turn, position.step) != (self.turn, self.step) {
            return;
        }
        let slot = (1..).zip(&mut self.slots).find(|(index, _)| *index == position.index);
        if let Some((_, slot)) = slot.filter(|(_, slot)| matches!(slot.state, State::Running)) {
            slot.state = State::Done(outcome);
        }
    }

    /// Answers every call that has no result yet with these words.
    pub(super) fn break_off(&mut self, words: &str) {
        for slot in &mut self.slots {
            if !matches!(slot.state, State::Done(_)) {
                slot.state = State::Done(ToolOutcome::error(words));
            }
        }
    }

    /// Whether every call has its result.
    pub(super) fn is_done(&self) -> bool {
        self.slots.iter().all(|slot| matches!(slot.state, State::Done(_)))
    }

    /// The calls and their results, once all are there.
    pub(super) fn results(&mut self) -> Vec<(ToolCall, ToolOutcome)> {
        let slots = mem::take(&mut self.slots);
        let done = slots.into_iter().filter_map(|slot| match slot.state {
            State::Done(outcome) => Some((slot.call, outcome)),
            State::Waiting | State::Refused(_) | State::Running => None,
        });
        done.collect()
    }
}

/// Results as the message that answers their calls.
pub(super) fn message(results: Vec<(ToolCall, ToolOutcome)>) -> Message {
    let parts = results.into_iter().map(|(call, outcome)| Part::ToolResult {
        id: call.id,
        name: call.name,
        text: outcome.text,
        error: outcome.error,
    });
    Message { role: Role::Tool, parts: parts.collect() }
}
