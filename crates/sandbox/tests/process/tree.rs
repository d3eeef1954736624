//! The whole tree ends: with the main program, by kill, by drop, and with the server.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use mainspring_sandbox::{How, Limits, Signal, Spec};
use tokio::io::AsyncReadExt;

use crate::stage::{assert_all_die, launchers, marked, python, run, sh, start, unique, until};

/// Forks twice, leaves the session, ignores what can be ignored and says `ready` once all of that stands.
const STRAGGLERS: &str = r#"
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
ready, told = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.write(told, b"x")
            time.sleep(1000)
        os._exit(0)
for _ in range(3):
    os.read(ready, 1)
print("ready", flush=True)
if sys.argv[2] == "stay":
    time.sleep(1000)
"#;

fn stragglers(marker: &str, main: &str) -> Spec {
    let mut spec = python(STRAGGLERS);
    spec.argv.extend([marker.into(), main.into()]);
    spec
}

#[tokio::test]
async fn kill_ends_what_forked_twice_and_left_the_session() {
    for launcher in launchers() {
        let marker = unique("killed");
        let mut child = start(&launcher, stragglers(&marker, "stay")).await;
        until(&mut child, "ready").await;
        assert!(marked(&marker).len() >= 4);
        let began = Instant::now();
        assert_eq!(child.kill().await.how, How::Signal(9));
        assert_eq!(marked(&marker), Vec::<String>::new());
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn stragglers_end_with_the_main_program_and_do_not_hold_its_output() {
    for launcher in launchers() {
        let marker = unique("ended");
        let (exit, output) = run(&launcher, stragglers(&marker, "leave")).await;
        assert_eq!((exit.how, output.as_str()), (How::Code(0), "ready\n"));
        assert_eq!(marked(&marker), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_dropped_child_ends_with_its_tree() {
    for launcher in launchers() {
        let marker = unique("dropped");
        let mut child = start(&launcher, stragglers(&marker, "stay")).await;
        until(&mut child, "ready").await;
        drop(child);
        assert_all_die(&marker);
    }
}

#[tokio::test]
async fn a_launcher_tells_when_what_was_dropped_is_gone() {
    for launcher in launchers() {
        let (marker, launcher) = (unique("waited for"), launcher.apart());
        let mut child = start(&launcher, stragglers(&marker, "stay")).await;
        until(&mut child, "ready").await;
        drop(child);
        launcher.none_left().await;
        assert_eq!(marked(&marker), Vec::<String>::new());
        launcher.none_left().await;
    }
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_leaves_nothing() {
    for launcher in launchers() {
        let (marker, launcher) = (unique("begun"), launcher.apart());
        for polls in 1..10 {
            let mut start = Box::pin(launcher.start(stragglers(&marker, "stay")));
            let _ = tokio::time::timeout(Duration::from_millis(polls), &mut start).await;
            drop(start);
        }
        launcher.none_left().await;
        assert_eq!(marked(&marker), Vec::<String>::new());
    }
}

/// Plays a server that is killed: starts a tree in the way it is told and waits for its end.
#[tokio::test]
#[ignore = "started by the test below, in a process of its own"]
async fn server_that_is_killed() {
    let Ok(role) = std::env::var("MAINSPRING_TEST_SERVER") else { return };
    let (way, marker) = role.split_once(' ').expect("a way and a marker");
    let launcher = &launchers()[way.parse::<usize>().expect("an index")];
    let mut child = start(launcher, stragglers(marker, "stay")).await;
    until(&mut child, "ready").await;
    println!("{marker}");
    child.wait().await;
}

#[test]
fn the_tree_ends_with_the_server() {
    for way in 0..2 {
        let marker = unique("orphaned");
        let mut server = Command::new(std::env::current_exe().expect("this test"))
            .args(["tree::server_that_is_killed", "--exact", "--ignored", "--nocapture"])
            .env("MAINSPRING_TEST_SERVER", format!("{way} {marker}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process of this test");
        let lines = BufReader::new(server.stdout.take().expect("piped")).lines();
        assert!(
            lines.map_while(Result::ok).any(|line| line.contains(&marker)),
            "the server started its tree"
        );
        assert!(marked(&marker).len() >= 4);
        server.kill().expect("SIGKILL");
        server.wait().expect("reaped");
        assert_all_die(&marker);
    }
}

#[tokio::test]
async fn the_tree_ends_with_its_supervisor() {
    for launcher in launchers() {
        let marker = unique("unsupervised");
        let mut child = start(&launcher, stragglers(&marker, "stay")).await;
        until(&mut child, "ready").await;
        let supervisor = child_of_ours_running_supervise(&marker);
        rustix::process::kill_process(supervisor, rustix::process::Signal::KILL).expect("our own child");
        child.wait().await;
        assert_all_die(&marker);
    }
}

/// The supervisor above the marked processes: the ancestor whose parent is this process.
fn child_of_ours_running_supervise(marker: &str) -> rustix::process::Pid {
    let parent = |pid: &str| -> String {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("alive");
        stat.rsplit_once(')').expect("a name").1.split_whitespace().nth(1).expect("a parent").to_owned()
    };
    let ours = std::process::id().to_string();
    let mut pid = marked(marker).into_iter().next().expect("alive");
    while parent(&pid) != ours {
        pid = parent(&pid);
    }
    rustix::process::Pid::from_raw(pid.parse().expect("a number")).expect("not zero")
}

#[tokio::test]
async fn signals_reach_the_main_program() {
    let script = |signal| format!("trap 'exit 7' {signal}; echo ready; while :; do sleep 0.01; done");
    for launcher in launchers() {
        for (signal, name) in [(Signal::Terminate, "TERM"), (Signal::Interrupt, "INT")] {
            let mut child = start(&launcher, sh(&script(name))).await;
            until(&mut child, "ready").await;
            child.signal(signal);
            assert_eq!(child.wait().await.how, How::Code(7));
        }
    }
}

/// Leaves a thousand orphans that end at once, and gives up when the limit on processes stays reached for a second.
const ORPHANS: &str = "
import os, time
refusals = 0
left = 0
while left < 1000:
    try:
        child = os.fork()
        if child == 0:
            try:
                os.fork()
            except BlockingIOError:
                os._exit(1)
            os._exit(0)
        left += os.waitpid(child, 0)[1] == 0
    except BlockingIOError:
        refusals += 1
        assert refusals < 1000, left
        time.sleep(0.001)
";

#[tokio::test]
async fn orphans_are_reaped_while_the_program_runs() {
    let limits = Limits { processes: Some(100), ..Limits::default() };
    for launcher in launchers() {
        let (exit, output) = run(&launcher, Spec { limits, ..python(ORPHANS) }).await;
        assert_eq!((exit.how, output.as_str()), (How::Code(0), ""));
    }
}

#[tokio::test]
async fn a_flood_waits_until_it_is_read() {
    for launcher in launchers() {
        let mut child = start(&launcher, sh("yes")).await;
        let mut read = vec![0; 1 << 20];
        child.stdout.as_mut().expect("not taken").read_exact(&mut read).await.expect("a megabyte");
        let written = tokio::time::timeout(Duration::from_millis(50), child.wait()).await;
        assert!(written.is_err(), "it waits for a reader");
        assert_eq!(child.kill().await.how, How::Signal(9));
    }
}
