//! One shortening: what matters least goes first, and no more than is needed.

use std::{collections::BTreeMap, ops::Range};

use super::view::{shown, view};
use super::{LeftOut, estimate};
use crate::default::{Message, Part, Role, history};

/// The steps, and the turns of the past, that are kept whole.
const RECENT: usize = 2;
/// An output this short is not worth a line in its place.
const SHORT_CHARS: usize = 400;
/// Outputs are not cut to less than this.
const OUTPUT_CHARS_MIN: usize = 1_000;

/// A shortening under way.
pub(super) struct Shortening<'a> {
    conversation: &'a [Message],
    began: usize,
    left_out: &'a mut LeftOut,
    /// Estimated tokens of what is left.
    tokens: u64,
    /// Outputs left out by tool: how many, and their characters.
    outputs: BTreeMap<String, (usize, usize)>,
    thoughts: usize,
    turns: usize,
    steps: usize,
    cut_to: Option<usize>,
}

impl<'a> Shortening<'a> {
    /// A shortening of `conversation` that adds to what is left out.
    pub(super) fn of(conversation: &'a [Message], began: usize, left_out: &'a mut LeftOut) -> Self {
        let tokens = estimate::messages(&view(conversation, left_out));
        let outputs = BTreeMap::new();
        Self { conversation, began, left_out, tokens, outputs, thoughts: 0, turns: 0, steps: 0, cut_to: None }
    }

    /// Leaves out until `target` tokens are left; cuts what must stay until it fits `limit`.
    pub(super) fn until(&mut self, target: u64, limit: u64) {
        self.leave_outputs(target);
        self.leave_thoughts(target);
        self.leave_turns(target);
        self.leave_steps(target);
        self.cut_outputs(limit);
    }

    /// What was left out, in words; `None` when nothing was.
    pub(super) fn told(&self) -> Option<String> {
        let outputs = self.outputs.iter().map(|(tool, (count, characters))| {
            format!("{} of `{tool}` ({characters} characters)", counted(*count, "output"))
        });
        let mut told: Vec<_> = outputs.collect();
        if self.thoughts > 0 {
            told.push(format!("the thinking of {}", counted(self.thoughts, "answer")));
        }
        if self.turns > 0 {
            told.push(counted(self.turns, "earlier turn"));
        }
        if self.steps > 0 {
            told.push(format!("{} of this turn", counted(self.steps, "step")));
        }
        if let Some(characters) = self.cut_to {
            told.push(format!("all but {characters} characters of each output"));
        }
        (!told.is_empty()).then(|| format!("left out to fit the model's context: {}", told.join(", ")))
    }

    fn leave_outputs(&mut self, target: u64) {
        for index in older(self.of_role(Role::Tool), RECENT) {
            for (part_index, part) in self.conversation[index].parts.iter().enumerate() {
                let Part::ToolResult { name, text, .. } = part else { continue };
                let characters = text.chars().count();
                if self.tokens <= target {
                    return;
                }
                if characters > SHORT_CHARS
                    && self.leave(index..index + 1, |out| out.outputs.insert((index, part_index)))
                {
                    let (count, sum) = self.outputs.entry(name.clone()).or_default();
                    *count += 1;
                    *sum += characters;
                }
            }
        }
    }

    fn leave_thoughts(&mut self, target: u64) {
        // The last answer keeps its thinking: providers ask for it back with the results of its calls.
        for index in older(self.of_role(Role::Assistant), 1) {
            if self.tokens <= target {
                return;
            }
            let parts = &self.conversation[index].parts;
            let thinks = parts.iter().any(|part| matches!(part, Part::Thinking { .. }));
            let speaks = parts.iter().any(|part| !matches!(part, Part::Thinking { .. }));
            if thinks && speaks && self.leave(index..index + 1, |out| out.thoughts.insert(index)) {
                self.thoughts += 1;
            }
        }
    }

    fn leave_turns(&mut self, target: u64) {
        let past = 0..self.began;
        let starts = past.filter(|&index| history::begins_turn(&self.conversation[index])).collect();
        for turn in older(spans(starts, self.began), RECENT) {
            if self.tokens <= target {
                return;
            }
            // The first message says what the conversation is about.
            let turn = turn.start.max(1)..turn.end;
            self.turns += usize::from(self.leave_messages(turn));
        }
    }

    fn leave_steps(&mut self, target: u64) {
        let here = self.of_role(Role::Assistant).into_iter().filter(|&index| index >= self.began).collect();
        for step in older(spans(here, self.conversation.len()), RECENT) {
            if self.tokens <= target {
                return;
            }
            self.steps += usize::from(self.leave_messages(step));
        }
    }

    fn cut_outputs(&mut self, limit: u64) {
        while self.tokens > limit && self.left_out.output_chars / 2 >= OUTPUT_CHARS_MIN {
            let before = self.tokens;
            self.left_out.output_chars /= 2;
            self.tokens = estimate::messages(&view(self.conversation, self.left_out));
            if self.tokens < before {
                self.cut_to = Some(self.left_out.output_chars);
            }
        }
    }

    fn leave_messages(&mut self, span: Range<usize>) -> bool {
        self.leave(span.clone(), |out| {
            let before = out.messages.len();
            out.messages.extend(span);
            out.messages.len() > before
        })
    }

    /// Leaves out something of the messages in `span`; whether it was not left out before.
    fn leave(&mut self, span: Range<usize>, add: impl FnOnce(&mut LeftOut) -> bool) -> bool {
        let before = self.weigh(span.clone());
        let new = add(self.left_out);
        self.tokens = (self.tokens + self.weigh(span)).saturating_sub(before);
        new
    }

    fn weigh(&self, span: Range<usize>) -> u64 {
        span.filter(|index| !self.left_out.messages.contains(index))
            .map(|index| estimate::message(&shown(index, &self.conversation[index], self.left_out)))
            .sum()
    }

    fn of_role(&self, role: Role) -> Vec<usize> {
        let left = |index: &usize| !self.left_out.messages.contains(index);
        let all = 0..self.conversation.len();
        all.filter(left).filter(|&index| self.conversation[index].role == role).collect()
    }
}

/// All but the last `recent`.
fn older<T>(mut all: Vec<T>, recent: usize) -> Vec<T> {
    all.truncate(all.len().saturating_sub(recent));
    all
}

/// From each start to the next, the last one to `end`.
fn spans(starts: Vec<usize>, end: usize) -> Vec<Range<usize>> {
    let ends = starts.iter().copied().skip(1).chain([end]).collect::<Vec<_>>();
    starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
