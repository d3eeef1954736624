//! Random plans, inputs and outputs.

use std::time::Duration;

use mainspring_core::{Created, Plan, PlannedStep, RULES, Retry, Trust};
use mainspring_types::{AgentName, Hash, RunId, StepId, Timestamp, Value};

use super::prng::Prng;

/// A plan of one to five steps, in a row or as a graph; the order of their names is not their order.
pub(super) fn plan(prng: &mut Prng) -> Plan {
    let mut names = vec!["a", "b", "c", "d", "e"];
    let mut steps: Vec<PlannedStep> = Vec::new();
    for _ in 0..=prng.below(4) {
        let id = StepId::new(names.remove(prng.index(names.len()))).expect("a letter is a step");
        let mut after: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
        after.retain(|_| prng.chance(45));
        let work = serde_json::json!({ "do": id });
        steps.push(PlannedStep { id, after, retry: retry(prng), work });
    }
    let mut plan = if prng.chance(40) { Plan::sequence(steps) } else { Plan { steps, timeout_ms: None } };
    plan.timeout_ms = prng.chance(25).then(|| 1_000 + prng.below(60_000));
    plan
}

fn retry(prng: &mut Prng) -> Retry {
    Retry {
        attempts: prng.weigh(&[(3, 1), (3, 2), (2, 4)]),
        delay_ms: prng.weigh(&[(1, 0), (3, 100), (2, 5_000)]),
        factor_permille: prng.weigh(&[(1, 1_000), (2, 2_000)]),
        max_delay_ms: 12_000,
    }
}

/// What a new run carries with it.
pub(super) fn created(prng: &mut Prng, plan: Plan, input: &Value, now: Timestamp) -> Created {
    let run = run_id(prng);
    let deadline = prng.chance(15).then(|| now.after(Duration::from_millis(prng.below(90_000))));
    Created {
        run,
        rules: RULES,
        agent: AgentName::new("sim").expect("a word is a name"),
        version: Hash::of(&run.as_u128().to_le_bytes()),
        plan,
        input: input.digest(),
        trust: Trust::Trusted,
        session: None,
        parent: None,
        fork: None,
        deadline,
        trace: format!("{:032x}", run.as_u128()),
    }
}

pub(super) fn run_id(prng: &mut Prng) -> RunId {
    RunId::from_u128(u128::from(prng.draw()) << 64 | u128::from(prng.draw()))
}

/// A value nobody else makes: its token is unique. Inline as JSON or text, or a blob.
pub(super) fn value(prng: &mut Prng) -> Value {
    let token = prng.draw();
    match prng.below(10) {
        0 => Value::Blob(Value::Text(format!("blob {token:016x}")).digest()),
        1 | 2 => Value::Text(format!("text {token:016x}")),
        _ => Value::json(&serde_json::json!({ "token": token })).expect("JSON serialises"),
    }
}
