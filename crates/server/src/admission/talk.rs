//! What a request says about a conversation: its session, its first message, its rules and where its tools work.

use std::path::{Path, PathBuf};

use mainspring_agent::{Agent, Assistant, Mode, Opening, Overlay, Shape, StepWork, Verdict, Work};
use mainspring_api::run::CreateRun;
use mainspring_boundary::broker;
use mainspring_store::RunLimit;
use mainspring_types::{Code, Problem, SessionId};
use serde_json::{Value, json};

use crate::caller::Paths;

/// A run's part in a conversation, as far as the request decides it.
#[derive(Debug)]
pub(crate) struct Talk {
    /// The session it goes on with; a new one when absent.
    pub(crate) session: Option<SessionId>,
    /// The agent as a later message to the session finds it.
    pub(crate) agent: String,
    /// Whether the run waits for a further message after each turn.
    pub(crate) waits: bool,
    /// The parts of the first message, if there is one.
    pub(crate) first: Option<String>,
    /// The folder that its tools work in; one of the run's own when absent.
    pub(crate) workspace: Option<PathBuf>,
}

/// Lets the request decide whether the run waits for further messages.
pub(super) fn set_mode(agent: &mut Agent, request: &CreateRun) {
    if let (Shape::Native(definition), Some(waits)) = (&mut agent.shape, request.conversation)
        && let Some(draft) = &mut definition.assistant
    {
        draft.session.mode = if waits { Mode::Conversation } else { Mode::OneShot };
    }
}

/// The rules that the request lays over the definition.
pub(super) fn overlay(request: &CreateRun) -> Result<Overlay, Problem> {
    let line = |(pattern, verdict): (&String, &String)| {
        let bad = |why: String| Problem::new(Code::BadRequest, format!("`approvals`, at `{pattern}`: {why}"));
        let known = || format!("`{verdict}` is not `allow`, `ask` or `deny`");
        let verdict: Verdict = serde_json::from_value(json!(verdict)).map_err(|_| bad(known()))?;
        Ok((pattern.parse().map_err(|error| bad(format!("{error}")))?, verdict))
    };
    let approvals = request.approvals.iter().map(line).collect::<Result<_, Problem>>()?;
    Ok(Overlay { approvals, place: Some("the request".into()), ..Overlay::default() })
}

/// What the request says about a conversation; `None` for an agent that holds none.
pub(super) fn of(
    request: &CreateRun,
    paths: Paths,
    (steps, input): (&[StepWork], &Value),
) -> Result<Option<Talk>, Problem> {
    let Some(assistant) = steps.first().and_then(assistant_of) else {
        return nothing_to_say(request).map(|()| None);
    };
    let opening = Opening::read(input)?;
    Ok(Some(Talk {
        session: request.session,
        agent: request.agent.clone(),
        waits: assistant.session.mode == Mode::Conversation,
        first: (!opening.is_empty()).then(|| parts(&opening).to_string()),
        workspace: request.workspace.as_deref().map(|path| folder(path, paths)).transpose()?,
    }))
}

/// The limits of the definition where the request has none of its own; of two, the lower.
pub(super) fn with_budget(mut limits: Vec<RunLimit>, steps: &[StepWork]) -> Vec<RunLimit> {
    let Some(assistant) = steps.first().and_then(assistant_of) else { return limits };
    for of_definition in broker::limits(assistant.budget) {
        match limits.iter_mut().find(|limit| limit.meter == of_definition.meter) {
            Some(limit) => limit.most = limit.most.min(of_definition.most),
            None => limits.push(of_definition),
        }
    }
    limits
}

fn assistant_of(step: &StepWork) -> Option<&Assistant> {
    match &step.work {
        Work::Converse { assistant } => Some(assistant),
        _ => None,
    }
}

/// A message's parts, as a conversation keeps them.
pub(crate) fn parts(opening: &Opening) -> Value {
    let images = opening.images.iter();
    let images = images.map(|image| json!({ "type": "image", "media": image.media, "data": image.data }));
    let text = Some(&opening.prompt).filter(|text| !text.is_empty());
    let text = text.map(|text| json!({ "type": "text", "text": text }));
    Value::Array(images.chain(text).collect())
}

/// Fields that mean something for a conversation alone.
fn nothing_to_say(request: &CreateRun) -> Result<(), Problem> {
    let said = [
        ("session", request.session.is_some()),
        ("conversation", request.conversation.is_some()),
        ("workspace", request.workspace.is_some()),
        ("approvals", !request.approvals.is_empty()),
    ];
    match said.into_iter().find(|(_, is_said)| *is_said) {
        None => Ok(()),
        Some((field, _)) => Err(Problem::new(
            Code::BadRequest,
            format!("`{field}` is for agents that are a model with tools, and this one is not"),
        )
        .suggest("leave it out, or give the definition `runtime: default` and a model")),
    }
}

fn folder(path: &str, paths: Paths) -> Result<PathBuf, Problem> {
    let wrong = |why: &str| Problem::new(Code::BadRequest, format!("use `{path}` as a workspace: {why}"));
    match (paths, Path::new(path)) {
        (Paths::Refused, _) => Err(Problem::new(
            Code::PathRefused,
            "folders are not taken by path while the server listens beyond loopback",
        )
        .suggest("leave `workspace` out: the run gets a folder of its own")),
        (Paths::Taken, path) if !path.is_absolute() => Err(wrong("it is not an absolute path")),
        (Paths::Taken, path) if !path.is_dir() => Err(wrong("there is no such folder")),
        (Paths::Taken, path) => path.canonicalize().map_err(|error| wrong(&error.to_string())),
    }
}
