//! The size cap, the time of a command, and cancelling.

use std::time::{Duration, Instant};

use mainspring_types::{ByteSize, Code};
use mainspring_worker::environment::Settings;

use crate::fixture::{Bench, any_tool, commands, pip};

/// Grows by a megabyte at a time, and would never end.
const GROWS: &str = "
f = open('big.bin', 'wb')
while True:
    f.write(bytes(1000000)); f.flush(); time.sleep(0.01)
";

#[tokio::test]
async fn what_grows_over_its_cap_is_stopped_and_removed() {
    let bench = Bench::new(GROWS);
    let envs = bench.environments(Settings { cap: ByteSize(60_000_000), ..pip() });
    let problem = bench.prepare(&envs, &commands(&["pip install ."])).await.expect_err("too large");
    assert_eq!(problem.code, Code::EnvironmentTooLarge);
    let expected = "MB, more than its cap of 60.0 MB; the largest: `pip` ";
    assert!(problem.message.contains(expected), "{}", problem.message);
    assert_eq!(bench.builders(), [""; 0]);
    assert!(envs.list().expect("a list").is_empty());
}

#[tokio::test]
async fn what_ends_over_its_cap_is_removed() {
    let bench = Bench::new("");
    let envs = bench.environments(Settings { cap: ByteSize(100), ..pip() });
    let problem = bench.prepare(&envs, &commands(&[])).await.expect_err("too large");
    assert_eq!(problem.code, Code::EnvironmentTooLarge);
    assert!(envs.list().expect("a list").is_empty());
}

/// An interpreter that says what it is, and then hangs.
const HANGS: &str = r#"#!/bin/sh
case "$*" in
    *json*) echo "{\"path\": \"$0\", \"version\": [3, 11, 7], \"full\": \"3.11.7\"}" ;;
    *) echo working; sleep 600 ;;
esac
"#;

#[tokio::test]
async fn a_command_has_its_time() {
    let bench = Bench::new("");
    let mut settings = Settings { command_time: Duration::from_millis(500), ..pip() };
    let python = bench.program("bin/python3", HANGS);
    settings.machine.python = Some(python.clone());
    let problem = bench.prepare(&bench.environments(settings), &commands(&[])).await.expect_err("late");
    assert_eq!(problem.code, Code::InstallTimeout);
    let what = format!("creating an environment with Python 3.11.7 at {}", python.display());
    assert_eq!(problem.message, format!("{what} was not done after 0.5 s"));
    assert_eq!(problem.detail.as_deref(), Some("working"));
    assert_eq!(bench.builders(), [""; 0]);
}

#[tokio::test]
async fn dropping_the_future_ends_every_process_and_leaves_nothing() {
    // The builder leaves its group, as a careless one might.
    let bench = Bench::new("os.setsid() if os.getpid() != os.getpgid(0) else None\ntime.sleep(600)");
    let envs = bench.environments(any_tool());
    let wanted = commands(&["pip install ."]);
    tokio::select! {
        result = bench.prepare(&envs, &wanted) => panic!("the build cannot end: {result:?}"),
        () = until(|| bench.builds() == 1) => {}
    }
    until(|| bench.builders().is_empty() && envs.list().expect("a list").is_empty()).await;
}

/// Waits for what no event tells of, half a minute at most.
pub(crate) async fn until(met: impl Fn() -> bool) {
    let begun = Instant::now();
    while !met() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
