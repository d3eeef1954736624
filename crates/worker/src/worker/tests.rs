//! The worker against a line that follows a script; time is virtual.

use std::{
    collections::VecDeque,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
};

use mainspring_api::{
    run::Level,
    worker::{Answer, Call, End, Note, Order, Progress, Receipt, Report, Ticket},
};
use mainspring_types::{AttemptNo, Code, Hash, Problem, RunId, StepId, TenantId, Value};
use serde_json::value::RawValue;
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::*;
use crate::execute::{Control, Execution, Outcome};

/// A control plane that gives out what it was told to and remembers what it was told.
#[derive(Default)]
struct Script {
    tasks: Mutex<VecDeque<Task>>,
    claimed: Mutex<Vec<u32>>,
    order: Mutex<Option<Order>>,
    heartbeats: AtomicUsize,
    /// How many calls with a report are to go astray.
    deaf: AtomicUsize,
    heard: Mutex<Vec<Heard>>,
    changed: Notify,
}

#[derive(Clone, Debug)]
enum Heard {
    Note(Progress),
    Report(Report),
}

impl Line for Script {
    fn call(&self, call: Vec<u8>) -> Answer<'_> {
        Box::pin(async move {
            match serde_json::from_slice(&call).expect("a call") {
                Call::Claim(claim) => self.give(claim).await,
                Call::Heartbeat(_) => self.beat().await,
                Call::Progress(notes) => {
                    self.heard.lock().expect("sound").extend(notes.into_iter().map(Heard::Note));
                    Ok(b"null".to_vec())
                }
                Call::Report(report) => self.take(*report),
                call => panic!("no conversation is held: {call:?}"),
            }
        })
    }
}

impl Script {
    async fn give(&self, claim: Claim) -> Result<Vec<u8>, Problem> {
        self.claimed.lock().expect("sound").push(claim.slots);
        let tasks: Vec<Task> = {
            let mut waiting = self.tasks.lock().expect("sound");
            let count = waiting.len().min(claim.slots as usize);
            waiting.drain(..count).collect()
        };
        if tasks.is_empty() {
            sleep(Duration::from_millis(claim.wait_ms)).await;
        }
        Ok(serde_json::to_vec(&tasks).expect("tasks"))
    }

    async fn beat(&self) -> Result<Vec<u8>, Problem> {
        self.heartbeats.fetch_add(1, Ordering::Relaxed);
        let order = loop {
            if let Some(order) = *self.order.lock().expect("sound") {
                break order;
            }
            self.changed.notified().await;
        };
        Ok(serde_json::to_vec(&order).expect("an order"))
    }

    fn take(&self, report: Report) -> Result<Vec<u8>, Problem> {
        if self.deaf.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(Problem::new(Code::Unreachable, "the line is cut"));
        }
        self.heard.lock().expect("sound").push(Heard::Report(report));
        self.changed.notify_waiters();
        Ok(serde_json::to_vec(&Receipt::Recorded).expect("a receipt"))
    }

    fn order(&self, order: Order) {
        *self.order.lock().expect("sound") = Some(order);
        self.changed.notify_waiters();
    }

    fn reports(&self) -> Vec<Report> {
        let heard = self.heard.lock().expect("sound");
        heard
            .iter()
            .filter_map(|heard| if let Heard::Report(report) = heard { Some(report.clone()) } else { None })
            .collect()
    }

    /// Waits until there are so many reports.
    async fn reported(&self, count: usize) -> Vec<Report> {
        let enough = async {
            loop {
                let changed = self.changed.notified();
                let reports = self.reports();
                if reports.len() >= count {
                    break reports;
                }
                changed.await;
            }
        };
        timeout(Duration::from_mins(1), enough).await.expect("reports come in time")
    }
}

/// An executor that is a function.
struct Doing<F>(F);

impl<F> Execute for Doing<F>
where
    F: Fn(Task, Control) -> Execution<'static> + Send + Sync + 'static,
{
    fn execute(&self, task: Task, control: Control) -> Execution<'_> {
        (self.0)(task, control)
    }
}

fn task(number: u32) -> Task {
    Task {
        ticket: Ticket {
            tenant: TenantId::sole(),
            run: RunId::from_u128(u128::from(number)),
            step: StepId::new("build").expect("a name"),
            attempt: AttemptNo(1),
            nonce: 7,
        },
        version: Hash::of(b"version"),
        work: RawValue::NULL.to_owned(),
        input: Value::null(),
        previous: None,
        allow_install: false,
        boundary: None,
    }
}

/// A worker at work, and what makes it leave.
struct AtWork {
    script: Arc<Script>,
    leave: oneshot::Sender<()>,
    left: JoinHandle<()>,
}

fn start<F>(script: Script, tasks: u32, slots: u32, executor: F) -> AtWork
where
    F: Fn(Task, Control) -> Execution<'static> + Send + Sync + 'static,
{
    let script = Arc::new(script);
    script.tasks.lock().expect("sound").extend((1..=tasks).map(task));
    let slots = NonZeroU32::new(slots).expect("at least one");
    let worker = Worker::new(Arc::clone(&script) as _, Arc::new(Doing(executor)), slots, "w1");
    let (leave, shutdown) = oneshot::channel();
    let left = tokio::spawn(worker.run(async {
        let _ = shutdown.await;
    }));
    AtWork { script, leave, left }
}

fn done() -> Outcome {
    Outcome::of(End::Done { output: Value::null() })
}

/// Ends when it is told to, and says what it was told.
fn until_told(_: Task, mut control: Control) -> Execution<'static> {
    Box::pin(async move {
        let order = control.order().await;
        Outcome::of(End::Failed {
            retryable: false,
            problem: Problem::new(Code::Cancelled, format!("{order:?}")),
        })
    })
}

fn told(report: &Report) -> &str {
    match &report.end {
        End::Failed { problem, .. } => &problem.message,
        end => panic!("not told anything: {end:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_attempts_are_live_than_there_are_slots() {
    static LIVE: AtomicUsize = AtomicUsize::new(0);
    let work = start(Script::default(), 20, 3, |_, _| {
        Box::pin(async {
            assert!(LIVE.fetch_add(1, Ordering::Relaxed) < 3);
            sleep(Duration::from_millis(10)).await;
            LIVE.fetch_sub(1, Ordering::Relaxed);
            done()
        })
    });
    let mut reports = work.script.reported(20).await;
    reports.sort_by_key(|report| report.ticket.run);
    reports.dedup_by_key(|report| report.ticket.run);
    assert_eq!(reports.len(), 20);
    assert_eq!(work.script.claimed.lock().expect("sound")[0], 3);
}

#[tokio::test(start_paused = true)]
async fn a_short_attempt_has_no_heartbeat_and_a_long_one_has_one_poll_open() {
    let work = start(Script::default(), 1, 1, |_, _| {
        Box::pin(async {
            sleep(Duration::from_millis(90)).await;
            done()
        })
    });
    work.script.reported(1).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(work.script.heartbeats.load(Ordering::Relaxed), 0);

    let work = start(Script::default(), 1, 1, until_told);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(work.script.heartbeats.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_reaches_its_attempt_and_a_harder_one_follows() {
    let work = start(Script::default(), 1, 1, |_, mut control| {
        Box::pin(async move {
            let orders = [control.order().await, control.order().await];
            let problem = Problem::new(Code::Cancelled, format!("{orders:?}"));
            Outcome::of(End::Failed { retryable: false, problem })
        })
    });
    sleep(Duration::from_millis(500)).await;
    work.script.order(Order::Cancel(Level::Stop));
    sleep(Duration::from_millis(500)).await;
    work.script.order(Order::Cancel(Level::Kill));
    let reports = work.script.reported(1).await;
    assert_eq!(told(&reports[0]), "[Cancel(Stop), Cancel(Kill)]");
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_attempt_ends_without_a_report() {
    let work = start(Script::default(), 1, 1, until_told);
    sleep(Duration::from_millis(500)).await;
    work.script.order(Order::Abandon);
    // The slot is free again: the worker claims once more.
    while work.script.claimed.lock().expect("sound").len() < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(work.script.reports().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_report_is_sent_until_it_arrives() {
    let script = Script { deaf: AtomicUsize::new(5), ..Script::default() };
    let begun = Instant::now();
    let work = start(script, 1, 1, |_, _| Box::pin(async { done() }));
    assert_eq!(work.script.reported(1).await.len(), 1);
    // 50 + 100 + 200 + 400 + 800 ms.
    assert_eq!(begun.elapsed().as_millis() / 10, 155);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_leaves_ends_what_is_live_and_claims_no_more() {
    let work = start(Script::default(), 5, 2, until_told);
    sleep(Duration::from_millis(10)).await;
    work.leave.send(()).expect("at work");
    work.left.await.expect("no panic");
    let reports = work.script.reports();
    assert_eq!(reports.iter().map(told).collect::<Vec<_>>(), ["Cancel(Stop)", "Cancel(Stop)"]);
    assert_eq!(work.script.tasks.lock().expect("sound").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn notes_arrive_before_the_report_of_their_attempt() {
    let work = start(Script::default(), 1, 1, |_, control| {
        Box::pin(async move {
            for n in 0..100_u32 {
                control.progress(Note::Fraction { fraction: f64::from(n) / 100.0, message: None });
            }
            done()
        })
    });
    work.script.reported(1).await;
    let heard = work.script.heard.lock().expect("sound");
    assert_eq!(heard.len(), 101);
    assert!(matches!(heard[100], Heard::Report(_)));
    assert!(
        matches!(&heard[99], Heard::Note(Progress { note: Note::Fraction { fraction, .. }, .. }) if *fraction > 0.98)
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_attempt_alone() {
    let work = start(Script::default(), 3, 1, |task, _| {
        assert!(task.ticket.run != RunId::from_u128(1), "as planned");
        Box::pin(async move {
            assert!(task.ticket.run != RunId::from_u128(2), "as planned");
            done()
        })
    });
    let reports = work.script.reported(3).await;
    assert_eq!(told(&reports[0]), "the worker failed in a way it did not foresee");
    assert_eq!(told(&reports[1]), "the worker failed in a way it did not foresee");
    assert!(matches!(reports[2].end, End::Done { .. }));
}
