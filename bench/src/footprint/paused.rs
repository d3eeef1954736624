//! Runs that are paused between two steps: accepted, one step done, and nobody at work on them.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use mainspring_api::worker::Task;
use mainspring_core::{Ask, Principal};
use mainspring_engine::Embedded;
use mainspring_types::{RequestId, RunId};
use mainspring_worker::{Control, Execute, Execution, Outcome};
use tokio::sync::oneshot;

use crate::{
    product::{Product, done, new_run, submit},
    w1::{PAYLOAD, STEPS},
};

/// A paused run's last entry: its creation, its pause, and the end of its first step.
const LAST_SEQ: u64 = 3;

/// A product on `folder` with so many paused runs, brought about by so many clients.
pub(super) async fn many(folder: &Path, runs: usize, clients: usize) -> Product {
    let turnstile = Arc::new(Turnstile::default());
    let product = Product::start(folder, turnstile.clone()).await;
    let left = Arc::new(AtomicUsize::new(runs));
    let clients: Vec<_> = (0..clients)
        .map(|_| tokio::spawn(pause_runs(product.engine().clone(), turnstile.clone(), left.clone())))
        .collect();
    for client in clients {
        client.await.expect("a client ends");
    }
    product
}

async fn pause_runs(engine: Embedded, turnstile: Arc<Turnstile>, left: Arc<AtomicUsize>) {
    let take_one = |left: usize| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one).is_ok() {
        pause_run(&engine, &turnstile).await;
    }
}

async fn pause_run(engine: &Embedded, turnstile: &Turnstile) {
    let key = new_run();
    let mut news = engine.bell().listen(&key);
    let Gap { arrived, open } = turnstile.close(key.run);
    submit(engine, &key, STEPS).await;
    // Before that the pause would hold back the first step too.
    arrived.await.expect("a worker takes the first step");
    let by = Principal::User("bench".into());
    engine.ask(&key, by, RequestId::generate(), Ask::Pause).await.expect("a live run can be paused");
    open.send(()).expect("the first step waits");
    news.reach(LAST_SEQ).await;
}

/// The executor: holds the first step of each run until the run is paused.
#[derive(Default)]
struct Turnstile {
    closed: Mutex<HashMap<RunId, Bar>>,
}

/// The turnstile's side of a run that is held: it says that the run has come, and waits until it may go on.
struct Bar {
    came: oneshot::Sender<()>,
    opened: oneshot::Receiver<()>,
}

/// The other side.
struct Gap {
    arrived: oneshot::Receiver<()>,
    open: oneshot::Sender<()>,
}

impl Turnstile {
    fn close(&self, run: RunId) -> Gap {
        let (open, opened) = oneshot::channel();
        let (came, arrived) = oneshot::channel();
        self.closed().insert(run, Bar { came, opened });
        Gap { arrived, open }
    }

    async fn pass(&self, run: RunId) -> Outcome {
        let Bar { came, opened } =
            self.closed().remove(&run).expect("no step follows while the run is paused");
        came.send(()).expect("the client waits for it");
        opened.await.expect("the run is paused");
        done(&PAYLOAD)
    }

    fn closed(&self) -> MutexGuard<'_, HashMap<RunId, Bar>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Execute for Turnstile {
    fn execute(&self, task: Task, _: Control) -> Execution<'_> {
        Box::pin(self.pass(task.ticket.run))
    }

    fn calls_out(&self) -> bool {
        false
    }
}
