//! Tool calls, gates and turns for people: what an entry says, in words.

use super::{Entry, call};
use crate::output::{Tone, fitted, time};
use std::time::Duration;

/// The longest call that stands in a line.
const CALL_MAX: usize = 120;

/// What an entry says of a model agent's work, with its step; `None` for any other entry.
pub(super) fn words(entry: Entry<'_>) -> Option<(Option<Tone>, String)> {
    let step = entry.step().map_or_else(String::new, |step| format!("{step} · "));
    said(entry).map(|(tone, words)| (tone, step + &words))
}

/// The same without the step.
pub(super) fn said(entry: Entry<'_>) -> Option<(Option<Tone>, String)> {
    let tool = entry.text("tool").unwrap_or("?");
    let text = |name: &str| entry.text(name).unwrap_or_default();
    let because = |name: &str| entry.text(name).map_or_else(String::new, |why| format!(": {why}"));
    Some(match entry.kind() {
        "tool.intended" => (Some(Tone::Dim), format!("tool {}", called(entry))),
        "tool.committed" => committed(entry, tool),
        "tool.failed" => (Some(Tone::Bad), format!("tool {tool} · failed{}", because("error"))),
        "tool.unknown" => (
            Some(Tone::Warn),
            format!("tool {tool} · cut off, nobody knows how far it came{}", because("error")),
        ),
        "tool.replayed" => (Some(Tone::Good), format!("tool {tool} · ↺ from the journal")),
        "tool.denied" => (Some(Tone::Bad), format!("tool {} · not allowed{}", called(entry), because("why"))),
        "gate.opened" => (Some(Tone::Warn), opened(entry)),
        "gate.settled" => {
            let (tone, words) = settled(entry);
            (Some(tone), words)
        }
        "child.started" => (None, format!("starts {} as {}", text("agent"), text("run_id"))),
        "message.added" => (None, format!("› {}", text("text"))),
        "turn.interrupted" => (Some(Tone::Warn), format!("interrupted by {}", text("by"))),
        "turn.ended" => (Some(Tone::Good), format!("turn {} is done", entry.number("turn").unwrap_or(0))),
        "remark" => (Some(Tone::Dim), text("message").to_owned()),
        _ => return None,
    })
}

/// What is asked, in one line.
fn asks(entry: Entry<'_>) -> String {
    let matter = matter(entry);
    if entry.text("kind") == Some("approval") { format!("allow {matter}?") } else { matter }
}

/// What a gate is about.
pub(super) fn matter(entry: Entry<'_>) -> String {
    match (entry.text("kind"), entry.text("question")) {
        (_, Some(question)) => question.to_owned(),
        (Some("unknown"), None) => format!("what became of {}?", called(entry)),
        (Some("input"), None) => "the next message".to_owned(),
        _ => called(entry),
    }
}

/// How it was decided, and by whom.
pub(super) fn settled(entry: Entry<'_>) -> (Tone, String) {
    let by = entry.text("by").unwrap_or("?");
    let said = entry.text("message").map_or_else(String::new, |message| format!(": {message}"));
    match entry.text("action") {
        Some("approve") => (Tone::Good, format!("allowed by {by}{said}")),
        Some("deny") => (Tone::Bad, format!("denied by {by}{said}")),
        Some("withdraw") => (Tone::Dim, format!("withdrawn by {by}{said}")),
        _ => (Tone::Good, format!("answered by {by}{said}")),
    }
}

fn called(entry: Entry<'_>) -> String {
    fitted(&call(entry.text("tool").unwrap_or("?"), entry.0.data.get("arguments")), CALL_MAX)
}

fn committed(entry: Entry<'_>, tool: &str) -> (Option<Tone>, String) {
    let lasted =
        entry.number("ms").map_or_else(String::new, |ms| format!(" · {}", time(Duration::from_millis(ms))));
    let complains = entry.0.data.get("error").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let first = entry.text("output").and_then(|output| output.lines().next()).unwrap_or_default();
    if complains {
        (Some(Tone::Bad), format!("tool {tool} · complains: {first}{lasted}"))
    } else {
        (None, format!("tool {tool} · done{lasted}"))
    }
}

/// What is asked, and the command that answers it.
fn opened(entry: Entry<'_>) -> String {
    let gate = entry.text("gate_id").unwrap_or_default();
    let way = match entry.text("kind") {
        Some("question") => format!("mainspring gates answer {gate} TEXT"),
        Some("input") => "mainspring runs message RUN TEXT".to_owned(),
        Some("unknown") => format!("mainspring gates show {gate}"),
        _ => format!("mainspring gates approve {gate}\n→ mainspring gates deny {gate}"),
    };
    format!("waits: {}\n→ {way}", asks(entry))
}

#[cfg(test)]
mod tests {
    use mainspring_types::GateId;
    use serde_json::{Value, json};

    use crate::{
        output::Palette,
        render::{fixture::journal, line},
    };

    fn told(kind: &str, mut data: Value) -> String {
        data["step"] = json!("main");
        let line = line(&journal(&[(0, kind, data)])[0], Palette::Plain, 110);
        line.lines().map(|line| &line[19..]).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn everything_a_model_agent_does_has_its_words() {
        let gate = GateId::from_u128(9).to_string();
        let call = json!({"tool": "shell", "arguments": {"command": "rm -rf build"}});
        let with = |more: Value| {
            let mut data = call.clone();
            data.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            data
        };
        let said = [
            told("tool.intended", call.clone()),
            told("tool.committed", with(json!({"output": "gone\n", "ms": 120, "error": false}))),
            told("tool.committed", with(json!({"output": "no such folder\n", "ms": 120, "error": true}))),
            told("tool.failed", with(json!({"error": "the sandbox did not start"}))),
            told("tool.unknown", with(json!({"error": "the server died"}))),
            told("tool.replayed", json!({"tool": "shell"})),
            told("tool.denied", with(json!({"why": "agent.yaml:9 denies shell(rm*)"}))),
            told("gate.opened", with(json!({"gate_id": gate, "kind": "approval"}))),
            told("gate.opened", json!({"gate_id": gate, "kind": "question", "question": "Which branch?"})),
            told("gate.opened", with(json!({"gate_id": gate, "kind": "unknown"}))),
            told(
                "gate.settled",
                json!({"gate_id": gate, "action": "deny", "by": "me", "message": "not that one"}),
            ),
            told("child.started", json!({"agent": "researcher", "run_id": "run_1"})),
            told("message.added", json!({"message_id": 2, "text": "and now?"})),
            told("turn.interrupted", json!({"turn": 1, "by": "ann"})),
            told("turn.ended", json!({"turn": 1, "text": "done"})),
            told("remark", json!({"kind": "context", "message": "dropped 3 old turns"})),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        main · tool shell: rm -rf build
        main · tool shell · done · 0.1 s
        main · tool shell · complains: no such folder · 0.1 s
        main · tool shell · failed: the sandbox did not start
        main · tool shell · cut off, nobody knows how far it came: the server died
        main · tool shell · ↺ from the journal
        main · tool shell: rm -rf build · not allowed: agent.yaml:9 denies shell(rm*)
        main · waits: allow shell: rm -rf build?
        → mainspring gates approve gate_00000000000000000000000009
        → mainspring gates deny gate_00000000000000000000000009
        main · waits: Which branch?
        → mainspring gates answer gate_00000000000000000000000009 TEXT
        main · waits: what became of shell: rm -rf build?
        → mainspring gates show gate_00000000000000000000000009
        main · denied by me: not that one
        main · starts researcher as run_1
        main · › and now?
        main · interrupted by ann
        main · turn 1 is done
        main · dropped 3 old turns
        ");
    }
}
