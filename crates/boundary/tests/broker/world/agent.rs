//! Agents, the runs that begin with them, and what people say to those.

use mainspring_boundary::{
    broker::{Action, Answer},
    conversation::Beginning,
};
use mainspring_core::{Created, Plan, PlannedStep, Principal, RULES, Retry, Trust};
use mainspring_types::{AgentName, Hash, RunId, SessionId, StepId, TenantId, Value as Stored};
use serde_json::{Value, json};

/// A run that may begin.
pub(crate) fn beginning(run: u128, session: u128, fields: &Value) -> Beginning {
    let input = Stored::json(&json!({ "prompt": "hello" })).expect("JSON serialises");
    let assistant = assistant(fields);
    let waits = assistant["session"]["mode"] == "conversation";
    Beginning {
        tenant: TenantId::sole(),
        created: Box::new(created(run, session, &assistant, &input)),
        input,
        by: Principal::User("ada".into()),
        once: None,
        session: SessionId::from_u128(session),
        agent: "reviewer".into(),
        waits,
        first: Some((parts("hello"), "ada".into())),
        limits: Vec::new(),
    }
}

fn created(run: u128, session: u128, assistant: &Value, input: &Stored) -> Created {
    let run = RunId::from_u128(run);
    let step = PlannedStep {
        id: StepId::new("main").expect("a name"),
        after: Vec::new(),
        retry: Retry::default(),
        work: json!({
            "step": { "id": "main", "work": { "converse": { "assistant": assistant } } },
            "workspace": { "own": run },
        }),
    };
    Created {
        run,
        rules: RULES,
        agent: AgentName::new("reviewer").expect("a name"),
        version: Hash::of(b"reviewer"),
        plan: Plan::sequence([step]),
        input: input.digest(),
        trust: Trust::Trusted,
        session: Some(SessionId::from_u128(session).to_string()),
        parent: None,
        fork: None,
        deadline: None,
        trace: format!("{:032x}", run.as_u128()),
    }
}

/// An assistant with these fields beside those that every one has.
fn assistant(fields: &Value) -> Value {
    let mut assistant = json!({
        "name": "reviewer",
        "model": "openai/gpt-4o-mini",
        "instructions": "You run what you are asked.",
    });
    for (field, value) in fields.as_object().expect("fields") {
        assistant[field] = value.clone();
    }
    assistant
}

/// An assistant with a shell that a person is asked about.
pub(crate) fn asking() -> Value {
    json!({ "toolsets": ["shell"], "approvals": [{ "pattern": "shell", "verdict": "ask", "from": "agent" }] })
}

/// The same, with gates of this policy.
pub(crate) fn asking_until(gates: Value) -> Value {
    let mut fields = asking();
    fields["gates"] = gates;
    fields
}

/// An answer of Ada's.
pub(crate) fn says(action: Action, message: Option<&str>) -> Answer {
    let message = message.map(str::to_owned);
    Answer { action, by: "ada".into(), arguments: None, message, remember: false }
}

pub(crate) fn parts(text: &str) -> String {
    json!([{ "type": "text", "text": text }]).to_string()
}
