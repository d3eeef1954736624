//! Gates for people: the inbox as a table, and one gate as a card with the ways to answer it.

use std::fmt::Write as _;

use mainspring_api::gate::{Action, GateAnswer, GateKind, GateState, GateView};
use mainspring_types::Timestamp;
use serde_json::Value;

use super::subject;
use crate::output::{Palette, Table, Tone, age, fitted, moment, time};

/// One row a gate.
pub(crate) fn gates(gates: &[GateView], now: Timestamp, palette: Palette, columns: usize) -> String {
    let mut table = Table::new(["GATE", "KIND", "STATE", "RUN", "AGE", "DEADLINE", "ASKS"]);
    for gate in gates {
        table.row([
            gate.gate_id.to_string(),
            gate.kind.to_string(),
            palette.paint(tone_of(gate.state), gate.state.as_str()),
            format!("…{}", &gate.run_id.to_string()[22..]),
            age(gate.opened_at, now),
            gate.deadline.map_or_else(|| "-".to_owned(), |at| until(at, now)),
            fitted(&asked(gate), columns.saturating_sub(90).max(30)),
        ]);
    }
    table.render(palette)
}

/// One gate, whole, and the commands that answer it.
pub(crate) fn gate(gate: &GateView, now: Timestamp, palette: Palette) -> String {
    let state = palette.paint(tone_of(gate.state), gate.state.as_str());
    let mut text = format!("{}  {} {state}\n\n", palette.strong(&gate.gate_id.to_string()), gate.kind);
    for (name, value) in facts(gate, now) {
        let _ = writeln!(text, "  {} {value}", palette.dim(&format!("{name:<10}")));
    }
    if let Some(arguments) = &gate.arguments {
        let _ = writeln!(text, "\n{arguments:#}");
    }
    if gate.state == GateState::Open {
        let _ = writeln!(text, "\n{}", palette.dim(&ways(gate).join("\n")));
    }
    text
}

/// What was decided, in one line.
pub(crate) fn decided(gate: &GateView, palette: Palette) -> String {
    let what = palette.paint(tone_of(gate.state), gate.state.as_str());
    let remembered = gate.answer.as_ref().and_then(|answer| answer.remembered.as_ref());
    let aside = remembered.map_or(String::new(), |shape| format!(", and from now on {shape}"));
    format!("{} {what}: {}{aside}", palette.strong(&gate.gate_id.to_string()), asked(gate))
}

/// What is asked, in one line.
fn asked(gate: &GateView) -> String {
    let tool = gate.tool.as_deref().unwrap_or("a tool");
    let call = || call(tool, gate.arguments.as_ref());
    match gate.kind {
        GateKind::Approval => call(),
        GateKind::Question => gate.question.clone().unwrap_or_else(call),
        GateKind::Input => "the next message".to_owned(),
        GateKind::Unknown => format!("what became of {}", call()),
    }
}

/// A call in one line: the tool, and the argument that matters.
pub(crate) fn call(tool: &str, arguments: Option<&Value>) -> String {
    match arguments.map(|arguments| subject(tool, arguments)).filter(|subject| !subject.is_empty()) {
        Some(subject) => format!("{tool}: {subject}"),
        None => tool.to_owned(),
    }
}

fn facts(gate: &GateView, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut facts = vec![("asks", asked(gate))];
    facts.extend((!gate.choices.is_empty()).then(|| ("choices", gate.choices.join(", "))));
    facts.extend(gate.why.clone().map(|why| ("because", why)));
    facts.push(("run", format!("{} of {}, step {}", gate.run_id, gate.agent, gate.step)));
    facts.push(("opened", format!("{} ({})", moment(gate.opened_at), age(gate.opened_at, now))));
    if let Some(deadline) = gate.deadline {
        let then = gate.fallback.as_ref().map_or(String::new(), |fallback| format!(", then {fallback}"));
        facts.push(("deadline", format!("{}{then}", moment(deadline))));
    }
    facts.extend(gate.escalated_to.clone().map(|whom| ("passed to", whom)));
    facts.extend(gate.shape.clone().map(|shape| ("shape", shape)));
    facts.extend(gate.answer.as_ref().map(|answer| ("answer", answered(answer))));
    facts
}

fn answered(answer: &GateAnswer) -> String {
    let mut text = format!("{} by {}, {}", answer.action.as_str(), answer.by, moment(answer.at));
    for (word, said) in [("saying", &answer.message), ("remembering", &answer.remembered)] {
        if let Some(said) = said {
            let _ = write!(text, ", {word} {said}");
        }
    }
    if answer.action == Action::Approve
        && let Some(arguments) = &answer.arguments
    {
        let _ = write!(text, ", with {arguments}");
    }
    text
}

/// The commands that answer a gate.
fn ways(gate: &GateView) -> Vec<String> {
    let id = gate.gate_id;
    let (approve, deny) = (format!("mainspring gates approve {id}"), format!("mainspring gates deny {id}"));
    match gate.kind {
        GateKind::Approval => vec![approve, deny],
        GateKind::Question => vec![format!("mainspring gates answer {id} TEXT")],
        GateKind::Input => vec![
            format!("mainspring runs message {} TEXT", gate.run_id),
            format!("mainspring runs done {}", gate.run_id),
        ],
        GateKind::Unknown => vec![
            format!("{approve}      make the call again"),
            format!("mainspring gates answer {id} TEXT  say what it returned"),
            format!("{deny}         leave it as failed"),
        ],
    }
}

fn until(at: Timestamp, now: Timestamp) -> String {
    if at > now { format!("in {}", time(at.since(now))) } else { "passed".to_owned() }
}

fn tone_of(state: GateState) -> Tone {
    match state {
        GateState::Open => Tone::Active,
        GateState::Approved | GateState::Answered => Tone::Good,
        GateState::Denied => Tone::Bad,
        GateState::Expired | GateState::Withdrawn => Tone::Warn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::{approval, at, question};

    #[test]
    fn the_inbox_stands_in_columns() {
        let list = [approval(), question()];
        insta::assert_snapshot!(gates(&list, at(90_000), Palette::Plain, 160), @"
        GATE                             KIND      STATE  RUN        AGE        DEADLINE        ASKS
        gate_01kaj9tk80e008000000000001  approval  open   …0000001a  1 min ago  in 58 min 30 s  shell: rm -rf build
        gate_01kaj9tk80e008000000000002  question  open   …0000001a  1 min ago  -               Which branch is meant?
        ");
    }

    #[test]
    fn an_open_gate_says_how_to_answer_it() {
        insta::assert_snapshot!(gate(&approval(), at(90_000), Palette::Plain), @r#"
        gate_01kaj9tk80e008000000000001  approval open

          asks       shell: rm -rf build
          because    agent.yaml:9 asks for shell
          run        run_01kaj9tk80e00800000000001a of reviewer, step main
          opened     2025-11-21 04:40:00 UTC (1 min ago)
          deadline   2025-11-21 05:40:00 UTC, then deny
          shape      shell(rm -rf*)

        {
          "command": "rm -rf build",
          "timeout": 5
        }

        mainspring gates approve gate_01kaj9tk80e008000000000001
        mainspring gates deny gate_01kaj9tk80e008000000000001
        "#);
        let unknown =
            GateView { kind: GateKind::Unknown, why: Some("the server died".to_owned()), ..approval() };
        insta::assert_snapshot!(ways(&unknown).join("\n"), @"
        mainspring gates approve gate_01kaj9tk80e008000000000001      make the call again
        mainspring gates answer gate_01kaj9tk80e008000000000001 TEXT  say what it returned
        mainspring gates deny gate_01kaj9tk80e008000000000001         leave it as failed
        ");
    }

    #[test]
    fn an_answered_gate_says_who_decided_what() {
        let answer = GateAnswer {
            action: Action::Approve,
            by: "admin".to_owned(),
            at: at(60_000),
            arguments: Some(serde_json::json!({"command": "rm -rf out"})),
            message: Some("the other one".to_owned()),
            remembered: Some("shell(rm -rf*)".to_owned()),
        };
        let settled = GateView { state: GateState::Approved, answer: Some(answer), ..approval() };
        insta::assert_snapshot!(gate(&settled, at(90_000), Palette::Plain), @r#"
        gate_01kaj9tk80e008000000000001  approval approved

          asks       shell: rm -rf build
          because    agent.yaml:9 asks for shell
          run        run_01kaj9tk80e00800000000001a of reviewer, step main
          opened     2025-11-21 04:40:00 UTC (1 min ago)
          deadline   2025-11-21 05:40:00 UTC, then deny
          shape      shell(rm -rf*)
          answer     approve by admin, 2025-11-21 04:41:00 UTC, saying the other one, remembering shell(rm -rf*), with {"command":"rm -rf out"}

        {
          "command": "rm -rf build",
          "timeout": 5
        }
        "#);
        insta::assert_snapshot!(decided(&settled, Palette::Plain), @"
        gate_01kaj9tk80e008000000000001 approved: shell: rm -rf build, and from now on shell(rm -rf*)
        ");
    }
}
