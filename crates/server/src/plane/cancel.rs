//! Ending a run early, or only the turn it is in.

use mainspring_api::run::{CancelRun, Level, RunView};
use mainspring_boundary::conversation::{self, Uninterrupted};
use mainspring_core::{Ask, Refusal};
use mainspring_engine::{EngineError, Refused};
use mainspring_store::RunKey;
use mainspring_types::{Code, Problem, RunId};

use super::{Plane, no_such_run};
use crate::{
    caller::Caller,
    line::{level_from_wire, problem_of},
};

/// The answer to a cancel.
#[derive(Clone, Debug)]
pub enum Cancelled {
    /// The turn it is in ends, and the run goes on: 202.
    Interrupted(Box<RunView>),
    /// The run is stopping: 202.
    Stopping(Box<RunView>),
    /// The run had ended before: 200, with its outcome.
    Ended(Box<RunView>),
}

impl Plane {
    /// Ends a run early. The lowest level only interrupts a run that waits for further messages: it goes on with them.
    pub async fn cancel(&self, caller: &Caller, run: RunId, cancel: CancelRun) -> Result<Cancelled, Problem> {
        let answer: fn(_) -> _ = match cancel.level {
            Level::Interrupt => match self.interrupt(caller, run).await? {
                Ok(()) => Cancelled::Interrupted,
                Err(Uninterrupted::EndsWithIt) => self.end(caller, run, cancel).await?,
                Err(Uninterrupted::AtRest) => return Err(at_rest(run)),
                Err(Uninterrupted::Stopping) => Cancelled::Stopping,
                Err(Uninterrupted::Ended) => Cancelled::Ended,
            },
            Level::Stop | Level::Kill => self.end(caller, run, cancel).await?,
        };
        Ok(answer(Box::new(self.run(caller, run).await?)))
    }

    async fn interrupt(&self, caller: &Caller, run: RunId) -> Result<Result<(), Uninterrupted>, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let told = conversation::interrupt(&self.engine.submit(), key, &caller.name).await;
        told.map_err(|fault| fault.to_problem())
    }

    async fn end(
        &self,
        caller: &Caller,
        run: RunId,
        cancel: CancelRun,
    ) -> Result<fn(Box<RunView>) -> Cancelled, Problem> {
        let ask = Ask::Cancel { level: level_from_wire(cancel.level), reason: cancel.reason };
        match self.ask(caller, run, ask).await {
            Ok(()) | Err(EngineError::Refused(Refused::Declined(Refusal::Known))) => Ok(Cancelled::Stopping),
            Err(EngineError::Refused(Refused::Declined(Refusal::Ended))) => Ok(Cancelled::Ended),
            Err(EngineError::Refused(Refused::NoSuchRun)) => Err(no_such_run(run)),
            Err(error) => Err(problem_of(&error)),
        }
    }
}

fn at_rest(run: RunId) -> Problem {
    Problem::new(Code::StateConflict, format!("nothing of run {run} is at work that could be interrupted"))
        .suggest(format!("end it with `mainspring runs done {run}` or `mainspring runs cancel {run}`"))
}
