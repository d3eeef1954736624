//! Init: the root of an agent's tree, PID 1 of its namespace where there is one.
//!
//! It ends when the main program ends, and the kernel ends the namespace with it. One thread reaps; another obeys the
//! server and kills the main program when the server or the supervisor is gone:
//!
//! ```text
//!  confine ──> fork main ──> reap ──── main ended ────> (sweep) ──> exit
//!                              └─ end of file: kill main ─┘
//! ```

use std::{
    fs::File,
    io::{self, PipeReader, Read},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::exit,
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, kill_process_group, pidfd_open,
        pidfd_send_signal, set_child_subreaper, set_parent_process_death_signal, wait,
    },
};

use super::{
    agent, enclose, hide,
    landlock::{self, Reach},
    namespaces, release_output, sweep,
};
use crate::{
    exit::How,
    sys::{Fork, fork},
    wire::{self, Control, During, Event, Fault, Plan, Program, Stage, Stdin, Tree, Veil},
};

/// What init takes over from the supervisor.
pub(super) struct Post<'a> {
    pub(super) server: &'a UnixStream,
    pub(super) supervisor: OwnedFd,
    pub(super) plan: &'a Plan,
    pub(super) program: Program,
    pub(super) entrances: Vec<File>,
}

/// The main program as init holds it.
struct Main {
    pid: Pid,
    handle: OwnedFd,
}

/// Starts the agent, waits for its end and exits, taking the tree along.
pub(super) fn run(mut post: Post<'_>) -> ! {
    let last = start(&mut post).map_or_else(Event::Failed, |main| Event::Ended(reap_until(main)));
    if post.plan.tree == Tree::Subreaper {
        sweep::descendants();
    }
    wire::send(post.server, &last);
    exit(0)
}

fn start(post: &mut Post<'_>) -> Result<Pid, Fault> {
    match post.plan.tree {
        Tree::Namespace { mounts, .. } => {
            set_parent_process_death_signal(Some(Signal::KILL))
                .during(Stage::Confine, "tie init to its parent")?;
            namespaces::own_mounts(mounts)?;
        }
        Tree::Subreaper => {
            set_child_subreaper(Some(getpid())).during(Stage::Confine, "become a subreaper")?;
        }
    }
    let rules = match &post.plan.veil {
        Veil::None => None,
        Veil::Mounts(folders) => hide::cover(folders).map(|()| None)?,
        Veil::Landlock(folders) => Some(landlock::rules(landlock::all_but(folders)?, Reach::Everyone)?),
    };
    // What confines a program hides the folders as well.
    let rules = post.plan.enclosure.as_ref().map_or(Ok(rules), enclose::enclose)?;
    std::env::set_current_dir(&post.plan.cwd).during(Stage::Folder, "enter the folder")?;

    let (faults, report) = io::pipe().during(Stage::Confine, "make a pipe")?;
    let pid = match fork().during(Stage::Confine, "fork the agent")? {
        Fork::Parent(pid) => pid,
        Fork::Child => {
            let fault = agent::become_agent(post.plan, &post.program, &post.entrances, rules);
            wire::send(report, &Event::Failed(fault));
            exit(127)
        }
    };
    drop(report);
    // A writer is to learn that the agent no longer reads.
    post.program.stdin = Stdin::Null;
    let main =
        Main { pid, handle: pidfd_open(pid, PidfdFlags::empty()).during(Stage::Confine, "open the agent")? };
    release_output().during(Stage::Confine, "release the output")?;
    obey_in_background(post, main).during(Stage::Confine, "start a thread")?;
    executed(faults)?;
    wire::send(post.server, &Event::Started);
    Ok(pid)
}

/// Waits until the agent's program runs. The pipe ends without a word when the exec closes it.
fn executed(mut faults: PipeReader) -> Result<(), Fault> {
    let mut line = Vec::new();
    faults.read_to_end(&mut line).during(Stage::Program, "wait for the program")?;
    match serde_json::from_slice(&line) {
        Ok(Event::Failed(fault)) => Err(fault),
        _ => Ok(()),
    }
}

/// Reaps children and orphans until the main program is among them.
fn reap_until(main: Pid) -> How {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == main => return how(status),
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return How::Lost,
        }
    }
}

fn how(status: WaitStatus) -> How {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => How::Code(code),
        (None, Some(signal)) => How::Signal(signal),
        (None, None) => How::Lost,
    }
}

fn obey_in_background(post: &Post<'_>, main: Main) -> io::Result<()> {
    let server = post.server.try_clone()?;
    let supervisor = post.supervisor.try_clone()?;
    thread::Builder::new().spawn(move || obey(&server, &supervisor, &main)).map(drop)
}

/// Passes the server's signals on, until it or the supervisor is gone; then kills the main program.
fn obey(mut server: &UnixStream, supervisor: &OwnedFd, main: &Main) {
    loop {
        let mut byte = [0];
        match wait_for_either(server, supervisor).and_then(|()| server.read(&mut byte)) {
            Ok(1) => pass_on(byte[0], main.pid),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    // It may have ended by itself.
    let _ = pidfd_send_signal(&main.handle, Signal::KILL);
}

/// Waits until the server has something to read; fails once the supervisor is gone.
fn wait_for_either(server: &UnixStream, supervisor: &OwnedFd) -> io::Result<()> {
    let mut ready =
        [server.as_fd(), supervisor.as_fd()].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    poll(&mut ready, None)?;
    if ready[1].revents().is_empty() { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
}

fn pass_on(byte: u8, main: Pid) {
    let signal = match Control::from_byte(byte) {
        Some(Control::Terminate) => Signal::TERM,
        Some(Control::Interrupt) => Signal::INT,
        None => return,
    };
    // The group may be gone already.
    let _ = kill_process_group(main, signal);
}
