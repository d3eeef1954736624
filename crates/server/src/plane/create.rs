//! Accepting a run: once for each idempotency key, durable before it is answered.

use mainspring_api::run::{CreateRun, RunView};
use mainspring_core::{Created, Principal, RULES};
use mainspring_engine::{Accepted, Body, Create, EngineError, Refused};
use mainspring_store::{Key, Keyed, RunKey};
use mainspring_types::{Code, Hash, Problem, RequestId, RunId, Value};

use super::Plane;
use crate::{
    admission::{self, Admitted},
    caller::Caller,
    line::problem_of,
};

impl Plane {
    /// Accepts a run; durable once this returns. A repeated `key` with the same request answers with the same run.
    pub async fn create_run(
        &self,
        caller: &Caller,
        request: CreateRun,
        key: Option<String>,
    ) -> Result<RunView, Vec<Problem>> {
        let alone = |problem: Problem| vec![problem];
        let hash = admission::request_hash(&request);
        let once = key.map(|key| {
            let route = "POST /api/v1/runs".to_owned();
            (Key { caller: caller.name.clone(), route, key }, hash)
        });
        // Before the agent is read again: a repeated request finds its run even when the agent has changed or gone.
        let known = match &once {
            Some((key, _)) => self.known(caller, key.clone(), hash).await.map_err(alone)?,
            None => None,
        };
        let run = match known {
            Some(run) => run,
            None => self.begin(caller, request, once).await?,
        };
        self.run(caller, run).await.map_err(alone)
    }

    async fn known(&self, caller: &Caller, key: Key, request: Hash) -> Result<Option<RunId>, Problem> {
        let tenant = caller.tenant.clone();
        match self.read(move |readers| readers.keyed(&tenant, &key)).await? {
            Some(Keyed { request: first, run }) if first == request => Ok(Some(run)),
            Some(Keyed { run, .. }) => Err(problem_of(&EngineError::Refused(Refused::KeyUsed { run }))),
            None => Ok(None),
        }
    }

    async fn begin(
        &self,
        caller: &Caller,
        request: CreateRun,
        once: Option<(Key, Hash)>,
    ) -> Result<RunId, Vec<Problem>> {
        let (paths, versions) = (caller.paths, self.versions.clone());
        let admitted = tokio::task::spawn_blocking(move || admission::admit(request, paths, &versions))
            .await
            .map_err(|_| vec![Problem::new(Code::Internal, "reading the agent failed unexpectedly")])??;
        let accepted = self.record(caller, admitted, once).await;
        accepted.map(Accepted::run).map_err(|error| vec![problem_of(&error)])
    }

    async fn record(
        &self,
        caller: &Caller,
        admitted: Admitted,
        key: Option<(Key, Hash)>,
    ) -> Result<Accepted, EngineError> {
        let Admitted { agent, version, plan, input, method, trust, limits } = admitted;
        let tenant = caller.tenant.clone();
        let input = Value::json(&input).expect("JSON serialises");
        let input: Body = self.engine.keep(&tenant, input).await?;
        let run = RunId::generate();
        let created = Created {
            run,
            rules: RULES,
            agent,
            version: version.version,
            plan,
            input: input.digest,
            trust,
            session: None,
            parent: None,
            fork: None,
            deadline: None,
            trace: format!("{:032x}", run.as_u128()),
        };
        self.engine.catalogue(&tenant, version).await?;
        if !limits.is_empty() {
            // Before the run is there: its first call may follow at once.
            self.limit(RunKey { tenant: tenant.clone(), run }, limits).await?;
        }
        let by = Principal::User(caller.name.clone());
        let request = RequestId::generate();
        let create = |reply| Create { tenant, created, input, method, by, request, key, reply };
        self.engine.create(create).await
    }
}
