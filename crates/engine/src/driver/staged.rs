//! What has been decided and written, and waits for the disk.

use mainspring_core::Command;
use mainspring_store::{Fault, RunKey};

use super::Driver;
use crate::{Accepted, Assignment, Refused, World, message::Reply};

/// Something to let go once it is durable.
pub(super) enum Staged {
    Done(Reply<()>, Result<(), Refused>),
    Accepted(Reply<Accepted>, Result<Accepted, Refused>),
    Recovered(Reply<usize>, Result<usize, Refused>),
    Dispatch(Box<Assignment>),
    Owed(RunKey, Command),
    Hold(RunKey),
    Unhold(RunKey),
    News(RunKey, u64),
}

impl Staged {
    /// Tells whoever waits for this that it did not come to be.
    pub(super) fn fail(self, fault: &Fault) {
        let fault = || Refused::from(fault.clone());
        match self {
            Self::Done(reply, _) => drop(reply.send(Err(fault()))),
            Self::Accepted(reply, _) => drop(reply.send(Err(fault()))),
            Self::Recovered(reply, _) => drop(reply.send(Err(fault()))),
            Self::Dispatch(_) | Self::Owed(..) | Self::Hold(_) | Self::Unhold(_) | Self::News(..) => {}
        }
    }
}

impl<W: World> Driver<W> {
    /// Lets go what is durable. Whoever asked may have gone away; what was recorded stays recorded.
    pub(super) fn let_go(&mut self, staged: Staged) {
        match staged {
            Staged::Done(reply, answer) => drop(reply.send(answer)),
            Staged::Accepted(reply, answer) => drop(reply.send(answer)),
            Staged::Recovered(reply, answer) => drop(reply.send(answer)),
            Staged::Dispatch(assignment) => self.world.dispatch(*assignment),
            Staged::Hold(key) => self.world.hold(&key),
            Staged::Unhold(key) => self.world.unhold(&key),
            Staged::News(key, seq) => self.world.news(&key, seq),
            Staged::Owed(key, command) => self.carry_out(&key, command),
        }
    }

    fn carry_out(&mut self, key: &RunKey, command: Command) {
        match command {
            Command::Abort { step, attempt, level } => self.world.abort(key, &step, attempt, level),
            Command::Interrupt { step, attempt } => self.world.interrupt(key, &step, attempt),
            Command::Release { step, attempt } => self.world.release(key, &step, attempt),
            Command::Arm { timer, at } => self.timers.arm(key, &timer, at),
            Command::Disarm { timer } => self.timers.disarm(key, &timer),
            Command::Finish => self.world.finish(key),
            Command::Dispatch { .. } => unreachable!("a dispatch is staged with its assignment"),
        }
    }
}
