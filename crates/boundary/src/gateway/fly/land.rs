//! How a try ended, written down; only then is the agent told.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mainspring_store::StoredBody;
use mainspring_types::Code;
use tokio::time::sleep;

use super::Flying;
use crate::{
    Pass, Usage,
    answer::{Answer, Stop},
    budget::Limit,
    gateway::{flight::Landing, head::Head, wait::out_of_budget},
    journal::{Begun, Bill, Call, Cut, GiveUp, Outcome, Register, Settle, Then},
    price,
    refusal::{self, Kind},
    work::{self, Work},
};

/// How long is waited before something that could not be written is written again.
const WRITE_AGAIN: Duration = Duration::from_millis(100);

impl Flying {
    /// A whole answer: what was held back of it flows once it is durable.
    pub(super) async fn commit(&mut self, mut head: Head, answer: Answer) {
        let mut pieces = self.flight.flown();
        pieces.push(answer.held.clone());
        let bill = self.bill(answer.usage, answer.response_id);
        head.stop = Some(word(answer.stop).to_owned());
        head.model = answer.model;
        let body = self.body(pieces.concat()).await;
        let outcome = Outcome::Committed { head: head.document(), body, stop: word(answer.stop) };
        self.settle(outcome, bill, Then::Settled).await;
        self.flight.complete(head, answer.held);
    }

    /// A failure after something had flowed: recorded as far as it was delivered.
    pub(super) async fn cut(&mut self, message: String, bill: Bill, cut: Cut) {
        let head = self.flight.head().unwrap_or_else(|| Head::ours(502));
        let head = Head { cut: Some(cut), ..head };
        let body = self.body(self.flight.flown().concat()).await;
        let delivered = Some((head.document(), body));
        self.settle(Outcome::Failed { delivered, message, retryable: true }, bill, Then::Settled).await;
        self.flight.land(Landing::Cut);
    }

    /// A failure before anything had flowed: the agent gets what there is instead.
    pub(super) async fn deliver_failure(
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

    /// Whether the provider went on is not known, and what was set aside for it stays so.
    pub(super) async fn lose(&mut self, message: String, bill: Bill) {
        self.settle(Outcome::Unknown { message }, bill, Then::Settled).await;
        self.flight.land(match self.job.unknowable(self.begun.effect) {
            Some(message) if !self.flight.has_flowed() => {
                let (head, body) = self.ours(409, (Kind::Forbidden, Code::EffectUnknown), &message);
                Landing::Instead(head, body)
            }
            _ => Landing::Cut,
        });
    }

    /// A budget stands in the way of another try, and the run is to end for it.
    pub(super) async fn end_run(&self, pass: &Pass, limit: &Limit, needs: u64) {
        let problem = out_of_budget(limit, needs);
        let (head, body) = self.ours(402, (Kind::Exhausted, problem.code), &problem.message);
        self.shared.warden.end(pass, problem);
        self.give_up().await;
        self.flight.land(Landing::Instead(head, body));
    }

    /// A try that was written and then not sent.
    pub(super) async fn call_off(&mut self) {
        let message = "it was not sent: nobody waited for it any longer".to_owned();
        let outcome = Outcome::Failed { delivered: None, message, retryable: true };
        self.settle(outcome, Bill::default(), Then::Settled).await;
        self.flight.land(Landing::Cut);
    }

    /// Settles an effect whose last try is settled and that nobody asks for any more.
    pub(super) async fn give_up(&self) {
        self.write(|| GiveUp::new(self.parts())).await;
    }

    /// What the agent is told when the provider told us nothing that could be passed on.
    pub(super) fn our_words(&self, failure: &str) -> (Head, Bytes) {
        self.ours(502, (Kind::Unavailable, Code::ProviderFailed), failure)
    }

    /// An answer of ours in place of the provider's.
    pub(super) fn ours(&self, status: u16, (kind, code): (Kind, Code), message: &str) -> (Head, Bytes) {
        let body = refusal::body(Some(&self.job.route), status, kind, code.as_str(), message);
        (Head::refusing(status), body.into())
    }

    /// What the answer used: as the provider says or, where it does not, what was set aside for it.
    pub(super) fn bill(&self, usage: Option<Usage>, response: Option<String>) -> Bill {
        let usage = usage.unwrap_or_else(|| {
            let input_tokens = self.job.call.wish.input_bound.min(self.begun.hold.tokens);
            let output_tokens = self.begun.hold.tokens - input_tokens;
            Usage { input_tokens, output_tokens, ..Usage::default() }
        });
        Bill { usage, cost: self.cost(&usage), response }
    }

    pub(super) fn cost(&self, usage: &Usage) -> price::NanoUsd {
        let provider = &self.shared.providers[self.job.providers[self.place]].0;
        let priced = self.shared.prices.price_at(provider, self.job.route.family, &self.job.call.model);
        price::cost(&priced.price, usage)
    }

    async fn body(&self, body: Vec<u8>) -> StoredBody {
        self.shared.keep(&self.job.call.pass.key.tenant, &body).await
    }

    pub(super) async fn settle(&mut self, outcome: Outcome, bill: Bill, then: Then) {
        let outcome = Arc::new(outcome);
        self.write(|| Settle::new(self.parts(), Arc::clone(&outcome), bill.clone(), then)).await;
        self.lifted = None;
        // What was held beyond what was used is free for others.
        self.shared.relief.notify_waiters();
    }

    pub(super) fn parts(&self) -> (Arc<Call>, Register, Begun) {
        (Arc::clone(&self.job.call), self.shared.ledger.clone(), self.begun)
    }

    /// Does work in the writer's transaction, as often as it takes.
    pub(super) async fn write<W: Work>(&self, work: impl Fn() -> W) -> W::Outcome {
        loop {
            match work::asked(&self.shared.submit, work()).await {
                Some(Ok(written)) => return written,
                Some(Err(fault)) => {
                    let run = self.job.call.pass.key.run;
                    tracing::error!(%run, %fault, "what became of a call was not written down yet");
                    sleep(WRITE_AGAIN).await;
                }
                // The server is going down; what is in flight is unknown to the next one.
                None => std::future::pending().await,
            }
        }
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
