//! Answers, and how soon the sessions go on.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use futures_util::{
    TryStreamExt as _,
    future::{join, join_all},
};
use mainspring_api::{
    client::Client,
    gate::{Action, AnswerGate, GateKind},
    run::RunStatus,
};
use mainspring_types::{RunId, Timestamp};

use super::{arrivals::Arrivals, inbox::Waiting};
use crate::{ceiling::Journal, w1::PAYLOAD};

/// Gives answers to sessions and hears them go on.
#[derive(Clone, Copy)]
pub(super) struct Answers<'a> {
    pub(super) client: &'a Client,
    pub(super) arrivals: &'a Arrivals,
}

/// How one session went on.
pub(super) struct Woken {
    pub(super) kind: GateKind,
    /// From the answer to its receipt, which says that it is durable.
    pub(super) receipt: Duration,
    /// From the answer to the session's next model request, as it arrives at the model.
    pub(super) request: Duration,
    arrived: Instant,
}

/// How many sessions went on that were answered together, from the first answer on.
pub(super) struct Flood {
    /// Until the last of their next model requests.
    pub(super) requests: Duration,
    /// Until the last of them had ended.
    pub(super) ends: Duration,
}

impl Answers<'_> {
    /// Answers one after the other, each when the one before has ended.
    pub(super) async fn one_by_one(self, sessions: &[Waiting]) -> Vec<Woken> {
        let mut woken = Vec::new();
        for session in sessions {
            woken.push(self.wake(session).await);
            self.ended(session.run).await;
        }
        woken
    }

    /// Answers all of them at once.
    pub(super) async fn together(self, sessions: &[Waiting]) -> Flood {
        let (began, at) = (Instant::now(), Timestamp::now());
        let woken = join_all(sessions.iter().map(|session| self.wake(session))).await;
        let mut ended = at;
        for session in sessions {
            ended = ended.max(self.ended(session.run).await);
        }
        let last = woken.iter().map(|woken| woken.arrived).max().unwrap_or(began);
        Flood { requests: last - began, ends: ended.since(at) }
    }

    async fn wake(self, session: &Waiting) -> Woken {
        let next = self.arrivals.next_of(session.number);
        let (action, message) = match session.kind {
            GateKind::Approval => (Action::Approve, None),
            _ => (Action::Answer, Some("Yes.".to_owned())),
        };
        let answer = AnswerGate { action, arguments: None, message, remember: false };
        let began = Instant::now();
        let answered = async {
            self.client.answer_gate(session.gate, &answer).await.expect("nobody else answers");
            began.elapsed()
        };
        let (receipt, arrived) = join(answered, next).await;
        if session.kind == GateKind::Input {
            self.client.done(session.run).await.expect("a conversation can be ended");
        }
        let arrived = arrived.expect("the model runs");
        Woken { kind: session.kind, receipt, request: arrived - began, arrived }
    }

    /// When the run ended, which is waited for.
    async fn ended(self, run: RunId) -> Timestamp {
        let entries = self.client.events(run, 0).await.expect("a stream");
        entries.try_for_each(|_| std::future::ready(Ok(()))).await.expect("a stream to its end");
        let view = self.client.run(run).await.expect("known");
        assert_eq!(view.status, RunStatus::Completed, "{view:?}");
        view.ended_at.expect("it has ended")
    }
}

/// What a commit to a bare journal takes beside, one after the other.
pub(super) async fn commits(folder: &Path, count: usize) -> Vec<Duration> {
    let journal = Journal::open(folder);
    let (clerk, run, mut took) = (journal.clerk(), RunId::generate(), Vec::new());
    for seq in (0..).take(count) {
        let began = Instant::now();
        clerk.append(run, seq, PAYLOAD.as_str().into()).await;
        took.push(began.elapsed());
    }
    drop(clerk);
    journal.close();
    took
}
