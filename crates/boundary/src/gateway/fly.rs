//! A call under way: sent, read to its end, tried again where that may help, settled, and only then let go.
//!
//! ```text
//!  try ──┬── whole ─────────────> committed ──> the held frames flow
//!        ├── failed, nothing flowed, tries left ──> wait for a turn ──> another try
//!        ├── failed otherwise ──> failed ──> delivered as it is, or cut
//!        └── deserted (cancelled) ──> unknown
//! ```
//! A rate limit is no failure: it is waited out, however long that takes, unless another provider serves the model.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mainspring_store::{Fault, StoredBody, Unit};
use mainspring_types::Code;
use tokio::{sync::oneshot, time::sleep};

use super::{
    Shared,
    attempt::{Seen, attempt},
    call::Job,
    flight::{Flight, Landing},
    head::Head,
};
use crate::{
    Usage,
    answer::{Answer, Stop},
    journal::{AnotherTry, Begun, Bill, GiveUp, Next, Outcome, Settle, Then, pack},
    price,
    provider::Provider,
    quota::{Outcome as Quota, Permit},
    refusal::{self, Failure, Kind},
};

/// How often a call is sent at most that fails for other reasons than a rate limit.
const TRIES_MAX: u32 = 3;

/// The longest wait between two tries that no provider asked for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// How long is waited before something that could not be written is written again.
const WRITE_AGAIN: Duration = Duration::from_millis(100);

/// Bodies larger than this, as they are kept, become blobs.
const INLINE_MAX: usize = 64 * 1024;

/// Flies a call to its end, whoever still listens.
pub(super) async fn fly(
    shared: Arc<Shared>,
    job: Arc<Job>,
    flight: Arc<Flight>,
    begun: Begun,
    permit: Permit,
) {
    let effect = begun.effect;
    let mut flying = Flying { shared, job, flight, begun, failures: 0, place: 0 };
    flying.to_the_end(permit).await;
    flying.shared.flights().remove(&effect);
}

struct Flying {
    shared: Arc<Shared>,
    job: Arc<Job>,
    flight: Arc<Flight>,
    begun: Begun,
    /// Tries that failed for other reasons than a rate limit.
    failures: u32,
    /// Which of the job's providers is asked.
    place: usize,
}

impl Flying {
    async fn to_the_end(&mut self, mut permit: Permit) {
        loop {
            if let Some(wait) = self.begun.slow_by {
                sleep(wait).await;
            }
            let (provider, upstream) = &self.shared.providers[self.job.providers[self.place]];
            let (job, begun) = (&self.job, &self.begun);
            let seen = attempt(&self.shared, job, begun, (provider, upstream), (&self.flight, &permit)).await;
            permit.answered(quota_of(&seen));
            match self.after(seen).await {
                Some(next) => permit = next,
                None => return,
            }
        }
    }

    /// Settles a try; gives the permit for the next when there is one.
    async fn after(&mut self, seen: Seen) -> Option<Permit> {
        match seen {
            Seen::Whole { answer, .. } if self.is_cut_by_budget(&answer) => {
                let bill = self.bill(answer.usage, answer.response_id);
                let failure = "the budget cut the answer short".to_owned();
                self.fail(Trouble { failure, bill, patience: true, wait: None, instead: None }).await
            }
            Seen::Whole { head, answer } => {
                self.commit(head, answer).await;
                None
            }
            Seen::Refused { failure, head, body } => {
                let (patience, wait) = (failure.is_rate_limited(), failure.retry_after);
                if failure.is_retryable() {
                    let (failure, bill) = (said(&failure, head.status), Bill::default());
                    let instead = Some((head, body));
                    return self.fail(Trouble { failure, bill, patience, wait, instead }).await;
                }
                self.deliver_failure(said(&failure, head.status), Bill::default(), (head, body), false).await;
                None
            }
            Seen::Broken { message, usage, response } => {
                let bill = Bill { usage, cost: self.cost(&usage), response };
                self.fail(Trouble { failure: message, bill, patience: false, wait: None, instead: None })
                    .await
            }
            Seen::Deserted { response } => {
                let message = "cancelled while the provider was answering".to_owned();
                let bill = Bill { response, ..Bill::default() };
                self.settle(Outcome::Unknown { message }, bill, Then::Settled).await;
                self.flight.land(Landing::Cut);
                None
            }
        }
    }

    fn is_cut_by_budget(&self, answer: &Answer) -> bool {
        self.begun.output_max.is_some() && answer.stop == Stop::Length
    }

    async fn commit(&mut self, mut head: Head, answer: Answer) {
        let mut pieces = self.flight.flown();
        pieces.push(answer.held.clone());
        let bill = self.bill(answer.usage, answer.response_id);
        head.stop = Some(word(answer.stop).to_owned());
        head.model = answer.model;
        let body = self.body(pieces.concat()).await;
        let outcome = Outcome::Committed { head: head.document(), body, stop: word(answer.stop) };
        self.settle(outcome, bill, Then::Settled).await;
        if !self.flight.has_flowed() {
            self.flight.begin(head);
        }
        self.flight.flow(answer.held);
        self.flight.land(Landing::Whole);
    }

    /// After a failure that another try may mend: the permit for it, unless this is the end.
    async fn fail(&mut self, trouble: Trouble) -> Option<Permit> {
        self.failures += u32::from(!trouble.patience);
        if self.flight.has_flowed() {
            let Trouble { failure: message, bill, .. } = trouble;
            let outcome = Outcome::Failed { delivered: None, message, retryable: true };
            self.settle(outcome, bill, Then::Settled).await;
            self.flight.land(Landing::Cut);
            return None;
        }
        if self.failures >= TRIES_MAX {
            let instead = trouble.instead.unwrap_or_else(|| self.our_words(&trouble.failure));
            self.deliver_failure(trouble.failure, trouble.bill, instead, true).await;
            return None;
        }
        let outcome = Outcome::Failed { delivered: None, message: trouble.failure, retryable: true };
        self.settle(outcome, trouble.bill, Then::TriedAgain).await;
        self.place = (self.place + 1) % self.job.providers.len();
        let waited_for_quota = trouble.patience && self.job.providers.len() == 1;
        if !waited_for_quota && self.place == 0 {
            sleep(trouble.wait.unwrap_or_else(|| self.backoff())).await;
        }
        self.take_off_again().await
    }

    /// Waits for a turn and for the budget, and writes that the call is sent again.
    async fn take_off_again(&mut self) -> Option<Permit> {
        loop {
            let pass = self.flight.pass();
            let provider = &self.shared.providers[self.job.providers[self.place]].0;
            let permit = self.shared.permit(&pass, provider, &self.job.call.model).await;
            let (unit, answer) = AnotherTry::new(self.parts(), pass.clone(), provider.name.clone());
            match self.write(unit, answer).await {
                Next::Send(begun) => {
                    self.begun = begun;
                    return Some(permit);
                }
                Next::Short { limit, until, needs } => {
                    drop(permit);
                    self.shared.relief(&pass, &limit, until, needs).await;
                }
                Next::Refused => {
                    let (unit, answer) = GiveUp::new(self.parts());
                    self.write(unit, answer).await;
                    self.flight.land(Landing::Cut);
                    return None;
                }
            }
        }
    }

    async fn deliver_failure(
        &mut self,
        message: String,
        bill: Bill,
        (head, body): (Head, Bytes),
        retryable: bool,
    ) {
        let kept = self.body(body.to_vec()).await;
        let outcome = Outcome::Failed { delivered: Some((head.document(), kept)), message, retryable };
        self.settle(outcome, bill, Then::Settled).await;
        self.flight.land(Landing::Instead(head, body));
    }

    /// What the agent is told when the provider told us nothing that could be passed on.
    fn our_words(&self, failure: &str) -> (Head, Bytes) {
        let code = Code::ProviderFailed.as_str();
        let body = refusal::body(Some(&self.job.route), 502, Kind::Unavailable, code, failure);
        (Head::ours(502), body.into())
    }

    fn backoff(&self) -> Duration {
        let doubled = self.failures.saturating_sub(1).min(16);
        (self.shared.retry_wait * 2_u32.pow(doubled)).min(WAIT_MAX)
    }

    /// What the answer used: as the provider says or, where it does not, what was set aside for it.
    fn bill(&self, usage: Option<Usage>, response: Option<String>) -> Bill {
        let usage = usage.unwrap_or_else(|| {
            let input_tokens = self.job.call.wish.input_bound.min(self.begun.hold.tokens);
            let output_tokens = self.begun.hold.tokens - input_tokens;
            Usage { input_tokens, output_tokens, ..Usage::default() }
        });
        Bill { usage, cost: self.cost(&usage), response }
    }

    fn cost(&self, usage: &Usage) -> price::NanoUsd {
        let provider: &Provider = &self.shared.providers[self.job.providers[self.place]].0;
        let priced = self.shared.prices.price_at(provider, self.job.route.family, &self.job.call.model);
        price::cost(&priced.price, usage)
    }

    /// The body as it is kept: packed, and as a blob when it is large even so.
    async fn body(&self, body: Vec<u8>) -> StoredBody {
        let size = body.len() as u64;
        let (packed, kept) = pack(&body);
        let kept = kept.into_owned();
        if kept.len() <= INLINE_MAX {
            return StoredBody { packed, size, bytes: Some(kept), hash: None };
        }
        let hash = self.shared.keep_blob(&self.job.call.pass.key.tenant, kept).await;
        StoredBody { packed, size, bytes: None, hash: Some(hash) }
    }

    async fn settle(&self, outcome: Outcome, bill: Bill, then: Then) {
        let outcome = Arc::new(outcome);
        loop {
            let (unit, answer) = Settle::new(self.parts(), Arc::clone(&outcome), bill.clone(), then);
            if self.written(unit, answer).await.is_some() {
                return;
            }
        }
    }

    fn parts(&self) -> (Arc<crate::journal::Call>, crate::journal::Ledger, Begun) {
        (Arc::clone(&self.job.call), self.shared.ledger.clone(), self.begun)
    }

    async fn write<T>(&self, unit: Box<impl Unit>, answer: oneshot::Receiver<Result<T, Fault>>) -> T {
        match self.written(unit, answer).await {
            Some(written) => written,
            // The server is going down; what is in flight is unknown to the next one.
            None => std::future::pending().await,
        }
    }

    /// What was written; `None` when it was not and may be tried again, after a wait.
    async fn written<T>(
        &self,
        unit: Box<impl Unit>,
        answer: oneshot::Receiver<Result<T, Fault>>,
    ) -> Option<T> {
        if (self.shared.submit)(unit).is_err() {
            return std::future::pending().await;
        }
        match answer.await {
            Ok(Ok(written)) => Some(written),
            Ok(Err(fault)) => {
                tracing::error!(run = %self.job.call.pass.key.run, %fault, "an answer was not written down yet");
                sleep(WRITE_AGAIN).await;
                None
            }
            Err(_) => std::future::pending().await,
        }
    }
}

/// A failure that another try may mend.
struct Trouble {
    failure: String,
    bill: Bill,
    /// Whether it is only a rate limit, or a budget: waited out, and not counted.
    patience: bool,
    /// How long the provider asks to wait.
    wait: Option<Duration>,
    /// What the agent is given if there is no other try.
    instead: Option<(Head, Bytes)>,
}

fn said(failure: &Failure, status: u16) -> String {
    format!("status {status}: {}", failure.message)
}

fn quota_of(seen: &Seen) -> Quota {
    match seen {
        Seen::Whole { .. } | Seen::Broken { .. } | Seen::Deserted { .. } => Quota::Failed,
        Seen::Refused { failure, .. } if failure.is_rate_limited() => {
            Quota::Limited { wait: failure.retry_after }
        }
        Seen::Refused { .. } => Quota::Failed,
    }
}

const fn word(stop: Stop) -> &'static str {
    match stop {
        Stop::Natural => "natural",
        Stop::Length => "length",
        Stop::Tool => "tool",
        Stop::Other => "other",
    }
}
