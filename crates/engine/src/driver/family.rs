//! What one run's event means for another, and what had happened before a run came to wait for it: recorded in the
//! transaction of that event, so that no crash lies between.
//!
//! ```text
//!  parked at a gate that was answered meanwhile  -> the answer is applied at once
//!  parked for a child that ended meanwhile       -> the end is applied at once
//!  ended                                         -> the run that started it hears of it
//!  stopping, or ended                            -> the runs it started are ended
//! ```

use mainspring_core::{Ask, AttemptEnd, CancelLevel, Event, Principal, Request, Wait, What};
use mainspring_store::{Demand, Fault, Ledger, RunKey};
use mainspring_types::{RequestId, RunId, StepId, Timestamp};

use super::{Change, Driver, Standing};
use crate::{Body, Refused, World, resident::Resident};

impl<W: World> Driver<W> {
    /// Applies what an event of the run means for other runs, and what it comes too late for.
    pub(super) fn tell_the_family(
        &mut self,
        ledger: &mut dyn Ledger,
        key: &RunKey,
        event: &Event,
        (stood, stands, parent): (Option<Standing>, Standing, Option<(RunId, StepId)>),
    ) -> Result<(), Fault> {
        if let What::AttemptEnded { end: AttemptEnd::Parked(wait), .. } = &event.what {
            self.catch_up(ledger, key, wait, event.at)?;
        }
        if stands.stopping > stood.and_then(|stood| stood.stopping) {
            let level = stands.stopping.unwrap_or(CancelLevel::Stop);
            self.end_children(ledger, key, level, event.at)?;
        }
        if stands.status.is_ended() {
            self.end_children(ledger, key, CancelLevel::Stop, event.at)?;
            if let Some((parent, _)) = parent {
                let parent = RunKey { tenant: key.tenant.clone(), run: parent };
                let ended = Ask::EndChild { child: key.run };
                self.put(ledger, event.at, &parent, (Principal::Run(key.run), "ended", ended))?;
            }
        }
        Ok(())
    }

    /// Applies what a run waits for when that has happened before it came to wait.
    fn catch_up(
        &mut self,
        ledger: &mut dyn Ledger,
        key: &RunKey,
        wait: &Wait,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let ask = match wait {
            Wait::Gate { gate, .. } if ledger.is_gate_settled(key, gate)? => Ask::AnswerGate { gate: *gate },
            Wait::Child { child } => {
                let ended = RunKey { tenant: key.tenant.clone(), run: *child };
                if !ledger.has_ended(&ended)? {
                    return Ok(());
                }
                Ask::EndChild { child: *child }
            }
            _ => return Ok(()),
        };
        self.put(ledger, at, key, (Principal::Engine, "caught up", ask))
    }

    fn end_children(
        &mut self,
        ledger: &mut dyn Ledger,
        key: &RunKey,
        level: CancelLevel,
        at: Timestamp,
    ) -> Result<(), Fault> {
        for child in ledger.children(key)? {
            let child = RunKey { tenant: key.tenant.clone(), run: child };
            let reason = Some(format!("{}, which started it, is ending", key.run));
            let cancel = Ask::Cancel { level, reason };
            self.put(ledger, at, &child, (Principal::Run(key.run), cause(level), cancel))?;
        }
        Ok(())
    }

    /// Does what a unit demands, in its transaction. A run that declines is left as it is.
    pub fn meet(&mut self, ledger: &mut dyn Ledger, now: Timestamp, demand: Demand) -> Result<(), Fault> {
        self.as_one(|driver| match demand {
            Demand::Ask { key, request } => {
                let asked = driver.ask(ledger, now, &key, &request, None);
                unless_declined(&key, asked)
            }
            Demand::Begin { key, created, input, by, request } => {
                if !ledger.lifecycle(&key)?.is_empty() {
                    return Ok(());
                }
                ledger.begin(&key);
                let (event, input) = (Event::begin(*created, &request, by, now), Body::from(input));
                let (resident, owed) =
                    Resident::begin(&event, &input, None).expect("the event is a creation");
                let change = Change { event: &event, body: Some(&input), owed, stood: None };
                driver.record(ledger, &key, resident, change)
            }
        })
    }

    /// Asks something of a run in the name of another; a run that declines is left as it is.
    fn put(
        &mut self,
        ledger: &mut dyn Ledger,
        at: Timestamp,
        key: &RunKey,
        (by, cause, ask): (Principal, &str, Ask),
    ) -> Result<(), Fault> {
        let id = RequestId::from_cause(match &by {
            Principal::Run(run) => format!("{cause}/{run}"),
            _ => cause.to_owned(),
        });
        let asked = self.ask(ledger, at, key, &Request { id, by, ask }, None);
        unless_declined(key, asked)
    }
}

/// What tells a harder ending of a child from a softer one of the same run.
const fn cause(level: CancelLevel) -> &'static str {
    match level {
        CancelLevel::Interrupt => "interrupts",
        CancelLevel::Stop => "stops",
        CancelLevel::Kill => "kills",
    }
}

fn unless_declined(key: &RunKey, asked: Result<(), Refused>) -> Result<(), Fault> {
    match asked {
        Err(Refused::Fault(fault)) => Err(fault),
        Err(refused) => {
            tracing::debug!(run = %key.run, %refused, "what happened elsewhere changes nothing here");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
