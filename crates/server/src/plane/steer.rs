//! Steering what leaves a run: its own limits, and where it goes when its agent leaves the recorded path.

use mainspring_api::{
    limit::{Departure, DivergeRun, RaiseRun},
    run::RunView,
};
use mainspring_boundary::{Divergence, gateway};
use mainspring_engine::{EngineError, Refused};
use mainspring_store::{RunKey, RunLimit};
use mainspring_types::{Code, Problem, RunId};

use super::Plane;
use crate::{caller::Caller, limits, line::problem_of};

impl Plane {
    /// Sets what the run may use from now on; what is held for its budget looks again at once.
    pub async fn raise(&self, caller: &Caller, run: RunId, raise: RaiseRun) -> Result<RunView, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        self.demand_unended(&key).await?;
        let wanted = key.clone();
        let before = self.read(move |readers| readers.run_limits(&wanted)).await?;
        let wanted = limits::raised(&raise, &before)?;
        self.limit(key, wanted).await.map_err(|error| problem_of(&error))?;
        self.run(caller, run).await
    }

    /// Decides what happens when the run's live attempts leave the recorded path.
    pub async fn diverge(
        &self,
        caller: &Caller,
        run: RunId,
        diverge: DivergeRun,
    ) -> Result<RunView, Problem> {
        let key = RunKey { tenant: caller.tenant.clone(), run };
        self.demand_unended(&key).await?;
        let divergence = match diverge.policy {
            Departure::Live => Divergence::Live,
            Departure::Fail => Divergence::Fail,
        };
        match &self.boundary {
            Some(boundary) if boundary.gateway().steer(&key, divergence) => self.run(caller, run).await,
            _ => Err(Problem::new(Code::StateConflict, format!("no attempt of run {run} calls out"))
                .suggest("decide once it waits, or for every run with the setting `divergence`")),
        }
    }

    /// Writes limits of a run's own, whether its agents can call out just now or not.
    pub(super) async fn limit(&self, key: RunKey, limits: Vec<RunLimit>) -> Result<(), EngineError> {
        let written = match &self.boundary {
            Some(boundary) => boundary.gateway().limit(key, limits).await,
            None => gateway::limit(&self.engine.submit(), key, limits).await,
        };
        Ok(written.map_err(Refused::from)?)
    }

    async fn demand_unended(&self, key: &RunKey) -> Result<(), Problem> {
        match self.demand(key).await?.ended_at {
            None => Ok(()),
            Some(_) => Err(Problem::new(Code::StateConflict, format!("run {} has ended", key.run))
                .suggest("start it again: `mainspring run` takes --max-tokens, --max-cost and --max-calls")),
        }
    }
}
