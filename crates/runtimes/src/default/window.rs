//! The part of a conversation that fits the model: what is left out, and in which order.
//!
//! Shortening is a view: the conversation stays whole, and what was once left out stays out, so that the beginning of
//! the requests stays the same and a provider's cache goes on serving it. Left out are, until the request fits:
//! 1. outputs of tools but those of the last steps, each replaced by a line;
//! 2. what the model thought before its last answer;
//! 3. whole turns of the past but the last ones;
//! 4. steps of this turn but the last ones;
//! 5. the middles of the outputs that are left.
//!
//! The instructions, the first message, the messages this turn answers, and half of a call with its result never are.

mod estimate;
mod shortening;
mod view;

use std::collections::BTreeSet;

use super::{Bounds, Message, ModelRequest, TokenUsage};
use shortening::Shortening;
use view::view;

/// The room left for an answer whose length the definition does not bound.
const ANSWER_TOKENS: u64 = 8_192;

/// How much fits, and what is left out so that it does.
#[derive(Debug)]
pub(super) struct Window {
    /// Estimated tokens of instructions, tools and schema, which every request has.
    fixed: u64,
    /// Tokens that a request may have.
    limit: u64,
    /// Real tokens for a thousand estimated ones, as the provider counted the last request.
    per_mille: u64,
    /// Estimated tokens of the last request.
    asked: u64,
    left_out: LeftOut,
}

/// What the model does not see of a conversation, by the index of the message.
#[derive(Clone, PartialEq, Eq, Debug)]
struct LeftOut {
    /// Outputs of tools, by message and part.
    outputs: BTreeSet<(usize, usize)>,
    /// Messages whose thinking is left out.
    thoughts: BTreeSet<usize>,
    /// Whole messages.
    messages: BTreeSet<usize>,
    /// The characters of an output that are kept.
    output_chars: usize,
}

impl Window {
    /// The window of a turn whose requests all have what `bare` has.
    pub(super) fn of(bounds: &Bounds, bare: &ModelRequest) -> Self {
        let room = bare.options.max_output_tokens.unwrap_or(ANSWER_TOKENS).min(bounds.context_tokens / 2);
        Self {
            fixed: estimate::frame(bare),
            limit: bounds.context_tokens - room,
            per_mille: 1000,
            asked: 0,
            left_out: LeftOut {
                outputs: BTreeSet::new(),
                thoughts: BTreeSet::new(),
                messages: BTreeSet::new(),
                output_chars: bounds.output_chars as usize,
            },
        }
    }

    /// The conversation as the model sees it, and what had to be left out of it now, in words.
    ///
    /// `began` is the index of the first message that this turn answers.
    pub(super) fn fit(&mut self, conversation: &[Message], began: usize) -> (Vec<Message>, Option<String>) {
        let mut seen = view(conversation, &self.left_out);
        self.asked = self.fixed + estimate::messages(&seen);
        let mut told = None;
        if self.real(self.asked) > self.limit {
            told = self.shorten(conversation, began);
            seen = view(conversation, &self.left_out);
            self.asked = self.fixed + estimate::messages(&seen);
        }
        (seen, told)
    }

    /// Takes the provider's count of the last request as the measure of the next.
    pub(super) fn learn(&mut self, usage: &TokenUsage) {
        if usage.sent() > 0 && self.asked > 0 {
            // Bounded, since a count may be wrong; never far below the estimate, which errs on the safe side.
            self.per_mille = (usage.sent().saturating_mul(1000) / self.asked).clamp(800, 4000);
        }
    }

    /// Takes half of the last request as what fits, since the provider said that it was too long. What had to be left
    /// out, in words; `None` when nothing more can be.
    pub(super) fn tighten(&mut self, conversation: &[Message], began: usize) -> Option<String> {
        self.limit = self.limit.min(self.real(self.asked) / 2);
        self.shorten(conversation, began)
    }

    fn shorten(&mut self, conversation: &[Message], began: usize) -> Option<String> {
        // Below the limit by a quarter, so that the next steps need no shortening and keep the provider's cache.
        let target = self.estimated(self.limit / 4 * 3).saturating_sub(self.fixed);
        let limit = self.estimated(self.limit).saturating_sub(self.fixed);
        let mut shortening = Shortening::of(conversation, began, &mut self.left_out);
        shortening.until(target, limit);
        shortening.told()
    }

    const fn real(&self, estimated: u64) -> u64 {
        estimated.saturating_mul(self.per_mille) / 1000
    }

    const fn estimated(&self, real: u64) -> u64 {
        real.saturating_mul(1000) / self.per_mille
    }
}
