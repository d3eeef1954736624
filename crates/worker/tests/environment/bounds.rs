//! The size cap, the time of a command, and cancelling.

use std::time::{Duration, Instant};

use mainspring_types::{ByteSize, Code};
use mainspring_worker::environment::Settings;

use crate::fixture::{Bench, commands, pip};

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

#[tokio::test]
async fn a_command_has_its_time() {
    let bench = Bench::new("time.sleep(600)");
    let settings = Settings { command_time: Duration::from_secs(8), ..pip() };
    let problem =
        bench.prepare(&bench.environments(settings), &commands(&["pip install ."])).await.expect_err("late");
    assert_eq!(problem.code, Code::InstallTimeout);
    assert_eq!(problem.message, "the install command `pip install .` was not done after 8 s");
    assert_eq!(bench.builders(), [""; 0]);
}

#[tokio::test]
async fn dropping_the_future_ends_every_process_and_leaves_nothing() {
    // The builder leaves its group, as a careless one might.
    let bench = Bench::new("os.setsid() if os.getpid() != os.getpgid(0) else None\ntime.sleep(600)");
    let envs = bench.environments(pip());
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
