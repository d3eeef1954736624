//! What is learned of an answer while it is read.

use bytes::Bytes;

use super::{Answer, End, Stop};
use crate::{Usage, refusal::Told};

/// What is known of an answer so far.
#[derive(Default, Debug)]
pub(super) struct Notes {
    pub(super) response_id: Option<String>,
    pub(super) usage: Option<Usage>,
    model: Option<String>,
    stop: Option<Stop>,
    ended: bool,
    fault: Option<End>,
}

impl Notes {
    /// Remembers the first id and the first model that are told.
    pub(super) fn name(&mut self, id: Option<&str>, model: Option<&str>) {
        for (kept, told) in [(&mut self.response_id, id), (&mut self.model, model)] {
            if kept.is_none() {
                // Azure's first chunk names nothing: its id and its model are empty.
                *kept = told.filter(|told| !told.is_empty()).map(str::to_owned);
            }
        }
    }

    /// Remembers why the model stopped. Waiting for a tool wins over having nothing to add, which some APIs say of both.
    pub(super) fn stop(&mut self, stop: Stop) {
        if !(self.stop == Some(Stop::Tool) && stop == Stop::Natural) {
            self.stop = Some(stop);
        }
    }

    /// Remembers that the answer has all it should have.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether the answer has all it should have.
    pub(super) fn is_ended(&self) -> bool {
        self.ended && self.fault.is_none()
    }

    /// Remembers an error in place of an answer, in any of the shapes providers give it.
    pub(super) fn error(&mut self, body: &[u8]) {
        let told = Told::read(body);
        let retryable = told.is_passing();
        self.fault.get_or_insert(End::ErrorEvent { message: told.message, retryable });
    }

    /// Remembers that the answer is not what the API answers.
    pub(super) fn malformed(&mut self, detail: String) {
        self.fault.get_or_insert(End::Malformed { detail });
    }

    /// Remembers that the answer stops in the middle.
    pub(super) fn truncated(&mut self) {
        self.fault.get_or_insert(End::Truncated);
    }

    /// The answer, once nothing more will come.
    pub(super) fn into_answer(self, held: Bytes) -> Answer {
        let end = match self.fault {
            Some(fault) => fault,
            None if self.ended => End::Whole,
            None => End::Truncated,
        };
        Answer {
            end,
            usage: self.usage,
            response_id: self.response_id,
            model: self.model,
            stop: self.stop.unwrap_or(Stop::Other),
            held,
        }
    }
}
