//! Runs one child to its end, its time or its cancellation, and keeps the end of what it said.
//!
//! The child leads a process group of its own that never outlives the call: it is killed as a whole however the child
//! ends, and the child itself dies with the thread that waits for it. What left the group is found by [`orphans`].
//!
//! [`orphans`]: super::orphans

use std::{
    io::{self, PipeReader, Read as _},
    ops::ControlFlow,
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, ioctl_fionbio},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};

use super::{
    cancel::{Cancel, Word},
    leash,
    tail::Tail,
};

/// Why a child ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// It was killed at the end of its time.
    OutOfTime,
    /// It was killed because nobody waits for it any more.
    Cancelled,
    /// It was killed because the watch said so.
    Stopped,
}

/// How a child ended and the last lines it printed.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) output: Tail,
}

/// What a child is held to.
pub(super) struct Bounds<'a> {
    /// How long it may run.
    pub(super) time: Duration,
    /// Whether anybody waits for it.
    pub(super) cancel: &'a Cancel,
    /// Asked from time to time whether it may go on.
    pub(super) watch: &'a mut dyn FnMut() -> ControlFlow<()>,
}

/// Runs `command` with its input closed and both its outputs kept together.
pub(super) fn run(mut command: Command, bounds: &mut Bounds<'_>) -> io::Result<Ended> {
    let (reader, writer) = io::pipe()?;
    ioctl_fionbio(&reader, true)?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    leash::tie(&mut command);
    let group = Group { leader: command.spawn()?, status: None };
    // Our copies of the writing end: with them open the output would never end.
    drop(command);
    wait(group, reader, bounds)
}

fn wait(mut group: Group, reader: PipeReader, bounds: &mut Bounds<'_>) -> io::Result<Ended> {
    let exit = pidfd_open(Pid::from_child(&group.leader), PidfdFlags::empty())?;
    let mut output = Output { reader: Some(reader), tail: Tail::default() };
    let over = Instant::now() + bounds.time;
    let mut watch = Watch { next: Instant::now() + WATCH_EVERY, ask: bounds.watch };
    let end = loop {
        let woken = sleep(&exit, bounds.cancel, &output, over.min(watch.next))?;
        output.take()?;
        if woken == Woken::ByExit {
            break End::Exited(group.end()?);
        } else if bounds.cancel.word() == Word::Stop {
            break End::Cancelled;
        } else if Instant::now() >= over {
            break End::OutOfTime;
        } else if watch.stops() {
            break End::Stopped;
        }
    };
    group.end()?;
    Ok(Ended { end, output: output.tail })
}

#[derive(PartialEq, Eq)]
enum Woken {
    ByExit,
    Otherwise,
}

/// Sleeps until the child ends or prints, nobody waits any more, or `until`.
fn sleep(exit: &OwnedFd, cancel: &Cancel, output: &Output, until: Instant) -> io::Result<Woken> {
    let mut ends = vec![PollFd::new(exit, PollFlags::IN), PollFd::new(cancel, PollFlags::IN)];
    ends.extend(output.reader.iter().map(|reader| PollFd::new(reader, PollFlags::IN)));
    let timeout = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
    match poll(&mut ends, timeout.as_ref()) {
        Ok(_) if !ends[0].revents().is_empty() => Ok(Woken::ByExit),
        Ok(_) | Err(Errno::INTR) => Ok(Woken::Otherwise),
        Err(errno) => Err(errno.into()),
    }
}

/// The watch is asked this often, or less often when its answer takes long.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// The watch may take this share of the time: one part in so many.
const WATCH_SHARE: u32 = 10;

/// The question whether a child may go on, and when to ask it next.
struct Watch<'a> {
    next: Instant,
    ask: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl Watch<'_> {
    fn stops(&mut self) -> bool {
        let asked = Instant::now();
        if asked < self.next {
            return false;
        }
        let answer = (self.ask)();
        self.next = Instant::now() + WATCH_EVERY.max(asked.elapsed() * WATCH_SHARE);
        answer.is_break()
    }
}

/// What the child prints, until it closes its outputs.
struct Output {
    reader: Option<PipeReader>,
    tail: Tail,
}

impl Output {
    /// Takes in what lies ready, at most a few buffers full, so that a flood cannot hold up the bounds.
    fn take(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        for _ in 0..8 {
            let Some(reader) = &mut self.reader else { break };
            match reader.read(&mut buffer) {
                Ok(0) => self.reader = None,
                Ok(read) => self.tail.push(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A process group, the child that leads it, and how that child ended.
struct Group {
    leader: Child,
    status: Option<ExitStatus>,
}

impl Group {
    /// Kills what is left of the group, then collects its leader. Repeating it changes nothing.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        // Before the leader is collected: until then no other group can have its number.
        match kill_process_group(Pid::from_child(&self.leader), Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(errno) => return Err(errno.into()),
        }
        let status = self.leader.wait()?;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "an install command could not be ended");
        }
    }
}
