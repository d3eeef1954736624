//! Limits hold, and what they did is told.

use std::time::Duration;

use mainspring_sandbox::{Enforcement, Facility, How, Limits, Need, Spec, StartError};
use mainspring_types::{ByteSize, Code, Problem};

use crate::stage::{launchers, python, run, sh, start};

fn limited(spec: Spec, limits: Limits) -> Spec {
    Spec { limits, ..spec }
}

const FORK_BOMB: &str = r"
import os, time
children = 0
try:
    while children < 500:
        if os.fork() == 0:
            time.sleep(1000)
        children += 1
except BlockingIOError:
    pass
print(children)
";

#[tokio::test]
async fn a_fork_bomb_stops_at_the_limit() {
    let limits = Limits { processes: Some(20), ..Limits::default() };
    for launcher in launchers() {
        let child = start(&launcher, limited(sh("true"), limits)).await;
        if child.isolation().processes == Enforcement::None {
            assert!(child.isolation().missing.iter().any(|line| line.starts_with("limit on processes: ")));
            eprintln!("skipped: no limit on processes can be had here");
            continue;
        }
        let (exit, output) = run(&launcher, limited(python(FORK_BOMB), limits)).await;
        assert_eq!((exit.how, output.as_str()), (How::Code(0), "19\n"));
    }
}

const MEMORY_BOMB: &str = "
held = []
while True:
    held.append(bytearray(1 << 20))
";

#[tokio::test]
async fn a_memory_bomb_is_stopped_and_its_neighbour_lives() {
    let limits = Limits { memory: Some(ByteSize(96 << 20)), ..Limits::default() };
    for launcher in launchers() {
        let mut neighbour = start(&launcher, limited(sh("sleep 1000"), limits)).await;
        let (exit, _) = run(&launcher, limited(python(MEMORY_BOMB), limits)).await;
        match neighbour.isolation().memory {
            Enforcement::Cgroup => {
                assert_eq!((exit.how, exit.out_of_memory), (How::Signal(9), true));
                assert!(exit.peak_memory > Some(ByteSize(90 << 20)), "{:?}", exit.peak_memory);
            }
            _ => assert_eq!(exit.how, How::Code(1)),
        }
        let exit = neighbour.kill().await;
        assert_eq!((exit.how, exit.out_of_memory), (How::Signal(9), false));
    }
}

#[tokio::test]
async fn open_files_run_out() {
    let script = "
files = []
try:
    while True:
        files.append(open('/dev/null'))
except OSError as error:
    print(error.strerror, len(files))
";
    let limits = Limits { open_files: Some(40), ..Limits::default() };
    for launcher in launchers() {
        let (_, output) = run(&launcher, limited(python(script), limits)).await;
        assert_eq!(output, "Too many open files 37\n");
    }
}

#[tokio::test]
async fn a_file_stops_growing() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { file_size: Some(ByteSize(1000)), ..Limits::default() };
    for launcher in launchers() {
        let spec = Spec { cwd: folder.path().into(), ..sh("head -c 5000 /dev/zero > big; wc -c < big") };
        let (_, output) = run(&launcher, limited(spec, limits)).await;
        assert!(output.starts_with("1000\n"), "{output}");
    }
}

#[tokio::test]
async fn a_process_that_only_burns_time_is_stopped() {
    let limits = Limits { cpu_time: Some(Duration::from_millis(600)), ..Limits::default() };
    for launcher in launchers() {
        let (exit, _) = run(&launcher, limited(python("while True: pass"), limits)).await;
        assert_eq!(exit.how, How::Signal(24), "{exit:?}");
        let (exit, _) = run(&launcher, limited(sh("trap '' XCPU; while :; do :; done"), limits)).await;
        assert_eq!(exit.how, How::Signal(9), "{exit:?}");
    }
}

#[tokio::test]
async fn without_cgroups_the_address_space_is_limited_and_that_is_said() {
    let limits = Limits { memory: Some(ByteSize(256 << 20)), processes: Some(20), ..Limits::default() };
    for launcher in launchers().map(|launcher| launcher.without(Facility::Cgroups)) {
        let child = start(&launcher, limited(sh("true"), limits)).await;
        assert_eq!(child.isolation().memory, Enforcement::ResourceLimit);
        let told =
            "memory limit on the whole tree: switched off; the address space of each process is limited";
        assert!(child.isolation().missing.iter().any(|line| line == told), "{:?}", child.isolation().missing);
        let (exit, output) = run(&launcher, limited(python(MEMORY_BOMB), limits)).await;
        assert_eq!(exit.how, How::Code(1));
        assert!(output.contains("MemoryError"), "{output}");
    }
}

#[tokio::test]
async fn what_is_required_and_cannot_be_had_is_refused() {
    let launcher = launchers()[0].clone().without(Facility::Cgroups);
    let limits = Limits { memory: Some(ByteSize(256 << 20)), ..Limits::default() };
    let spec = Spec { required: [Need::Memory].into(), ..limited(sh("true"), limits) };
    let refused = launcher.start(spec).await.expect_err("no cgroup may be used");
    assert!(matches!(refused, StartError::Unavailable { need: Need::Memory, .. }));
    let problem = Problem::from(refused);
    assert_eq!(problem.code, Code::SandboxUnavailable);
    assert_eq!(
        problem.message,
        "a memory limit on all processes of an agent cannot be had on this machine: switched off; \
         the address space of each process is limited"
    );
}

#[tokio::test]
async fn use_is_reported() {
    for launcher in launchers() {
        let (exit, _) =
            run(&launcher, python("held = bytearray(50 << 20)\nfor _ in range(3000000): pass")).await;
        assert!(exit.peak_memory > Some(ByteSize(50 << 20)), "{:?}", exit.peak_memory);
        assert!(exit.cpu.as_millis() > 20, "{:?}", exit.cpu);
    }
}
