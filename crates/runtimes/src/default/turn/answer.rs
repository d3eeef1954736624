//! What follows from an answer of the model.

use serde_json::Value;

use super::action::{Ending, RemarkKind, ToolCall};
use super::round::Round;
use super::{Phase, Slips, Turn, failure};
use crate::default::{
    Calls, Message, ModelAnswer, Part, Role, Stop,
    kit::{self, Wrong},
    notice, structure,
};

/// How often in a row an answer may be empty, and how often in a turn not valid, before the turn fails.
const SLIPS_MAX: u32 = 3;

impl Turn {
    /// Takes in an answer.
    pub(super) fn answered(&mut self, answer: ModelAnswer) {
        self.usage += answer.usage;
        self.window.learn(&answer.usage);
        match answer.stop {
            Stop::Refused => self.fail(failure::declined(answer)),
            Stop::Length => self.cut_off(answer.parts),
            Stop::End | Stop::Tools | Stop::Other => self.complete(answer.parts),
        }
    }

    /// A whole answer: calls, words, or nothing.
    fn complete(&mut self, parts: Vec<Part>) {
        let parts = self.kept(parts);
        let calls: Vec<_> = parts.iter().filter_map(call).collect();
        let message = Message { role: Role::Assistant, parts };
        if !calls.is_empty() {
            self.called(message, calls);
        } else if message.plain().trim().is_empty() {
            self.empty();
        } else {
            self.said(message);
        }
    }

    fn called(&mut self, mut message: Message, calls: Vec<ToolCall>) {
        if self.calls() == Calls::Forbidden {
            message.parts.retain(|part| matches!(part, Part::Text { .. }));
            if !message.parts.is_empty() {
                self.conversation.push(message);
            }
            return self.fail(failure::out_of_steps(self.brief.bounds.steps));
        }
        self.conversation.push(message);
        self.slips = Slips { invalid: self.slips.invalid, too_long: self.slips.too_long, ..Slips::default() };
        let checked: Vec<_> = calls
            .into_iter()
            .map(|call| {
                let checked = self.kit.check(&call.name, &call.arguments);
                (call, checked)
            })
            .collect();
        for (_, checked) in &checked {
            if let Err(Wrong::Arguments(words)) = checked {
                self.remark(RemarkKind::Call, words.clone());
            }
        }
        self.phase = Phase::Calling(Round::of(self.number, self.step, checked));
        self.go_on();
    }

    /// The final answer, if it is what was asked for.
    fn said(&mut self, message: Message) {
        let text = self.slips.cut_off.take().unwrap_or_default() + &message.plain();
        self.slips.empty = 0;
        self.conversation.push(message);
        let read = self.schema.as_ref().map(|schema| structure::read(&text, schema));
        match read {
            None => self.finish(text.clone(), Value::String(text), Ending::Ended),
            Some(Ok(output)) => self.finish(text, output, Ending::Ended),
            Some(Err(errors)) => self.repair(&errors),
        }
    }

    fn repair(&mut self, errors: &[String]) {
        if self.slips.invalid == SLIPS_MAX || self.calls() == Calls::Forbidden {
            return self.fail(failure::invalid(errors));
        }
        self.slips.invalid += 1;
        self.again(
            notice::repair(errors),
            &format!("the answer is not what was asked for: {}", errors.join("; ")),
        );
    }

    fn empty(&mut self) {
        if self.slips.empty == SLIPS_MAX {
            return self.fail(failure::empty(SLIPS_MAX + 1));
        }
        self.slips.empty += 1;
        self.again(notice::empty(), "the answer is empty");
    }

    /// An answer that broke off at the most tokens it may have: its words count, its calls do not.
    fn cut_off(&mut self, parts: Vec<Part>) {
        let parts = self.kept(parts).into_iter().filter(|part| matches!(part, Part::Text { .. })).collect();
        let message = Message { role: Role::Assistant, parts };
        let text = message.plain();
        if !text.trim().is_empty() {
            self.conversation.push(message);
        }
        if self.slips.cut_off.is_some() {
            return self.fail(failure::too_long(&self.brief.options));
        }
        self.slips.cut_off = Some(text);
        self.again(notice::go_on(), "the answer was cut off at the most tokens it may have");
    }

    fn again(&mut self, notice: Message, why: &str) {
        self.remark(RemarkKind::Retry, format!("{why}: the model is asked again"));
        self.conversation.push(notice);
        self.ask();
    }

    /// The parts of an answer that a provider takes back, each call under an id of its own.
    fn kept(&self, parts: Vec<Part>) -> Vec<Part> {
        let mut kept: Vec<Part> = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Text { ref text, opaque: None } if text.is_empty() => {}
                Part::Image { .. } | Part::ToolResult { .. } => {}
                Part::ToolUse { id, name, arguments, opaque } => {
                    let taken = id.is_empty()
                        || kept.iter().any(|part| matches!(part, Part::ToolUse { id: of, .. } if *of == id));
                    let id = if taken {
                        format!("call_{}_{}_{}", self.number, self.step, kept.len() + 1)
                    } else {
                        id
                    };
                    kept.push(Part::ToolUse { id, name, arguments: kit::arguments(arguments), opaque });
                }
                part => kept.push(part),
            }
        }
        kept
    }
}

fn call(part: &Part) -> Option<ToolCall> {
    match part {
        Part::ToolUse { id, name, arguments, .. } => {
            Some(ToolCall { id: id.clone(), name: name.clone(), arguments: arguments.clone() })
        }
        _ => None,
    }
}
