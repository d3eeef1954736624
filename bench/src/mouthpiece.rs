//! W1 with the agent in its own process: one process a run, which answers its ten steps on a socket.
//!
//! In the path, besides what W1 has: the start of the process, ten requests and answers of 1 KB as lines of JSON, its
//! end and its reaping, all within the run and on our processor time. The ceiling does the same behind a bare
//! journal. Not in the path: the sandbox, HTTP, and the start of an interpreter, since the agent is this binary.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{BufRead as _, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mainspring_api::worker::Task;
use mainspring_types::RunId;
use mainspring_worker::{Control, Execute, Execution, Outcome};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    process::{Child, Command},
};

use crate::{
    Options,
    ceiling::{Clerk, Journal},
    contest::{CONCURRENCIES, Contest},
    measure::drive,
    product::{Product, done},
    report::Verdict,
    scratch::scratch,
    w1::{PAYLOAD, STEPS},
};

/// Measures both in interleaved rounds. No gate: what bounds both is how fast this machine starts processes.
pub(crate) fn run(options: Options) -> Verdict {
    let mut contest = Contest::new(
        "as w1, and a process a run that answers ten lines on a socket, on both sides; without HTTP and sandbox",
    );
    tokio::runtime::Runtime::new().expect("a runtime").block_on(hold(&mut contest, options));
    contest.end(options, |_| Vec::new())
}

async fn hold(contest: &mut Contest, options: Options) {
    let length = Duration::from_secs_f64(options.seconds);
    for _ in options.each_round() {
        for (place, concurrency) in CONCURRENCIES.into_iter().enumerate() {
            let folder = scratch();
            let journal = Journal::open(folder.path());
            let clerk = journal.clerk();
            let sample = drive((concurrency, STEPS), length, move || append_run(clerk.clone())).await;
            contest.ceiling.add(place, sample);
            journal.close();
            let product = Product::start(folder.path(), Arc::new(Mouthpieces::default())).await;
            contest.product.add(place, product.measure(concurrency, length).await);
            product.stop().await;
        }
    }
}

/// The ceiling's run: the same process and the same answers, behind a bare loop.
async fn append_run(clerk: Clerk) {
    let run = RunId::generate();
    let mut agent = Mouthpiece::start();
    for seq in (0..).take(STEPS) {
        let answer = agent.ask(&format!("step-{seq}")).await;
        // As in the product, where the process has ended before its last answer is recorded.
        if agent.has_said_all() {
            agent.end().await;
        }
        clerk.append(run, seq, Cow::Owned(answer)).await;
    }
}

/// The executor: keeps the process of each run from its first step to its last.
#[derive(Default)]
struct Mouthpieces {
    live: Mutex<HashMap<RunId, Mouthpiece>>,
}

impl Mouthpieces {
    async fn answer(&self, task: Task) -> Outcome {
        let run = task.ticket.run;
        let known = self.live().remove(&run);
        let mut agent = known.unwrap_or_else(Mouthpiece::start);
        let answer = agent.ask(task.ticket.step.as_str()).await;
        if agent.has_said_all() {
            agent.end().await;
        } else {
            self.live().insert(run, agent);
        }
        done(&answer)
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, Mouthpiece>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Execute for Mouthpieces {
    fn execute(&self, task: Task, _: Control) -> Execution<'_> {
        Box::pin(self.answer(task))
    }

    fn calls_out(&self) -> bool {
        false
    }
}

/// The process of one run.
struct Mouthpiece {
    process: Child,
    answers: BufReader<OwnedReadHalf>,
    requests: OwnedWriteHalf,
    answered: usize,
}

impl Mouthpiece {
    /// This binary, started again with one end of a socket as its standard input and output.
    fn start() -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a socket");
        ours.set_nonblocking(true).expect("a socket");
        let (answers, requests) = tokio::net::UnixStream::from_std(ours).expect("a socket").into_split();
        let process = Command::new(std::env::current_exe().expect("this binary"))
            .arg("answer")
            .env_clear()
            .stdout(Stdio::from(OwnedFd::from(theirs.try_clone().expect("a socket"))))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()
            .expect("starts");
        Self { process, answers: BufReader::new(answers), requests, answered: 0 }
    }

    async fn ask(&mut self, step: &str) -> String {
        let request = format!("{{\"step\":\"{step}\"}}\n");
        self.requests.write_all(request.as_bytes()).await.expect("the agent listens");
        let mut answer = String::with_capacity(PAYLOAD.len() + 3);
        self.answers.read_line(&mut answer).await.expect("the agent answers");
        self.answered += 1;
        serde_json::from_str(&answer).expect("a JSON text")
    }

    fn has_said_all(&self) -> bool {
        self.answered == STEPS
    }

    /// Lets the process end and reaps it: only then its processor time is ours.
    async fn end(&mut self) {
        self.requests.shutdown().await.expect("the agent listens");
        assert!(self.process.wait().await.expect("a child").success(), "the agent failed");
    }
}

/// The agent: one line of 1 KB for each line asked, until nobody asks any more.
pub(crate) fn answer() {
    let mut replies = std::io::stdout().lock();
    for request in std::io::stdin().lock().lines() {
        let request: serde_json::Value = serde_json::from_str(&request.expect("a line")).expect("JSON");
        assert!(request["step"].is_string(), "a request names its step");
        let mut reply = serde_json::to_vec(PAYLOAD.as_str()).expect("a text");
        reply.push(b'\n');
        replies.write_all(&reply).expect("somebody listens");
    }
}
