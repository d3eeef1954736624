//! Taking up what the last owner of the record left unfinished.

use mainspring_core::{Ask, Command, Loss, Phase, Principal, Request};
use mainspring_store::{Ledger, Owed};
use mainspring_types::{RequestId, Timestamp};

use super::{Driver, Staged};
use crate::{Refused, World};

impl<W: World> Driver<W> {
    /// Takes up every attempt that was owed or with a worker, and every timer; says how many attempts.
    ///
    /// An attempt that no worker had taken is dispatched as it is. One that was taken is lost: its worker ended with
    /// the server. One unreadable run does not keep the others from going on.
    pub(super) fn recover(&mut self, ledger: &mut dyn Ledger, now: Timestamp) -> Result<usize, Refused> {
        for due in ledger.timers()? {
            self.timers.arm(&due.key, &due.timer, due.at);
        }
        let owed = ledger.owed()?;
        for owed in &owed {
            let taken_up =
                if owed.claimed { self.lose(ledger, now, owed) } else { self.dispatch_again(ledger, owed) };
            match taken_up {
                Err(Refused::Fault(fault)) => return Err(fault.into()),
                Err(refused) => tracing::error!(run = %owed.key.run, %refused, "a run was not taken up"),
                Ok(()) => {}
            }
        }
        Ok(owed.len())
    }

    fn lose(&mut self, ledger: &mut dyn Ledger, now: Timestamp, owed: &Owed) -> Result<(), Refused> {
        let id = RequestId::from_cause(format!("lost/{}/{}", owed.step, owed.attempt));
        let ask = Ask::LoseAttempt { step: owed.step.clone(), attempt: owed.attempt, loss: Loss::Server };
        self.ask(ledger, now, &owed.key, &Request { id, by: Principal::Engine, ask }, None)
    }

    fn dispatch_again(&mut self, ledger: &mut dyn Ledger, owed: &Owed) -> Result<(), Refused> {
        let Owed { key, step, attempt, .. } = owed;
        let resident = self.take(ledger, key)?;
        self.staged.push(Staged::Dispatch(Box::new(resident.assignment(key, step, *attempt))));
        match resident.run.phase {
            Phase::Stopping { level, .. } => {
                let abort = Command::Abort { step: step.clone(), attempt: *attempt, level };
                self.staged.push(Staged::Owed(key.clone(), abort));
            }
            Phase::Paused { .. } => self.staged.push(Staged::Hold(key.clone())),
            Phase::Open | Phase::Ended(_) => {}
        }
        self.keep(key, resident);
        Ok(())
    }
}
