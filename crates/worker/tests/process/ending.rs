//! How attempts are brought to an end: nothing of them is left, and the report says what happened.

use std::{
    fs,
    time::{Duration, Instant},
};

use mainspring_api::{
    run::Level,
    worker::{End, Order},
};
use mainspring_testkit::processes::{assert_none_left, kill9, marked};

use crate::fixture::{Agent, Attempt};

/// Forks into sessions of their own, ignores every signal it can, and floods both streams.
const STUBBORN: &str = r#"
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("ready", file=sys.stderr, flush=True)
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
while True:
    os.write(1, b"out of my way\n" * 1000)
    os.write(2, b"and again\n" * 1000)
"#;

/// How long an attempt may take to end, and leave nothing.
const END_MAX: Duration = Duration::from_secs(2);

/// Waits until the agent has said `ready`, does `what` to it, and checks that nothing is left two seconds later.
async fn end(agent: &Agent, what: impl FnOnce(&Attempt)) -> Option<End> {
    let attempt = agent.start();
    attempt.logs("ready").await;
    let begun = Instant::now();
    what(&attempt);
    let report = attempt.ended().await;
    assert!(begun.elapsed() < END_MAX, "{:?}", begun.elapsed());
    assert_nothing_left(agent);
    report.map(|attempted| attempted.report.end)
}

fn assert_nothing_left(agent: &Agent) {
    let work = agent.work_folder();
    assert_none_left(work.to_str().expect("UTF-8"), Duration::ZERO);
    assert_eq!(fs::read_dir(work).expect("kept").count(), 0);
}

#[tokio::test]
async fn a_stubborn_agent_is_out_of_time_within_two_seconds() {
    let agent = Agent::package(STUBBORN).timeout(Duration::from_secs(1));
    let done = agent.run().await;
    assert_eq!(
        done.refusal(),
        "E2002: step `go` ran longer than its limit of 1s: it did not end when told to, and was killed"
    );
    assert!(done.problem().detail.as_deref().is_some_and(|detail| detail.contains("and again\nand again")));
    assert!(matches!(done.report.end, End::Failed { retryable: true, .. }));
    assert!((1_000..3_000).contains(&done.report.used.active_ms), "{:?}", done.report.used);
    assert_nothing_left(&agent);
}

#[tokio::test]
async fn a_time_out_of_an_agent_that_ends_when_told_says_so() {
    let done =
        Agent::script("echo waiting >&2; exec sleep 60").timeout(Duration::from_millis(300)).run().await;
    assert_eq!(done.refusal(), "E2002: step `go` ran longer than its limit of 300ms: it was stopped");
    assert_eq!(done.problem().detail.as_deref(), Some("waiting"));
}

#[tokio::test]
async fn a_cancelled_agent_is_gone_within_two_seconds() {
    for level in [Level::Stop, Level::Kill] {
        let agent = Agent::package(STUBBORN);
        let report = end(&agent, |attempt| attempt.order(Order::Cancel(level))).await;
        assert!(matches!(report, Some(End::Aborted {})), "{report:?}");
    }
}

#[tokio::test]
async fn an_interrupted_agent_ends_by_its_own_means() {
    let agent = Agent::script("trap 'exit 0' INT; echo ready >&2; while :; do sleep 0.05; done");
    let report = end(&agent, |attempt| attempt.order(Order::Cancel(Level::Interrupt))).await;
    assert!(matches!(report, Some(End::Aborted {})), "{report:?}");
}

#[tokio::test]
async fn a_harder_order_cuts_a_softer_one_short() {
    let agent = Agent::package(STUBBORN);
    let report = end(&agent, |attempt| {
        attempt.order(Order::Cancel(Level::Interrupt));
        attempt.order(Order::Cancel(Level::Kill));
    });
    assert!(matches!(report.await, Some(End::Aborted {})));
}

#[tokio::test]
async fn an_abandoned_agent_is_killed_and_not_reported() {
    let agent = Agent::package(STUBBORN);
    assert!(end(&agent, |attempt| attempt.order(Order::Abandon)).await.is_none());
}

#[tokio::test]
async fn an_agent_that_something_else_kills_is_lost_and_has_not_failed() {
    // The program, the init of its tree, and their supervisor.
    for generation in 0..3 {
        let agent = Agent::script("echo ready >&2; exec sleep 60");
        let kill = |attempt: &Attempt| kill9(ancestor(program_of(attempt), generation)).expect("it lives");
        let report = end(&agent, kill).await;
        assert!(matches!(report, Some(End::Lost {})), "{generation}: {report:?}");
    }
}

fn program_of(attempt: &Attempt) -> u32 {
    let found = marked(&attempt.run.to_string());
    let program =
        found.iter().find(|process| process.command == "sleep 60" || process.command.starts_with("/bin/sh"));
    program.unwrap_or_else(|| panic!("no program among {found:?}")).pid
}

/// The parent, and so on.
fn ancestor(pid: u32, generations: u32) -> u32 {
    (0..generations).fold(pid, |pid, _| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
        let line =
            status.lines().find_map(|line| line.strip_prefix("PPid:")).expect("every process has a parent");
        line.trim().parse().expect("a number")
    })
}

#[tokio::test]
async fn any_other_signal_is_a_failure_and_so_is_a_limit() {
    let done = Agent::script("kill -SEGV $$").run().await;
    assert_eq!(done.refusal(), "E2001: the agent was ended by signal 11 (SIGSEGV)");
    let done = Agent::script("while :; do :; done").limit("time_ms", 1_000).run().await;
    assert_eq!(done.refusal(), "E2002: the agent used more processor time than its limit of 1s");
}

#[tokio::test]
async fn a_worker_that_leaves_takes_its_agents_along() {
    let agent = Agent::package(STUBBORN);
    let report = end(&agent, Attempt::leave).await;
    assert!(matches!(report, Some(End::Aborted {})), "{report:?}");
}

#[tokio::test]
async fn a_flood_does_not_grow_the_worker() {
    let before = resident();
    let agent = Agent::package(STUBBORN).timeout(Duration::from_secs(2));
    let attempt = agent.start();
    attempt.logs("ready").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = resident().saturating_sub(before);
    // Other tests of this process run beside: each keeps 8 MiB of a stream at most, and copies it once.
    assert!(grown < 120 << 20, "grown by {grown} bytes");
    let done = attempt.finish().await;
    assert!(done.log().len() <= 1_000);
}

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("mounted");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("there");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}
