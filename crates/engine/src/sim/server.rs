//! A simulated server: the driver, its queue, and the batches it writes the way the store's writer does.

use std::collections::VecDeque;

use mainspring_store::Fault;
use mainspring_types::Timestamp;

use super::{
    around::{Around, Door},
    disk::{Disk, Writing},
    laws::{Broken, nothing_leaves_before_it_is_durable},
    mail::Mail,
    mishap::{Faulty, Mishap},
};
use crate::{Driver, Message};

/// One server over all its lives.
pub(super) struct Server {
    /// Always there, but while it is being reopened.
    disk: Option<Disk>,
    pub(super) driver: Driver<Around>,
    queue: VecDeque<Message>,
    /// How many times it has been started.
    pub(super) life: u32,
}

/// How a batch ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Settled {
    /// It is on the disk and was let go.
    Durable,
    /// It is not on the disk, and the server goes on.
    Undone,
    /// It is on the disk, and the server ended.
    DiedAfter,
    /// It is not on the disk, and the server ended.
    DiedBefore,
}

impl Server {
    pub(super) fn new(disk: Disk) -> Self {
        Self { disk: Some(disk), driver: Driver::new(Around::default()), queue: VecDeque::new(), life: 0 }
    }

    /// Everything but the disk is gone.
    pub(super) fn begin_anew(&mut self) {
        let disk = self.disk.take().map(Disk::reopen);
        *self = Self { life: self.life + 1, ..Self::new(disk.expect(THERE)) };
    }

    pub(super) fn send(&mut self, message: Message) {
        self.queue.push_back(message);
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Whether the writer would begin a batch.
    pub(super) fn has_work(&self, now: Timestamp) -> bool {
        self.queued() > 0 || self.driver.due().is_some_and(|due| due <= now)
    }

    /// How many of the queued messages wait for an answer.
    pub(super) fn queued_with_reply(&self) -> usize {
        let silent = |message: &&Message| !matches!(message, Message::Note(_) | Message::Claimed { .. });
        self.queue.iter().filter(silent).count()
    }

    pub(super) fn disk(&mut self) -> &mut Disk {
        self.disk.as_mut().expect(THERE)
    }

    /// Writes up to `most` queued messages and what has come due, commits, and lets go.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        most: usize,
        mishap: Mishap,
        mail: &mut Mail,
    ) -> Result<Settled, Broken> {
        self.driver.world().door = Door::Shut;
        let written = self.write(now, most, mishap, mail)?;
        Ok(match (written, mishap) {
            (Err(fault), _) => self.undo(&fault),
            (Ok(Settled::DiedBefore), _) => Settled::DiedBefore,
            (Ok(_), Mishap::DiesAfterCommit) => Settled::DiedAfter,
            (Ok(_), Mishap::CommitUnknown) => {
                self.driver.undone(&Fault::Io { detail: "the commit, by the simulator".into() });
                Settled::DiedAfter
            }
            (Ok(_), _) => {
                self.driver.world().door = Door::Open;
                self.driver.durable();
                Settled::Durable
            }
        })
    }

    fn write(
        &mut self,
        now: Timestamp,
        most: usize,
        mishap: Mishap,
        mail: &mut Mail,
    ) -> Result<Result<Settled, Fault>, Broken> {
        let Self { disk, driver, queue, .. } = self;
        let mut writing = disk.as_mut().expect(THERE).begin().expect("nobody else writes");
        if let Err(fault) = units(&mut writing, driver, queue, (now, most, mishap)) {
            return Ok(Err(fault));
        }
        nothing_leaves_before_it_is_durable(driver.world(), mail)?;
        Ok(match mishap {
            Mishap::DiesBeforeCommit => Ok(Settled::DiedBefore),
            Mishap::FullAtCommit => Err(Fault::Full),
            _ => writing.commit().map(|()| Settled::Durable),
        })
    }

    fn undo(&mut self, fault: &Fault) -> Settled {
        self.driver.undone(fault);
        match fault {
            Fault::Full | Fault::Refused { .. } => Settled::Undone,
            Fault::Io { .. } | Fault::Corrupt { .. } => Settled::DiedBefore,
        }
    }
}

fn units(
    writing: &mut Writing<'_>,
    driver: &mut Driver<Around>,
    queue: &mut VecDeque<Message>,
    (now, most, mishap): (Timestamp, usize, Mishap),
) -> Result<(), Fault> {
    let mut calls = 0;
    for _ in 0..most {
        let Some(message) = queue.pop_front() else { break };
        writing
            .unit(|ledger| driver.write(&mut Faulty { ledger, mishap, calls: &mut calls }, now, message))?;
    }
    if driver.due().is_some_and(|due| due <= now) {
        writing.unit(|ledger| driver.wake(&mut Faulty { ledger, mishap, calls: &mut calls }, now))?;
    }
    Ok(())
}

const THERE: &str = "the disk is there while nobody reopens it";
