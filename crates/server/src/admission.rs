//! From what a caller asks to a run that can begin: the agent read, its trust checked, its version kept, its plan
//! resolved.
//!
//! Everything here may touch the disk, so it runs outside the async threads. Nothing is recorded yet: a refused
//! request leaves at most a snapshot in the cache.

mod talk;

use std::path::{Path, PathBuf};

use mainspring_agent::{Agent, Layers, Overlay, Prepared, Shape, StepWork, Trust as Asked};
use mainspring_api::run::CreateRun;
use mainspring_core::{Plan, PlannedStep, Retry, Trust};
use mainspring_store::{RunLimit, Version};
use mainspring_types::{AgentName, Code, Hash, Problem, parse_duration};
use serde_json::{Value, json};

pub(crate) use self::talk::{Talk, parts};
use crate::{caller::Paths, limits};

/// A request that may become a run.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) agent: AgentName,
    pub(crate) version: Version,
    pub(crate) plan: Plan,
    pub(crate) input: Value,
    pub(crate) method: Option<String>,
    pub(crate) trust: Trust,
    pub(crate) limits: Vec<RunLimit>,
    /// Its part in a conversation, if it holds one.
    pub(crate) talk: Option<Talk>,
}

/// Where agents are taken from, where their versions are kept, and what is laid over all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) paths: Paths,
    pub(crate) versions: &'a Path,
    pub(crate) tenant: &'a Overlay,
}

/// Checks a request; every problem of the agent's files is told at once.
pub(crate) fn admit(request: &CreateRun, ground: Ground<'_>) -> Result<Admitted, Vec<Problem>> {
    let timeout_ms = timeout_of(request.timeout.as_deref()).map_err(one)?;
    let limits = limits::of_new(request).map_err(one)?;
    let path = path_of(&request.agent, ground.paths).map_err(one)?;
    let mut agent = mainspring_agent::read(&path)?;
    talk::set_mode(&mut agent, request);
    let trust = honoured(&agent).map_err(one)?;
    let input = request.input.clone().unwrap_or(Value::Null);
    let layers = Layers { tenant: ground.tenant.clone(), run: talk::overlay(request).map_err(one)? };
    let prepared = agent.plan_within(&layers, request.method.as_deref(), input).map_err(one)?;
    let talk = talk::of(request, ground.paths, (&prepared.steps, &prepared.input)).map_err(one)?;
    let limits = talk::with_budget(limits, &prepared.steps);
    let snapshot = agent.materialise(ground.versions).map_err(one)?;
    let document = serde_json::to_string(&agent).expect("an agent is plain data");
    let plan = plan_of(&agent, &prepared, timeout_ms, request.allow_install);
    Ok(Admitted {
        method: matches!(agent.shape, Shape::Package(_)).then(|| prepared.steps[0].id.to_string()),
        version: Version { version: snapshot.hash, agent: agent.name.to_string(), document },
        agent: agent.name,
        plan,
        input: prepared.input,
        trust,
        limits,
        talk,
    })
}

fn one(problem: Problem) -> Vec<Problem> {
    vec![problem]
}

fn timeout_of(text: Option<&str>) -> Result<Option<u64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let timeout = parse_duration(text)
        .map_err(|error| Problem::new(Code::BadRequest, format!("`timeout`: {error}")))?;
    match u64::try_from(timeout.as_millis()) {
        Ok(millis @ 1..) => Ok(Some(millis)),
        _ => Err(Problem::new(Code::BadRequest, format!("`timeout`: `{text}` leaves no time to run"))),
    }
}

/// The path that names the agent. A name needs a registration, and there are none yet.
fn path_of(agent: &str, paths: Paths) -> Result<PathBuf, Problem> {
    let is_path = agent.contains('/') || agent.starts_with('.');
    match paths {
        _ if !is_path => {
            Err(Problem::new(Code::AgentNotFound, format!("no agent is registered as `{agent}`"))
                .suggest(format!("to run a folder or file of that name, write `./{agent}`")))
        }
        Paths::Refused => Err(Problem::new(
            Code::PathRefused,
            "agents are not taken by path while the server listens beyond loopback",
        )
        .suggest("listen on 127.0.0.1, or run the agent on the server's own machine with `mainspring run`")),
        Paths::Taken if !Path::new(agent).is_absolute() => {
            Err(Problem::new(Code::BadRequest, format!("`{agent}` is not an absolute path"))
                .suggest("the server has a working folder of its own: send the path from `/`"))
        }
        Paths::Taken => Ok(PathBuf::from(agent)),
    }
}

/// The trust level, if its isolation can be had. A level is a floor: there is no weaker substitute.
fn honoured(agent: &Agent) -> Result<Trust, Problem> {
    let (level, needs) = match agent.trust() {
        Asked::Trusted => return Ok(Trust::Trusted),
        Asked::Standard => ("standard", "gVisor"),
        Asked::Untrusted => ("untrusted", "a microVM"),
        Asked::Confidential => ("confidential", "a confidential microVM"),
    };
    Err(Problem::new(
        Code::SandboxUnavailable,
        format!("agent `{}` asks for trust level `{level}`, which needs {needs}; this version has the process tier only", agent.name),
    )
    .suggest("review the code and declare `trust: trusted` to run it as your own; it is never run with less than it asks for"))
}

fn plan_of(agent: &Agent, prepared: &Prepared, timeout_ms: Option<u64>, allow_install: bool) -> Plan {
    let step = |work: &StepWork| PlannedStep {
        id: work.id.clone(),
        after: Vec::new(),
        retry: retry_of(work.retry),
        work: json!({
            "step": work,
            "limits": prepared.limits,
            "requirements": agent.requirements(),
            "allow_install": allow_install,
        }),
    };
    Plan { timeout_ms, ..Plan::sequence(prepared.steps.iter().map(step)) }
}

fn retry_of(retry: mainspring_agent::Retry) -> Retry {
    let millis = |wait: std::time::Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates; a factor is positive"
    )]
    let factor_permille = (retry.factor * 1000.0).round() as u32;
    Retry {
        attempts: retry.attempts,
        delay_ms: millis(retry.delay),
        factor_permille,
        max_delay_ms: millis(retry.max_delay),
    }
}

/// The hash by which a repeated request is told from another one.
pub(crate) fn request_hash(request: &CreateRun) -> Hash {
    Hash::of(&serde_json::to_vec(request).expect("a request is plain data"))
}
