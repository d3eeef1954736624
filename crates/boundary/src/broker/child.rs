//! Sub-agents: runs of their own that have less than the one that starts them.
//!
//! A child's id follows from its parent and the effect that starts it, so that a call that is repeated starts it once.
//! It works in its parent's workspace, and what it spends counts against every run above it.

use mainspring_agent::{Assistant, BudgetAsk, TaskAsk, narrowed};
use mainspring_core::{
    Ask, CancelLevel, Created, Ending, Event, Plan, PlannedStep, Principal, RULES, Request, Run, What,
};
use mainspring_store::{Conversation, Demand, Entry, Fault, Ledger as _, Pen, RunKey, RunLimit, SessionRow};
use mainspring_types::{AgentName, EffectId, Hasher, RequestId, RunId, SessionId, Timestamp, Value};
use serde_json::json;

use super::Charter;
use crate::Pass;

/// How many runs may stand above one another.
const DEPTH_MAX: usize = 5;

/// A run that may be started.
pub(super) struct Wanted {
    assistant: Assistant,
    agent: AgentName,
    prompt: String,
    work: serde_json::Value,
}

/// A run that is being started.
pub(super) struct Child {
    pub(super) run: RunId,
    pub(super) agent: String,
    pub(super) demand: Demand,
}

/// The run as the call asks for it, or why it is not started, as the agent is told.
pub(super) fn prepare(
    charter: &Charter,
    pass: &Pass,
    arguments: &serde_json::Value,
) -> Result<Wanted, String> {
    let asked = TaskAsk::read(arguments)?;
    let parent = &charter.assistant;
    let child = parent.agents.get(&asked.agent).ok_or_else(|| unknown(parent, &asked.agent))?;
    if pass.ancestors.len() + 1 >= DEPTH_MAX {
        return Err(format!("no more than {DEPTH_MAX} agents may start one another in a row"));
    }
    let assistant = narrowed(parent, child, &asked).map_err(|refusals| {
        let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        format!("the sub-agent `{}` is not started: {}", asked.agent, all.join("; "))
    })?;
    let agent = AgentName::new(&asked.agent).map_err(|error| error.to_string())?;
    let mut work = charter.work.clone();
    let step = mainspring_agent::Work::Converse { assistant: Box::new(assistant.clone()) };
    work["step"]["work"] = serde_json::to_value(step).expect("an assistant is plain data");
    let above: Vec<RunId> = pass.ancestors.iter().copied().chain([pass.key.run]).collect();
    work["ancestors"] = json!(above);
    Ok(Wanted { assistant, agent, prompt: asked.prompt, work })
}

fn unknown(parent: &Assistant, name: &str) -> String {
    let names: Vec<&str> = parent.agents.keys().map(String::as_str).collect();
    match names.as_slice() {
        [] => format!("there is no sub-agent `{name}`: this agent has none"),
        names => format!("there is no sub-agent `{name}`; there are: {}", names.join(", ")),
    }
}

/// The run that the effect starts.
pub(super) fn run_of(pass: &Pass, effect: EffectId) -> RunId {
    let mut hasher = Hasher::new();
    hasher.field(pass.key.run.to_string().as_bytes());
    hasher.field(effect.to_string().as_bytes());
    RunId::from_u128(hasher.finish().head())
}

impl Wanted {
    /// Writes what the run begins with; it begins when the demand is met, in the same transaction.
    pub(super) fn begin(
        self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (pass, effect): (&Pass, EffectId),
    ) -> Result<Child, Fault> {
        let run = run_of(pass, effect);
        let key = RunKey { tenant: pass.key.tenant.clone(), run };
        let session = SessionId::from_u128(run.as_u128());
        self.open_session(pen, now, (&key, session))?;
        for limit in limits(self.assistant.budget) {
            pen.limit_run(&key, &limit)?;
        }
        pen.bear(&pass.key, run, effect)?;
        let input = Value::json(&json!({ "prompt": self.prompt })).expect("text serialises");
        let above = created_of(pen, &pass.key)?;
        let step = PlannedStep {
            id: pass.step.clone(),
            after: Vec::new(),
            retry: mainspring_core::Retry::default(),
            work: self.work,
        };
        let created = Created {
            run,
            rules: RULES,
            agent: self.agent.clone(),
            plan: Plan::sequence([step]),
            input: input.digest(),
            session: Some(session.to_string()),
            parent: Some((pass.key.run, pass.step.clone())),
            fork: None,
            ..above
        };
        let by = Principal::Run(pass.key.run);
        let request = RequestId::from_cause(format!("task/{effect}"));
        let demand = Demand::Begin { key, created: Box::new(created), input, by, request };
        Ok(Child { run, agent: self.agent.to_string(), demand })
    }

    fn open_session(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (key, session): (&RunKey, SessionId),
    ) -> Result<(), Fault> {
        let row = SessionRow {
            session,
            agent: self.agent.to_string(),
            title: None,
            forked: None,
            created_at: now,
            changed_at: now,
        };
        pen.begin_session(&key.tenant, &row)?;
        pen.join(key, Conversation::new(session, false))?;
        let parts = json!([{ "type": "text", "text": self.prompt }]).to_string();
        pen.say(key, "the agent above", &parts, now).map(drop)
    }
}

/// What the run that was started came to, and whether that is a complaint; `None` while it has not ended.
pub(super) fn outcome(pen: &mut Pen<'_>, pass: &Pass, run: RunId) -> Result<Option<(String, bool)>, Fault> {
    let key = RunKey { tenant: pass.key.tenant.clone(), run };
    if !pen.has_ended(&key)? {
        return Ok(None);
    }
    let entries = pen.lifecycle(&key)?;
    let events: Vec<Event> = entries.iter().map(|entry| read(&key, entry)).collect::<Result<_, Fault>>()?;
    let Some(outcome) = Run::from_log(&events).and_then(|run| run.outcome().cloned()) else {
        return Ok(None);
    };
    Ok(Some(match outcome.ending {
        Ending::Completed { .. } => {
            let text = pen.last_text(&key.tenant, SessionId::from_u128(run.as_u128()))?;
            (text.unwrap_or_default(), false)
        }
        Ending::Failed(problem) => (format!("the sub-agent failed: {}", problem.message), true),
        Ending::Cancelled { reason } => {
            let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            (format!("the sub-agent was cancelled{why}"), true)
        }
    }))
}

/// Ends the run's sub-agents that are still at work, in the transaction that this is asked in.
pub(crate) fn end_all(pen: &mut Pen<'_>, key: &RunKey, why: &str) -> Result<Vec<Demand>, Fault> {
    let end = |child: RunId| {
        let ask = Ask::Cancel { level: CancelLevel::Stop, reason: Some(why.to_owned()) };
        let id = RequestId::from_cause(format!("turn/{}", key.run));
        let request = Box::new(Request { id, by: Principal::Run(key.run), ask });
        Demand::Ask { key: RunKey { tenant: key.tenant.clone(), run: child }, request }
    };
    Ok(pen.children(key)?.into_iter().map(end).collect())
}

/// What a run carries with it from its beginning.
fn created_of(pen: &mut Pen<'_>, key: &RunKey) -> Result<Created, Fault> {
    match pen.lifecycle(key)?.first().map(|entry| read(key, entry)).transpose()?.map(|event| event.what) {
        Some(What::Created(created)) => Ok(*created),
        _ => Err(Fault::Corrupt { detail: format!("{} does not begin with its creation", key.run) }),
    }
}

fn read(key: &RunKey, entry: &Entry) -> Result<Event, Fault> {
    serde_json::from_str(&entry.envelope)
        .map_err(|error| Fault::Corrupt { detail: format!("entry {} of {}: {error}", entry.seq, key.run) })
}

/// The limits that a run is given by its definition.
pub fn limits(budget: BudgetAsk) -> impl Iterator<Item = RunLimit> {
    let BudgetAsk { tokens, cost, calls } = budget;
    let meters = [("tokens", tokens), ("cost", cost), ("calls", calls)];
    meters.into_iter().filter_map(|(meter, most)| {
        let most = most?;
        Some(RunLimit { meter: meter.into(), most, policy: "suspend".into() })
    })
}

#[cfg(test)]
mod tests;
