//! Accepting a run: once for each idempotency key, durable before it is answered.

use std::sync::Arc;

use mainspring_api::run::{CreateRun, RunView};
use mainspring_boundary::conversation::{self, Beginning, Begun, Unbegun};
use mainspring_core::{Created, Event, Principal, RULES, What};
use mainspring_engine::{Accepted, Body, Create, EngineError, Refused};
use mainspring_store::{Key, Keyed, RunKey};
use mainspring_types::{Code, Hash, Problem, RequestId, RunId, SessionId, TenantId, Value};
use serde_json::{Value as Json, json};

use super::Plane;
use crate::{
    admission::{self, Admitted, Ground, Talk},
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
        let (paths, versions, tenant) = (caller.paths, self.versions.clone(), Arc::clone(&self.overlay));
        let admitted = tokio::task::spawn_blocking(move || {
            let ground = Ground { paths, versions: &versions, tenant: &tenant };
            admission::admit(&request, ground)
        })
        .await
        .map_err(|_| vec![Problem::new(Code::Internal, "reading the agent failed unexpectedly")])??;
        let accepted = self.record(caller, admitted, once).await;
        accepted.map(Accepted::run).map_err(|problem| vec![problem])
    }

    async fn record(
        &self,
        caller: &Caller,
        admitted: Admitted,
        key: Option<(Key, Hash)>,
    ) -> Result<Accepted, Problem> {
        let Admitted { agent, version, mut plan, input, method, trust, limits, talk } = admitted;
        let failed = |error: EngineError| problem_of(&error);
        let tenant = caller.tenant.clone();
        let input = Value::json(&input).expect("JSON serialises");
        let input: Body = self.engine.keep(&tenant, input).await.map_err(failed)?;
        let run = RunId::generate();
        let session = talk.as_ref().map(|talk| talk.session.unwrap_or_else(SessionId::generate));
        if let Some(talk) = &talk {
            plan.steps[0].work["workspace"] = self.workspace(&tenant, talk, run).await?;
        }
        let created = Created {
            run,
            rules: RULES,
            agent,
            version: version.version,
            plan,
            input: input.digest,
            trust,
            session: session.map(|session| session.to_string()),
            parent: None,
            fork: None,
            deadline: None,
            trace: format!("{:032x}", run.as_u128()),
        };
        self.engine.catalogue(&tenant, version).await.map_err(failed)?;
        let by = Principal::User(caller.name.clone());
        if let (Some(Talk { agent, waits, first, .. }), Some(session)) = (talk, session) {
            let first = first.map(|parts| (parts, caller.name.clone()));
            let (created, input, once) = (Box::new(created), input.value, key);
            let beginning =
                Beginning { tenant, created, input, by, once, session, agent, waits, first, limits };
            return self.begin_talk(beginning).await;
        }
        if !limits.is_empty() {
            // Before the run is there: its first call may follow at once.
            self.limit(RunKey { tenant: tenant.clone(), run }, limits).await.map_err(failed)?;
        }
        let request = RequestId::generate();
        let create = |reply| Create { tenant, created, input, method, by, request, key, reply };
        self.engine.create(create).await.map_err(failed)
    }

    /// Begins a run with its part in a session.
    async fn begin_talk(&self, beginning: Beginning) -> Result<Accepted, Problem> {
        let session = beginning.session;
        let begun = conversation::begin(&self.engine.submit(), beginning).await;
        match begun.map_err(|fault| fault.to_problem())? {
            Ok(Begun::New(run)) => Ok(Accepted::New(run)),
            Ok(Begun::Known(run)) => Ok(Accepted::Known(run)),
            Err(Unbegun::KeyUsed(run)) => Err(problem_of(&EngineError::Refused(Refused::KeyUsed { run }))),
            Err(Unbegun::Busy(live)) => Err(Problem::new(
                Code::SessionBusy,
                format!("session {session} has a run that has not ended: {live}"),
            )
            .suggest(format!("say it to that run: mainspring runs message {live} \"...\""))),
        }
    }
}

impl Plane {
    /// Where the run's tools work, as its plan says it: children work there too. A run that goes on with a session works
    /// where the one before it did, unless it is told otherwise.
    async fn workspace(&self, tenant: &TenantId, talk: &Talk, run: RunId) -> Result<Json, Problem> {
        let before = match (&talk.workspace, talk.session) {
            (Some(path), _) => return Ok(json!({ "path": path })),
            (None, Some(session)) => self.last_workspace(tenant.clone(), session).await?,
            (None, None) => None,
        };
        Ok(before.unwrap_or_else(|| json!({ "own": run })))
    }

    /// Where the session's last turn was taken. That of a session it was forked from is left to that session.
    async fn last_workspace(&self, tenant: TenantId, session: SessionId) -> Result<Option<Json>, Problem> {
        let first_entry = self.read(move |readers| {
            let last = readers.last_turn(&tenant, session)?;
            let turn = readers.turns(&tenant, session, last.saturating_sub(1), 1)?.pop();
            let Some(run) = turn.map(|turn| turn.run) else { return Ok(None) };
            let key = RunKey { tenant, run };
            let is_its_own = readers.conversation(&key)?.is_some_and(|part| part.session == session);
            if is_its_own { Ok(readers.entries(&key, 0, 1)?.pop()) } else { Ok(None) }
        });
        let event = first_entry.await?.and_then(|entry| serde_json::from_str::<Event>(&entry.envelope).ok());
        Ok(match event.map(|event| event.what) {
            Some(What::Created(created)) => created.plan.steps[0].work.get("workspace").cloned(),
            _ => None,
        })
    }
}
