//! A run with fixed times and ids, for the tests of what people see.

use mainspring_api::{
    effect::EffectView,
    event::EventView,
    gate::{GateDefault, GateKind, GateState, GateView},
    limit::BudgetView,
    run::{RunStatus, RunSummary, RunView, StepView, Usage, Waiting},
};
use mainspring_types::{AttemptNo, EffectId, GateId, RunId, StepId, Timestamp};
use serde_json::{Value, json};

/// The moment the fixture's runs begin.
pub(crate) const BEGIN: Timestamp = Timestamp::from_millis(1_763_700_000_000);

/// The moment `millis` after the beginning.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(BEGIN.as_millis() + millis)
}

/// Entries at the given milliseconds, numbered from 1.
pub(crate) fn journal(entries: &[(i64, &str, Value)]) -> Vec<EventView> {
    (1..)
        .zip(entries)
        .map(|(seq, (millis, kind, data))| EventView {
            seq,
            at: at(*millis),
            kind: (*kind).to_owned(),
            data: data.as_object().cloned().unwrap_or_default(),
        })
        .collect()
}

/// The journal of a run of three steps whose server died while it was in its second.
pub(crate) fn lost_and_found() -> Vec<EventView> {
    let step = |id: &str, attempt: u32| json!({"step": id, "attempt": attempt});
    let done = |id: &str, attempt: u32| json!({"step": id, "attempt": attempt, "end": "done", "output": 1});
    journal(&[
        (0, "run.created", json!({"agent": "writer"})),
        (
            3,
            "attempt.preparing",
            json!({"step": "plan", "attempt": 1, "stage": "install", "message": "resolving"}),
        ),
        (400, "attempt.started", step("plan", 1)),
        (
            500,
            "log",
            json!({"step": "plan", "attempt": 1, "stream": "stderr", "lines": ["thinking", "thought"]}),
        ),
        (900, "attempt.ended", done("plan", 1)),
        (904, "attempt.started", step("write", 1)),
        (5_000, "attempt.lost", json!({"step": "write", "attempt": 1, "loss": "server"})),
        (5_004, "attempt.started", step("write", 2)),
        (6_204, "attempt.ended", done("write", 2)),
        (6_206, "attempt.started", step("send", 1)),
        (
            6_306,
            "attempt.ended",
            json!({"step": "send", "attempt": 1, "end": "failed", "problem": problem()}),
        ),
        (6_306, "run.failed", json!({"error": problem()})),
    ])
}

fn problem() -> Value {
    json!({"code": "E2001", "type": "ExecutionError", "message": "the agent ended with exit code 3",
        "suggestion": "read its log with `mainspring runs events`"})
}

/// A run of three steps that stands so.
pub(crate) fn run(status: RunStatus) -> RunView {
    RunView {
        run_id: RunId::from_u128(0x019a_a49d_4d00_7000_8000_0000_0000_002a),
        status,
        agent: "writer".to_owned(),
        version: format!("sha256:{}", "4f1c9a2b".repeat(8)),
        method: None,
        result: (status == RunStatus::Completed).then(|| json!({"pages": 3})),
        error: (status == RunStatus::Failed).then(|| serde_json::from_value(problem()).expect("a problem")),
        execution_time: 1.2,
        memory_usage_bytes: Some(14_200_000),
        attempts: 4,
        usage: Usage::default(),
        model_calls: 0,
        replayed_calls: 0,
        cost: "$0.0000".to_owned(),
        cost_nano_usd: 0,
        held_tokens: 0,
        budget: Vec::new(),
        created_at: BEGIN,
        ended_at: status.is_ended().then(|| at(6_306)),
        waiting: (status == RunStatus::Waiting).then(waiting),
        steps: ["plan", "write", "send"].map(|id| step(id, status)).into(),
        isolation: None,
        session: None,
        parent: None,
        workspace: None,
        tool_calls: 0,
        receipt: None,
        last_seq: 19,
    }
}

fn waiting() -> Waiting {
    Waiting {
        reason: "slot".to_owned(),
        since: BEGIN,
        detail: "all 2 slots are taken".to_owned(),
        way_out: "it begins by itself when a slot is free".to_owned(),
    }
}

fn step(id: &str, status: RunStatus) -> StepView {
    let state = match (id, status) {
        ("send", RunStatus::Failed) => "failed",
        ("send", RunStatus::Waiting | RunStatus::Running) => "live",
        ("send", RunStatus::Cancelled) => "dropped",
        _ => "done",
    };
    StepView {
        id: StepId::new(id).expect("a step name"),
        state: state.to_owned(),
        attempts: if id == "write" { 2 } else { 1 },
        failures: u32::from(state == "failed"),
        reason: (state == "live").then(|| "slot".to_owned()),
    }
}

/// The run as a list shows it.
pub(crate) fn summary(status: RunStatus) -> RunSummary {
    let run = run(status);
    RunSummary {
        run_id: run.run_id,
        status,
        agent: run.agent,
        method: Some("draft".to_owned()),
        created_at: run.created_at,
        ended_at: run.ended_at,
        reason: run.waiting.map(|waiting| waiting.reason),
    }
}

/// A completed run whose agent asked a model three times and was answered once from the journal.
pub(crate) fn paid() -> RunView {
    let usage = Usage { input_tokens: 388, output_tokens: 24, total_tokens: 412, ..Usage::default() };
    let limit = |meter: &str, (used, max), summary: &str| BudgetView {
        meter: meter.to_owned(),
        max,
        used,
        policy: "suspend".to_owned(),
        summary: summary.to_owned(),
    };
    RunView {
        usage,
        model_calls: 3,
        replayed_calls: 1,
        cost: "$0.0004".to_owned(),
        cost_nano_usd: 400_000,
        budget: vec![
            limit("tokens", (412, 1000), "412 of 1000 tokens"),
            limit("calls", (2, 2), "2 of 2 calls"),
        ],
        ..run(RunStatus::Completed)
    }
}

/// The calls of that run.
pub(crate) fn called() -> Vec<EffectView> {
    let effect = |number: u128, state: &str, replays: u32, (input, output): (u64, u64)| EffectView {
        effect_id: EffectId::from_u128(0x019a_a49d_4d00_7000_8000_0000_0000_0000 + number),
        step: StepId::new("main").expect("a step name"),
        attempt: AttemptNo(1),
        route: "openai.chat".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        provider: "openai".to_owned(),
        key: format!("sha256:{}", "4f1c9a2b".repeat(8)),
        occurrence: 1,
        state: state.to_owned(),
        superseded: false,
        replayed: replays > 0,
        replays,
        tries: 1,
        tokens: Usage {
            input_tokens: input,
            output_tokens: output,
            total_tokens: input + output,
            ..Usage::default()
        },
        held_tokens: 0,
        cost: "$0.0002".to_owned(),
        cost_nano_usd: 200_000,
        stop: Some("natural".to_owned()),
        intended_at: BEGIN,
        settled_at: Some(at(400)),
    };
    vec![effect(1, "committed", 1, (180, 12)), effect(2, "committed", 0, (208, 12))]
}

/// An open gate: whether a folder may be removed.
pub(crate) fn approval() -> GateView {
    GateView {
        gate_id: GateId::from_u128(0x019a_a49d_4d00_7000_8000_0000_0000_0001),
        run_id: run(RunStatus::Waiting).run_id,
        agent: "reviewer".to_owned(),
        step: StepId::new("main").expect("a step name"),
        kind: GateKind::Approval,
        state: GateState::Open,
        tool: Some("shell".to_owned()),
        arguments: Some(json!({"command": "rm -rf build", "timeout": 5})),
        question: None,
        choices: Vec::new(),
        why: Some("agent.yaml:9 asks for shell".to_owned()),
        shape: Some("shell(rm -rf*)".to_owned()),
        effect_id: None,
        opened_at: BEGIN,
        deadline: Some(at(3_600_000)),
        fallback: Some(GateDefault::Deny),
        escalated_to: None,
        answer: None,
    }
}

/// An open gate: a question with choices.
pub(crate) fn question() -> GateView {
    GateView {
        gate_id: GateId::from_u128(0x019a_a49d_4d00_7000_8000_0000_0000_0002),
        kind: GateKind::Question,
        tool: None,
        arguments: None,
        question: Some("Which branch is meant?".to_owned()),
        choices: vec!["main".to_owned(), "dev".to_owned()],
        why: None,
        shape: None,
        deadline: None,
        fallback: None,
        ..approval()
    }
}
