//! Tells a building thread that nobody waits for it any more.
//!
//! A pipe carries the word: it closes when the waiting future is dropped, and a thread that sleeps on file descriptors
//! wakes at once.

use std::{
    io::{self, PipeReader, PipeWriter},
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Held by whoever waits; dropping it cancels.
pub(super) struct Waiting(#[expect(dead_code, reason = "only its end matters")] PipeWriter);

/// Held by whoever works.
pub(super) struct Cancel(PipeReader);

/// The two ends.
pub(super) fn pair() -> io::Result<(Waiting, Cancel)> {
    let (reader, writer) = io::pipe()?;
    Ok((Waiting(writer), Cancel(reader)))
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// Somebody still waits.
    GoOn,
    /// Nobody waits any more.
    Stop,
}

impl Cancel {
    /// Sleeps for `time`, or until nobody waits any more.
    pub(super) fn sleep(&self, time: Duration) -> Word {
        let mut ends = [PollFd::new(&self.0, PollFlags::IN)];
        let time = Timespec::try_from(time).ok();
        match poll(&mut ends, time.as_ref()) {
            Ok(1) => Word::Stop,
            _ => Word::GoOn,
        }
    }

    /// What was said so far.
    pub(super) fn word(&self) -> Word {
        self.sleep(Duration::ZERO)
    }
}

impl AsFd for Cancel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
