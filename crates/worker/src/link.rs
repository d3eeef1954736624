//! The line to the control plane with types on it: encodes each call and decodes its answer.

use std::{sync::Arc, time::Duration};

use mainspring_api::worker::{
    Call, Claim, Concluded, Conclusion, Heartbeat, Line, Order, Progress, Recalled, Receipt, Task, Ticket,
    ToolDecision, ToolIntent, ToolSettlement, encode,
};
use mainspring_types::{Code, Problem};
use serde::de::DeserializeOwned;

/// A line with types on it.
#[derive(Clone)]
pub(crate) struct Link(Arc<dyn Line>);

impl Link {
    pub(crate) fn new(line: Arc<dyn Line>) -> Self {
        Self(line)
    }

    pub(crate) async fn claim(&self, claim: Claim) -> Result<Vec<Task>, Problem> {
        self.ask(&Call::Claim(claim)).await
    }

    pub(crate) async fn heartbeat(&self, heartbeat: Heartbeat) -> Result<Order, Problem> {
        self.ask(&Call::Heartbeat(heartbeat)).await
    }

    pub(crate) async fn progress(&self, notes: Vec<Progress>) -> Result<(), Problem> {
        self.ask(&Call::Progress(notes)).await
    }

    /// Sends a [`Call::Report`], which the caller keeps so that it can be sent again.
    pub(crate) async fn report(&self, report: &Call) -> Result<Receipt, Problem> {
        self.ask(report).await
    }

    /// Where a conversation stands; `None` when the attempt no longer counts.
    pub(crate) async fn recall(&self, ticket: &Ticket) -> Result<Option<Recalled>, Problem> {
        self.ask_until_answered(&Call::Recall(ticket.clone())).await
    }

    pub(crate) async fn intend(&self, intent: ToolIntent) -> Result<ToolDecision, Problem> {
        self.ask_until_answered(&Call::Intend(Box::new(intent))).await
    }

    pub(crate) async fn settle(&self, settlement: ToolSettlement) -> Result<Receipt, Problem> {
        self.ask_until_answered(&Call::Settle(Box::new(settlement))).await
    }

    pub(crate) async fn conclude(&self, conclusion: Conclusion) -> Result<Concluded, Problem> {
        self.ask_until_answered(&Call::Conclude(Box::new(conclusion))).await
    }

    /// Asks again while the control plane cannot be asked, or its disk is full: what is told must not be lost.
    async fn ask_until_answered<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Problem> {
        let mut backoff = Backoff::new();
        loop {
            match self.ask(call).await {
                Err(problem) if matches!(problem.code, Code::Unreachable | Code::DiskFull) => {
                    tracing::warn!(%problem, "the broker was not reached");
                    tokio::time::sleep(backoff.next()).await;
                }
                answered => return answered,
            }
        }
    }

    async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Problem> {
        let answer = self.0.call(encode(call)).await?;
        serde_json::from_slice(&answer).map_err(|error| {
            Problem::new(Code::Internal, "read the control plane's answer to a worker").because(&error)
        })
    }
}

/// The waits between tries to reach the control plane: 50 ms, doubling up to 2 s.
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(Duration::from_millis(50))
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(Duration::from_secs(2));
        wait
    }
}
