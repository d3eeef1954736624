//! A control plane of one attempt: it decides as the test says, and keeps what it is told.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mainspring_api::worker::{
    Answer, Call, Concluded, Line, Order, Recalled, Receipt, Task, ToolDecision, ToolIntent, ToolOutcome,
};
use mainspring_types::{Code, Problem};
use tokio::{sync::watch, time::sleep};

use super::{Decide, Told, effect};

/// A control plane of one attempt.
pub(super) struct Plane {
    pub(super) task: Mutex<Option<Task>>,
    pub(super) recalled: Recalled,
    pub(super) decide: Decide,
    pub(super) decides_after: Duration,
    pub(super) then: Mutex<VecDeque<Concluded>>,
    pub(super) faults: (usize, Mutex<usize>),
    pub(super) order: watch::Sender<Order>,
    pub(super) told: watch::Sender<Told>,
}

impl Plane {
    async fn answer(&self, call: Call) -> Result<Vec<u8>, Problem> {
        if !matches!(call, Call::Claim(_) | Call::Heartbeat(_) | Call::Progress(_)) {
            self.fault()?;
        }
        Ok(match call {
            Call::Claim(_) => {
                self.tell(|told| told.claims += 1);
                let task = lock(&self.task).take();
                match task {
                    Some(task) => encode(&[task]),
                    None => std::future::pending().await,
                }
            }
            Call::Heartbeat(_) => {
                let mut order = self.order.subscribe();
                encode(&*order.wait_for(|order| *order != Order::Continue).await.expect("open"))
            }
            Call::Progress(notes) => {
                self.tell(|told| told.notes.extend(notes.into_iter().map(|note| note.note)));
                encode(&())
            }
            Call::Recall(_) => encode(&Some(&self.recalled)),
            Call::Intend(intent) => encode(&self.intend(&intent).await),
            Call::Settle(is) => {
                self.tell(|told| told.settled.push((is.effect.as_u128(), is.end)));
                encode(&Receipt::Recorded)
            }
            Call::Conclude(turn) => {
                self.tell(|told| told.concluded.push(*turn));
                let next = lock(&self.then).pop_front();
                encode(&next.unwrap_or(Concluded::Over {}))
            }
            Call::Report(report) => {
                self.tell(|told| told.report = Some(*report));
                encode(&Receipt::Recorded)
            }
        })
    }

    /// What is decided; of a call that nobody knows the end of, that is what is recorded.
    async fn intend(&self, intent: &ToolIntent) -> ToolDecision {
        let id = effect(&intent.position);
        self.tell(|told| told.intents.push(intent.position.clone()));
        let is_settled = self.told.borrow().settled.iter().any(|(settled, _)| *settled == id.as_u128());
        if is_settled {
            let text = "nobody knows".to_owned();
            let outcome = ToolOutcome { text, error: true };
            return ToolDecision::Recorded { effect: id, outcome };
        }
        sleep(self.decides_after).await;
        (self.decide)(intent)
    }

    fn fault(&self) -> Result<(), Problem> {
        let mut failed = lock(&self.faults.1);
        if *failed == self.faults.0 {
            *failed = 0;
            return Ok(());
        }
        *failed += 1;
        Err(Problem::new(Code::Unreachable, "the line is down"))
    }

    fn tell(&self, change: impl FnOnce(&mut Told)) {
        self.told.send_modify(change);
    }
}

impl Line for Plane {
    fn call(&self, call: Vec<u8>) -> Answer<'_> {
        let call: Call = serde_json::from_slice(&call).expect("a call");
        Box::pin(self.answer(call))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn encode<T: serde::Serialize + ?Sized>(answer: &T) -> Vec<u8> {
    serde_json::to_vec(answer).expect("JSON")
}
