//! A call under way: sent, read to its end, tried again where that may help, settled, and only then let go.
//!
//! ```text
//!  try ──┬── whole ─────────────> committed ──> the held frames flow
//!        ├── failed, nothing flowed, tries left ──> wait for a turn ──> another try
//!        ├── failed otherwise ──> failed ──> delivered as it is, or cut
//!        └── deserted (cancelled), or broken though it must not happen twice ──> unknown
//! ```
//! A rate limit is no failure: it is waited out, however long that takes, unless another provider serves the model. An
//! answer that our own clamp cut short is asked for again once the budget leaves it more room.

mod land;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::sleep;

use super::{
    Order, Shared,
    aloft::Lifted,
    attempt::{Reach, Seen, attempt},
    call::Job,
    flight::{Flight, Landing},
    head::Head,
    wait::{self, Turn},
};
use crate::{
    answer::{Answer, Stop},
    budget::{Policy, Wish},
    journal::{AnotherTry, Begun, Bill, Cut, Next, Outcome, Then},
    quota::Outcome as Quota,
    refusal::Failure,
};

/// How often a call is sent at most that fails for other reasons than a rate limit.
const TRIES_MAX: u32 = 3;

/// The longest wait between two tries that no provider asked for.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// Flies a call to its end, whoever still listens.
pub(super) async fn fly(
    shared: Arc<Shared>,
    job: Arc<Job>,
    flight: Arc<Flight>,
    (begun, turn, lifted): (Begun, Turn, Lifted),
) {
    let wish = job.call.wish;
    let lifted = Some(lifted);
    let mut flying = Flying { shared, job, flight, begun, lifted, wish, failures: 0, place: turn.place };
    flying.go_on(turn).await;
}

struct Flying {
    shared: Arc<Shared>,
    job: Arc<Job>,
    flight: Arc<Flight>,
    begun: Begun,
    /// While a try is under way.
    lifted: Option<Lifted>,
    /// What the next try asks of the budgets.
    wish: Wish,
    /// Tries that failed for other reasons than a rate limit or a budget.
    failures: u32,
    /// Which of the job's providers is asked.
    place: usize,
}

impl Drop for Flying {
    /// Whatever became of it, nobody waits for it any longer. Another flight of the effect may have begun already.
    fn drop(&mut self) {
        let mut flights = self.shared.flights();
        if flights.get(&self.flight.effect).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            flights.remove(&self.flight.effect);
        }
        drop(flights);
        if !self.flight.has_landed() {
            self.flight.land(Landing::Cut);
        }
    }
}

/// A try that did not succeed, and that another may mend.
struct Trouble {
    failure: String,
    bill: Bill,
    cause: Cause,
    /// How long the provider asks to wait.
    wait: Option<Duration>,
    /// What the agent is given if there is no other try.
    instead: Option<(Head, Bytes)>,
}

/// Why a try did not succeed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The provider takes no more calls for now.
    Rate,
    /// Our clamp ended the answer.
    Clamp { output_max: u64 },
    /// The provider does not have the model, and there is one after it that may.
    Absence,
    /// Anything else.
    Failure,
}

impl Flying {
    async fn go_on(&mut self, mut turn: Turn) {
        loop {
            let slow_by = self.begun.slow_by.unwrap_or_default();
            if self.unless_given_up(sleep(slow_by)).await.is_none() {
                self.call_off().await;
                return;
            }
            let (provider, upstream) = &self.shared.providers[self.job.providers[self.place]];
            let (job, begun) = (&self.job, &self.begun);
            let seen =
                attempt(&self.shared, job, begun, (provider, upstream), (&self.flight, &turn.permit)).await;
            turn.permit.answered(quota_of(&seen));
            match self.after(seen).await {
                Some(next) => turn = next,
                None => return,
            }
        }
    }

    /// Settles a try; gives the turn for the next when there is one.
    async fn after(&mut self, seen: Seen) -> Option<Turn> {
        match seen {
            Seen::Whole { head, answer } => {
                let Some(output_max) = self.clamp_of(&answer) else {
                    self.commit(head, answer).await;
                    return None;
                };
                let (failure, cause) =
                    ("the budget cut the answer short".to_owned(), Cause::Clamp { output_max });
                let bill = self.bill(answer.usage, answer.response_id);
                self.fail(Trouble { failure, bill, cause, wait: None, instead: None }).await
            }
            Seen::Refused { failure, head, body } => {
                let said = format!("status {}: {}", head.status, failure.message);
                let lacks_model = head.status == 404 && self.place + 1 < self.job.providers.len();
                if !failure.is_retryable() && !lacks_model {
                    self.deliver_failure(said, Bill::default(), (head, body), false).await;
                    return None;
                }
                let cause = match failure.is_rate_limited() {
                    true => Cause::Rate,
                    false if lacks_model => Cause::Absence,
                    false => Cause::Failure,
                };
                let (bill, wait, instead) = (Bill::default(), failure.retry_after, Some((head, body)));
                self.fail(Trouble { failure: said, bill, cause, wait, instead }).await
            }
            Seen::Broken { message, usage, response, reach } => {
                let bill = Bill { usage, cost: self.cost(&usage), response };
                if reach == Reach::Sent && self.job.call.is_irreversible() {
                    self.lose(message, bill).await;
                    return None;
                }
                let (cause, wait, instead) = (Cause::Failure, None, None);
                self.fail(Trouble { failure: message, bill, cause, wait, instead }).await
            }
            Seen::Deserted { response } => {
                let message = "cancelled while the provider was answering".to_owned();
                self.lose(message, Bill { response, ..Bill::default() }).await;
                None
            }
        }
    }

    /// The output maximum of ours that ended the answer, if one did.
    fn clamp_of(&self, answer: &Answer) -> Option<u64> {
        self.begun.output_max.filter(|_| answer.stop == Stop::Length)
    }

    /// After a failure that another try may mend: the turn for it, unless this is the end.
    async fn fail(&mut self, trouble: Trouble) -> Option<Turn> {
        let Trouble { failure, bill, cause, wait, instead } = trouble;
        if let Cause::Clamp { output_max } = cause {
            self.wish = self.wish.after_clamp(output_max);
        }
        if self.flight.has_flowed() {
            self.cut(failure, bill, cut_by(cause)).await;
            return None;
        }
        self.failures += u32::from(cause == Cause::Failure);
        if self.failures >= TRIES_MAX {
            let instead = instead.unwrap_or_else(|| self.our_words(&failure));
            self.deliver_failure(failure, bill, instead, true).await;
            return None;
        }
        let outcome = Outcome::Failed { delivered: None, message: failure, retryable: true };
        self.settle(outcome, bill, Then::TriedAgain).await;
        let turn = self.next_try(cause, wait).await;
        if turn.is_none() && !self.flight.has_landed() {
            self.give_up().await;
            self.flight.land(Landing::Cut);
        }
        turn
    }

    /// Waits as the cause asks for, and writes that the call is sent again; `None` when it is not.
    async fn next_try(&mut self, cause: Cause, wait: Option<Duration>) -> Option<Turn> {
        let providers = self.job.providers.len();
        match cause {
            // With the next provider first; with whichever has a turn.
            Cause::Rate => self.place = (self.place + 1) % providers,
            Cause::Clamp { .. } => {}
            Cause::Absence => self.place += 1,
            Cause::Failure => {
                self.place = (self.place + 1) % providers;
                if self.place == 0 {
                    let wait = wait.unwrap_or_else(|| self.backoff());
                    self.unless_given_up(sleep(wait)).await?;
                }
            }
        }
        self.take_off_again().await
    }

    async fn take_off_again(&mut self) -> Option<Turn> {
        let mut hold = None;
        loop {
            let shared = Arc::clone(&self.shared);
            let pass = self.flight.pass();
            let turn = self.unless_given_up(shared.turn(&pass, &self.job, self.place)).await?;
            if shared.warden.order(&pass) != Order::GoOn {
                return None;
            }
            let relieved = shared.relief.notified();
            let alone = shared.aloft.is_empty();
            let lifted = shared.aloft.lift();
            let provider = &shared.providers[self.job.providers[turn.place]].0.name;
            let again = || AnotherTry::new(self.parts(), (pass.clone(), self.wish), provider.clone());
            match self.write(again).await {
                Next::Send(begun) => {
                    (self.begun, self.place, self.lifted) = (begun, turn.place, Some(lifted));
                    return Some(turn);
                }
                Next::Short { limit, until, needs } => {
                    drop((turn, lifted));
                    if limit.policy == Policy::Terminate && alone && shared.aloft.is_empty() {
                        self.end_run(&pass, &limit, needs).await;
                        return None;
                    }
                    let reason = wait::budget(&limit, until, needs);
                    hold = Some(shared.hold(&pass, reason, hold.take()));
                    self.unless_given_up(wait::looking_again(relieved, wait::latest(&limit, until))).await?;
                }
                Next::Refused => return None,
            }
        }
    }

    /// Waits, unless nobody listens any more and the attempt is told to end, or the gateway closes.
    async fn unless_given_up<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.flight.deserted() => None,
            () = self.shared.closing.cancelled() => None,
            waited = wait => Some(waited),
        }
    }

    fn backoff(&self) -> Duration {
        let doubled = self.failures.saturating_sub(1).min(16);
        (self.shared.retry_wait * 2_u32.pow(doubled)).min(WAIT_MAX)
    }
}

const fn cut_by(cause: Cause) -> Cut {
    match cause {
        Cause::Clamp { output_max } => Cut::Budget { output_max },
        Cause::Rate | Cause::Absence | Cause::Failure => Cut::Provider,
    }
}

fn quota_of(seen: &Seen) -> Quota {
    match seen {
        Seen::Refused { failure: failure @ Failure { retry_after, .. }, .. } if failure.is_rate_limited() => {
            Quota::Limited { wait: *retry_after }
        }
        Seen::Whole { .. } | Seen::Broken { .. } | Seen::Deserted { .. } | Seen::Refused { .. } => {
            Quota::Failed
        }
    }
}
