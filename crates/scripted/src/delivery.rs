//! From what is to be sent to when it is sent and how it ends: delays and faults.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    Ending, Piece,
    api::Api,
    script::{Fault, FaultKind, RawBody, Spec},
    template::Variables,
    wire::{Frame, Mark, Refusal},
};

/// The body of an answer and its end.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) ending: Ending,
}

impl Delivery {
    /// One piece that ends cleanly, after the delays that a stream of `chunks` parts would have.
    pub(crate) fn of_one(bytes: Bytes, spec: &Spec, chunks: usize) -> Self {
        let chunks = u32::try_from(chunks).unwrap_or(u32::MAX);
        let wait = before(spec).saturating_add(between(spec).saturating_mul(chunks));
        Self { pieces: vec![Piece { wait, bytes }], ending: Ending::Clean }
    }

    /// The parts of a text, one by one.
    pub(crate) fn of_raw(body: &RawBody, spec: &Spec, variables: &Variables) -> Self {
        let parts = match body {
            RawBody::Text(text) => vec![variables.fill(text)],
            RawBody::Parts(parts) => parts.iter().map(|part| variables.fill(part)).collect(),
            RawBody::Json(value) => vec![variables.fill_value(value).to_string()],
        };
        let frames = parts.into_iter().map(|part| Frame { bytes: part.into(), mark: Mark::Content });
        Self::timed(frames, spec)
    }

    /// A document, and what goes wrong in the middle of it.
    pub(crate) fn of_document(
        bytes: Bytes,
        spec: &Spec,
        chunks: usize,
        error: impl FnOnce() -> Bytes,
    ) -> Self {
        let half = || bytes.slice(..bytes.len() / 2);
        let (sent, ending) = match spec.fault.as_ref().map(|fault| fault.kind) {
            None => (bytes, Ending::Clean),
            Some(FaultKind::Refuse) => return Self::refused(),
            Some(FaultKind::Disconnect) => (half(), Ending::Reset),
            Some(FaultKind::Hang) => (half(), Ending::Hang),
            Some(FaultKind::Truncate) => (half(), Ending::Clean),
            Some(FaultKind::ErrorEvent) => (error(), Ending::Clean),
        };
        Self { ending, ..Self::of_one(sent, spec, chunks) }
    }

    /// A stream, and what goes wrong in it.
    pub(crate) fn of_stream(mut frames: Vec<Frame>, spec: &Spec, api: Api, error: &Refusal) -> Self {
        let Some(fault) = &spec.fault else { return Self::timed(frames, spec) };
        frames.truncate(sent(&frames, fault));
        let ending = match fault.kind {
            FaultKind::Refuse => return Self::refused(),
            FaultKind::Disconnect => Ending::Reset,
            FaultKind::Hang => Ending::Hang,
            FaultKind::Truncate => Ending::Clean,
            FaultKind::ErrorEvent => {
                frames.push(error.frame(api, frames.len()));
                Ending::Clean
            }
        };
        Self { ending, ..Self::timed(frames, spec) }
    }

    /// Nothing is sent and the connection is reset.
    const fn refused() -> Self {
        Self { pieces: Vec::new(), ending: Ending::Reset }
    }

    fn timed(frames: impl IntoIterator<Item = Frame>, spec: &Spec) -> Self {
        let mut first = before(spec);
        let pieces = frames.into_iter().map(|frame| {
            let wait = if frame.mark == Mark::Content { between(spec) } else { Duration::ZERO };
            Piece { wait: std::mem::take(&mut first) + wait, bytes: frame.bytes }
        });
        Self { pieces: pieces.collect(), ending: Ending::Clean }
    }
}

fn before(spec: &Spec) -> Duration {
    Duration::from_millis(spec.delay_ms.unwrap_or(0))
}

fn between(spec: &Spec) -> Duration {
    Duration::from_millis(spec.chunk_delay_ms.unwrap_or(0))
}

/// How many frames come before the fault: up to the given chunk with it, but never the end, nor anything after it.
fn sent(frames: &[Frame], fault: &Fault) -> usize {
    let end = frames.iter().position(|frame| frame.mark == Mark::End).unwrap_or(frames.len());
    let mut chunks = (0..end).filter(|at| frames[*at].mark == Mark::Content);
    match fault.after_chunks {
        None => end,
        Some(0) => chunks.next().unwrap_or(end),
        Some(count) => chunks.nth(count - 1).map_or(end, |last| last + 1),
    }
}

#[cfg(test)]
mod tests;
