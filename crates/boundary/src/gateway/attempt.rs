//! One try: the request out, the answer in, piece by piece.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mainspring_types::Timestamp;
use tokio::time::timeout;

use super::{Shared, call::Job, flight::Flight, head::Head};
use crate::{
    Usage,
    answer::{Answer, End, Reader, UsageChunk},
    journal::{Begun, Identify},
    provider::Provider,
    quota::{Permit, exhausted},
    refusal::{Cure, Failure, classify},
    upstream::{Broken, Incoming, Upstream},
    work,
};

/// The most that is read of an answer that refuses a call.
const REFUSAL_MAX: usize = 1024 * 1024;

/// The largest answer.
const ANSWER_MAX: usize = 256 * 1024 * 1024;

/// How long is waited for the end of a body whose answer is complete: what may still come is what it used.
const AFTERWARDS: Duration = Duration::from_millis(250);

/// What came of a try.
pub(super) enum Seen {
    /// A whole answer; what the reader held back has not flowed.
    Whole { head: Head, answer: Answer },
    /// Another status than success.
    Refused { failure: Failure, head: Head, body: Bytes },
    /// No answer, or a part of one.
    Broken { message: String, usage: Usage, response: Option<String>, reach: Reach },
    /// Nobody listens any more, and the attempt is told to end: the provider is left.
    Deserted { response: Option<String> },
}

/// How far a try came that was not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// The provider never had it.
    Unsent,
    /// The provider may have acted on it.
    Sent,
}

pub(super) async fn attempt(
    shared: &Shared,
    job: &Job,
    begun: &Begun,
    (provider, upstream): (&Provider, &Upstream),
    (flight, permit): (&Flight, &Permit),
) -> Seen {
    let mut attempt = Attempt { shared, job, begun, provider, flight, permit, response: None };
    let seen = tokio::select! {
        biased;
        () = flight.deserted() => None,
        seen = attempt.run(upstream) => Some(seen),
    };
    seen.unwrap_or(Seen::Deserted { response: attempt.response })
}

struct Attempt<'a> {
    shared: &'a Shared,
    job: &'a Job,
    begun: &'a Begun,
    provider: &'a Provider,
    flight: &'a Flight,
    permit: &'a Permit,
    /// The provider's id of the answer, once it is known.
    response: Option<String>,
}

impl Attempt<'_> {
    async fn run(&mut self, upstream: &Upstream) -> Seen {
        let outgoing = self.job.outgoing(self.begun.output_max);
        let incoming = match upstream.send(self.provider, self.job.route.family, outgoing).await {
            Ok(incoming) => incoming,
            Err(broken) => return self.unanswered(&broken),
        };
        let head = Head::new(incoming.status, &incoming.headers);
        let spent = exhausted(|name| head.get(name), Timestamp::now());
        if (200..300).contains(&head.status) {
            self.permit.accepted(spent);
            self.read(head, incoming).await
        } else {
            self.refused(head, incoming).await
        }
    }

    async fn read(&mut self, head: Head, mut incoming: Incoming) -> Seen {
        let usage_chunk = if self.job.asks_for_usage() { UsageChunk::Ours } else { UsageChunk::Wanted };
        let mut reader = Reader::new(&self.job.route, self.job.stream, usage_chunk);
        let mut size = 0;
        let broken = loop {
            match self.next(&mut incoming, &reader).await {
                Ok(Some(bytes)) => {
                    size += bytes.len();
                    if size > ANSWER_MAX {
                        return self.failed("an answer over 256 MB", reader.seen());
                    }
                    let flowing = reader.push(bytes);
                    self.identify(&reader);
                    if !flowing.is_empty() {
                        if !self.flight.has_flowed() {
                            self.flight.begin(head.clone());
                        }
                        self.flight.flow(flowing);
                    }
                }
                Ok(None) => break None,
                Err(broken) => break Some(broken),
            }
        };
        let seen = reader.seen();
        let answer = reader.finish();
        match (&answer.end, broken) {
            // What becomes of the connection after a whole answer takes nothing from it.
            (End::Whole, _) => Seen::Whole { head, answer },
            (End::ErrorEvent { message, retryable: false }, _) if !self.flight.has_flowed() => {
                let failure = Failure { cure: Cure::Nothing, retry_after: None, message: message.clone() };
                self.told(failure, head, answer.held)
            }
            (End::ErrorEvent { message, .. }, _) => self.failed(&format!("an error: {message}"), seen),
            (_, Some(broken)) => self.broken(&broken, seen),
            (End::Truncated, None) => self.failed("an answer without its end", seen),
            (End::Malformed { detail }, None) => {
                self.failed(&format!("no answer of its API: {detail}"), seen)
            }
        }
    }

    /// The next piece. An answer that has all it should have is not waited on for long.
    async fn next(&self, incoming: &mut Incoming, reader: &Reader) -> Result<Option<Bytes>, Broken> {
        let next = incoming.body.next(self.provider);
        if reader.is_complete() { timeout(AFTERWARDS, next).await.unwrap_or(Ok(None)) } else { next.await }
    }

    async fn refused(&mut self, head: Head, mut incoming: Incoming) -> Seen {
        let mut body = BytesMut::new();
        while body.len() < REFUSAL_MAX {
            match incoming.body.next(self.provider).await {
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                // What there is of it still says more than that it broke off.
                Ok(None) | Err(_) => break,
            }
        }
        let failure = classify(head.status, |name| head.get(name), &body, Timestamp::now());
        self.told(failure, head, body.freeze())
    }

    /// A refusal as the agent and the journal may have it: some providers repeat the key that they were shown.
    fn told(&self, failure: Failure, mut head: Head, body: Bytes) -> Seen {
        let Failure { cure, retry_after, message } = failure;
        for (_, value) in &mut head.headers {
            *value = self.shared.scrub(value);
        }
        let text = String::from_utf8_lossy(&body);
        let clean = self.shared.scrub(&text);
        let body = if clean == text { body } else { clean.into() };
        Seen::Refused {
            failure: Failure { cure, retry_after, message: self.shared.scrub(&message) },
            head,
            body,
        }
    }

    /// Writes the provider's id of the answer down as soon as it is known; nobody waits for it.
    fn identify(&mut self, reader: &Reader) {
        if self.response.is_some() || !self.job.call.is_irreversible() {
            return;
        }
        let Some(id) = reader.response_id() else { return };
        self.response = Some(id.to_owned());
        let key = self.job.call.pass.key.clone();
        let (effect, number, response) = (self.begun.effect, self.begun.number, id.to_owned());
        // A writer that has stopped writes the settlement neither, and the effect is unknown.
        let _ = work::tell(&self.shared.submit, Identify { key, effect, number, response });
    }

    fn unanswered(&self, broken: &Broken) -> Seen {
        let reach = if matches!(broken, Broken::Unreachable { .. }) { Reach::Unsent } else { Reach::Sent };
        let message = self.shared.scrub(&broken.to_string());
        Seen::Broken { message, usage: Usage::default(), response: None, reach }
    }

    fn broken(&self, broken: &Broken, usage: Usage) -> Seen {
        self.without(&broken.to_string(), usage)
    }

    fn failed(&self, what: &str, usage: Usage) -> Seen {
        self.without(&format!("{} sent {what}", self.provider.name), usage)
    }

    fn without(&self, message: &str, usage: Usage) -> Seen {
        let (message, usage) = (self.shared.scrub(message), self.estimate(usage));
        Seen::Broken { message, usage, response: self.response.clone(), reach: Reach::Sent }
    }

    /// What a broken answer is charged: the provider's own count as far as it came. Where it has not told its input yet
    /// that is the most it can be; and a token for each four bytes that flowed, where that is more than it told.
    fn estimate(&self, seen: Usage) -> Usage {
        let flowed: usize = self.flight.flown().iter().map(Bytes::len).sum();
        let output_tokens = seen.output_tokens.max(flowed as u64 / 4);
        let told = seen.input_tokens + seen.cache_read_tokens + seen.cache_creation_tokens;
        let input_tokens = if told == 0 { self.job.call.wish.input_bound } else { seen.input_tokens };
        Usage { input_tokens, output_tokens, ..seen }
    }
}
