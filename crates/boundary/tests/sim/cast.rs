//! Who acts in a universe: runs, the agents that work on them, and the messages that people have for them.

use std::time::Duration;

use mainspring_agent::{Approval, Assistant, EffectClass, Fallback, GatePolicy, Layer, Mode, Verdict};
use serde_json::{Value, json};

use super::prng::Prng;

/// A run that a person starts.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// What it is called in this universe.
    pub(super) label: String,
    /// Which conversation it is part of; runs of one follow each other.
    pub(super) session: usize,
    pub(super) assistant: Assistant,
    /// Whether it waits for a further message after each turn.
    pub(super) waits: bool,
    /// What is said to it, turn by turn.
    pub(super) messages: Vec<String>,
}

/// The tools that may be granted, and what a call of each does to the world. `wire` can be asked what became of a call.
pub(super) const TOOLS: [(&str, EffectClass); 6] = [
    ("look", EffectClass::Pure),
    ("put", EffectClass::Idempotent),
    ("book", EffectClass::Compensatable),
    ("pay", EffectClass::Irreversible),
    ("wire", EffectClass::Irreversible),
    ("ban", EffectClass::Irreversible),
];

/// Beginnings of commands.
pub(super) const COMMANDS: [&str; 3] = ["git push", "make deploy", "rm stuff"];

/// The runs of a universe, in the order in which they are begun.
pub(super) fn parts(seed: u64) -> Vec<Part> {
    let mut prng = Prng::about(seed, &["cast"]);
    let count = prng.weigh(&[(5, 1), (3, 2), (1, 3)]);
    let mut session = 0;
    let mut parts: Vec<Part> = Vec::new();
    for number in 0..count {
        session += usize::from(number > 0 && prng.chance(50));
        let label = format!("run{number}");
        let waits = prng.chance(40);
        let spoken = if waits { 1 + prng.below(3) } else { 1 };
        let before = parts.last().filter(|part| part.session == session && prng.chance(60));
        let assistant = match before.map(|part| part.assistant.clone()) {
            Some(before) => stricter(&mut prng, before, waits),
            None => assistant(&mut prng, waits),
        };
        parts.push(Part {
            session,
            assistant,
            waits,
            messages: (0..spoken).map(|turn| format!("{label} asks {turn}")).collect(),
            label,
        });
    }
    parts
}

fn assistant(prng: &mut Prng, waits: bool) -> Assistant {
    let mut tools: Vec<Value> = Vec::new();
    for (name, class) in TOOLS {
        if prng.chance(75) {
            tools.push(tool(name, class));
        }
    }
    let below = sub_agent(prng, &tools, 2);
    let document = agent(prng, "lead", &tools, &[("helper", below)]);
    let mut assistant: Assistant = serde_json::from_value(document).expect("it is an assistant");
    let gates = gate_policy(prng);
    set_bounds(&mut assistant, prng, &gates);
    assistant.session.mode = mode(waits);
    assistant
}

/// The agent of the run before, which may do something less: what was remembered then does not lift that.
fn stricter(prng: &mut Prng, mut assistant: Assistant, waits: bool) -> Assistant {
    let names = TOOLS.iter().map(|(name, _)| (*name).to_owned());
    let commands = COMMANDS.iter().map(|command| format!("shell({command}*)"));
    let patterns: Vec<String> = names.chain(commands).collect();
    for pattern in patterns.iter().filter(|_| prng.chance(35)) {
        assistant.approvals.push(Approval {
            pattern: pattern.parse().expect("it is a pattern"),
            verdict: Verdict::Deny,
            from: Layer::Run,
            place: None,
            generation: 0,
        });
    }
    assistant.session.mode = mode(waits);
    assistant
}

const fn mode(waits: bool) -> Mode {
    if waits { Mode::Conversation } else { Mode::OneShot }
}

fn tool(name: &str, class: EffectClass) -> Value {
    let mut tool = json!({
        "name": name, "description": name, "run": [name], "class": class,
        "parameters": {"type": "object", "properties": {"of": {"type": "string"}}, "required": ["of"]},
    });
    if name == "wire" {
        tool["probe"] = json!(["wire", "--probe"]);
    }
    tool
}

/// A sub-agent with some of the tools, and now and then with one that its parent has not.
fn sub_agent(prng: &mut Prng, had: &[Value], depth: u32) -> Value {
    let mut tools: Vec<Value> = had.iter().filter(|_| prng.chance(60)).cloned().collect();
    if prng.chance(10) {
        tools.push(tool("steal", EffectClass::Irreversible));
    }
    let below = (depth > 1).then(|| ("helper", sub_agent(prng, &tools, depth - 1)));
    agent(prng, "helper", &tools, below.as_slice())
}

fn agent(prng: &mut Prng, name: &str, tools: &[Value], below: &[(&str, Value)]) -> Value {
    let toolsets = [("shell", 60), ("ask_user", 50), ("task", 60)];
    let toolsets: Vec<_> =
        toolsets.iter().filter(|(_, often)| prng.chance(*often)).map(|(name, _)| name).collect();
    let mut approvals = vec![json!({"pattern": "ban", "verdict": "deny", "from": "agent"})];
    let named = TOOLS.iter().map(|(name, _)| (*name).to_owned());
    let commands = COMMANDS.iter().map(|command| format!("shell({command}*)"));
    for pattern in named.chain(commands).chain(["task".to_owned()]) {
        let verdict = prng.weigh(&[(60, None), (25, Some("ask")), (8, Some("allow")), (7, Some("deny"))]);
        let from = prng.weigh(&[(2, "agent"), (1, "run")]);
        approvals
            .extend(verdict.map(|verdict| json!({"pattern": pattern, "verdict": verdict, "from": from})));
    }
    let agents: serde_json::Map<String, Value> =
        below.iter().map(|(name, agent)| ((*name).to_owned(), agent.clone())).collect();
    json!({
        "name": name, "model": "sim/m", "instructions": format!("You are the {name}."), "toolsets": toolsets,
        "tools": tools, "approvals": approvals, "agents": agents,
    })
}

fn gate_policy(prng: &mut Prng) -> GatePolicy {
    let deadline =
        prng.weigh(&[(35, None), (35, Some(Duration::from_secs(20))), (30, Some(Duration::from_hours(1)))]);
    let fallback = if prng.chance(70) { Fallback::Deny } else { Fallback::Approve };
    GatePolicy { deadline, fallback, escalation: None }
}

fn set_bounds(assistant: &mut Assistant, prng: &mut Prng, gates: &GatePolicy) {
    assistant.gates = gates.clone();
    assistant.bounds.steps = prng.weigh(&[(1, 2), (4, 6)]);
    assistant.bounds.parallel_tools = prng.weigh(&[(1, 1), (1, 2), (3, 4)]);
    assistant.session.input_deadline = prng.chance(50).then(|| Duration::from_hours(2));
    assistant.agents.values_mut().for_each(|agent| set_bounds(agent, prng, gates));
}
