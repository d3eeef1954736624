//! Ending a run early, or only the turn it is in.

use mainspring_api::run::{CancelRun, Level, RunView};
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
        let (ask, answer): (_, fn(_) -> _) = match cancel.level {
            Level::Interrupt if self.goes_on(caller, run).await? => (Ask::Interrupt, Cancelled::Interrupted),
            level => {
                let ask = Ask::Cancel { level: level_from_wire(level), reason: cancel.reason };
                (ask, Cancelled::Stopping)
            }
        };
        let answer = match self.ask(caller, run, ask).await {
            Ok(()) | Err(EngineError::Refused(Refused::Declined(Refusal::Known))) => answer,
            Err(EngineError::Refused(Refused::Declined(Refusal::Stopping))) => Cancelled::Stopping,
            Err(EngineError::Refused(Refused::Declined(Refusal::Ended))) => Cancelled::Ended,
            Err(EngineError::Refused(Refused::Declined(Refusal::NotAwaited))) => return Err(at_rest(run)),
            Err(EngineError::Refused(Refused::NoSuchRun)) => return Err(no_such_run(run)),
            Err(error) => return Err(problem_of(&error)),
        };
        Ok(answer(Box::new(self.run(caller, run).await?)))
    }

    /// Whether the run takes further messages after the turn it is in.
    async fn goes_on(&self, caller: &Caller, run: RunId) -> Result<bool, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        let part = self.read(move |readers| readers.conversation(&key)).await?;
        Ok(part.is_some_and(|part| part.waits))
    }
}

fn at_rest(run: RunId) -> Problem {
    Problem::new(Code::StateConflict, format!("nothing of run {run} is at work that could be interrupted"))
        .suggest(format!("end it with `mainspring runs done {run}` or `mainspring runs cancel {run}`"))
}
