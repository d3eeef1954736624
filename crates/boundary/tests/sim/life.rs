//! The lives of the server: how it starts, is asked, writes its batches, and dies.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use mainspring_boundary::{
    Pass,
    broker::Broker,
    gateway::{self, Gateway, Held, Settings, Warden},
};
use mainspring_engine::Message;
use mainspring_store::{Blobs, Ledger as _};
use mainspring_types::Problem;
use tokio::sync::oneshot;

use super::{
    laws::{Lawful, broken},
    server::{Mishap, Order, Settled},
    universe::Universe,
};

/// How often a server is started until it has to be up.
const STARTS_MAX: u32 = 50;

impl Universe {
    /// A server starts: it takes up what was left, and disowns what was in flight.
    pub(super) fn start(&mut self) -> Lawful {
        for _ in 0..STARTS_MAX {
            if self.try_start()? {
                self.recall_errands();
                self.recall_runs();
                return self.stand();
            }
        }
        broken("a server starts", format!("not in {STARTS_MAX} tries"))
    }

    /// Nobody heard of a run's end when the server died over it.
    fn recall_runs(&mut self) {
        let server = &mut self.server;
        for run in self.runs.values_mut().filter(|run| !run.ended) {
            run.ended = server.read(|pen| pen.has_ended(&run.key));
        }
    }

    fn try_start(&mut self) -> Lawful<bool> {
        let (reply, mut answer) = oneshot::channel();
        self.server.send(Message::Recover { reply });
        if self.write()? == Settled::Died {
            return Ok(false);
        }
        let mut opened = None;
        if let Ok(Ok(_)) = answer.try_recv() {
            let mut opening = Box::pin(Gateway::open(self.settings()));
            // It asks for one thing alone: to disown what was in flight.
            drop(poll(opening.as_mut()));
            if self.write()? == Settled::Died {
                return Ok(false);
            }
            opened = match poll(opening.as_mut()) {
                Poll::Ready(opened) => opened.ok(),
                Poll::Pending => None,
            };
        }
        match opened {
            Some(gateway) => self.broker = Some(Broker::new(gateway)),
            None => self.die("since it could not start"),
        }
        Ok(self.broker.is_some())
    }

    fn settings(&self) -> Settings {
        Settings {
            providers: Vec::new(),
            prices: self.prices.clone(),
            rules: Vec::new(),
            retry_wait: Duration::ZERO,
            blobs: Blobs::open(&std::env::temp_dir())
                .expect("the folder for large values, of which there are none"),
            submit: self.server.submit(),
            warden: Arc::new(Nobody),
        }
    }

    /// The server ends, with its workers, and another starts.
    pub(super) fn crash(&mut self, when: &str) -> Lawful {
        self.die(when);
        self.start()
    }

    /// The server ends, with its workers and everybody's questions.
    fn die(&mut self, when: &str) {
        self.tell(&format!("the server dies {when}"));
        self.report.crashes += 1;
        self.life += 1;
        self.broker = None;
        self.server.begin_anew();
        self.queued.clear();
        self.attempts.clear();
        self.orders.clear();
        self.tickets.clear();
        self.lose_errands();
    }

    /// Waits for an answer of the server; `None` when the server died over it and another has started.
    pub(super) fn ask<T>(&mut self, question: impl Future<Output = T>) -> Lawful<Option<T>> {
        let mut question = pin!(question);
        for _ in 0..20 {
            if let Poll::Ready(answer) = poll(question.as_mut()) {
                return Ok(Some(answer));
            }
            if self.settle()? == Settled::Died {
                return Ok(None);
            }
        }
        broken("whoever asks is answered", "not after twenty batches".into())
    }

    /// Asks something of the driver; `None` when the server died over it.
    pub(super) fn tell_driver<T>(
        &mut self,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) -> Lawful<Option<T>> {
        let (reply, answer) = oneshot::channel();
        self.server.send(message(reply));
        let answer = self.ask(answer)?;
        Ok(answer.map(|answer| answer.expect("the driver answers")))
    }

    /// Writes a batch; when the server dies over it, another starts.
    pub(super) fn settle(&mut self) -> Lawful<Settled> {
        let settled = self.write()?;
        if settled == Settled::Died {
            self.start()?;
        }
        Ok(settled)
    }

    /// Writes a batch, and says whether the server outlived it.
    fn write(&mut self) -> Lawful<Settled> {
        let mishap = self.mishap();
        self.report.batches += 1;
        self.report.faults += u64::from(mishap != Mishap::None);
        let settled = self.server.settle(mishap);
        if mishap != Mishap::None {
            self.tell(&format!("a batch meets {mishap:?}"));
        }
        if settled == Settled::Died {
            self.die("at a commit");
            return Ok(settled);
        }
        self.absorb()?;
        self.hear_errands()?;
        Ok(settled)
    }

    fn mishap(&mut self) -> Mishap {
        if self.prng.below(1_000) >= self.mishaps {
            return Mishap::None;
        }
        self.prng.weigh(&[
            (2, Mishap::Refused),
            (2, Mishap::Full),
            (3, Mishap::DiesBefore),
            (4, Mishap::DiesAfter),
        ])
    }

    /// Takes up what the driver let go.
    fn absorb(&mut self) -> Lawful {
        let around = std::mem::take(self.server.around());
        for assignment in around.dispatched {
            let run = self.name_of(&assignment)?;
            self.queued.insert(run, assignment);
        }
        for run in around.finished {
            let name = &self.names[&run];
            self.runs.get_mut(name).expect("a run that ends was dispatched").ended = true;
        }
        for (run, attempt, order) in around.orders {
            let run = self.names[&run].clone();
            let of_queued = self.queued.get(&run).is_some_and(|queued| queued.attempt == attempt);
            if of_queued && order == Order::Abandon {
                self.queued.remove(&run);
            }
            let stands = self.orders.entry((run, attempt)).or_insert(order);
            *stands = order.max(*stands);
        }
        Ok(())
    }
}

/// Looks whether the answer is there.
pub(super) fn poll<F: Future + ?Sized>(question: Pin<&mut F>) -> Poll<F::Output> {
    question.poll(&mut Context::from_waker(Waker::noop()))
}

/// Nobody watches over model calls here: there are none.
struct Nobody;

impl Warden for Nobody {
    fn hold(&self, _: &Pass, _: Option<&Held>) {}

    fn order(&self, _: &Pass) -> gateway::Order {
        gateway::Order::GoOn
    }

    fn end(&self, _: &Pass, _: Problem) {}
}
