//! Sessions for people: all of them as a table, and one as what was said in it.

use std::fmt::Write as _;

use mainspring_api::session::{SessionView, TurnView};
use mainspring_types::Timestamp;
use serde_json::Value;

use super::Prose;
use crate::output::{Palette, Table, Tone, age, count, fitted, moment};

/// The longest title a row shows.
const TITLE_MAX: usize = 50;

/// One row a session.
pub(crate) fn sessions(sessions: &[SessionView], now: Timestamp, palette: Palette) -> String {
    let mut table = Table::new(["SESSION", "AGENT", "TURNS", "CHANGED", "STANDS", "TITLE"]);
    for session in sessions {
        let stands =
            if session.live_run.is_some() { palette.paint(Tone::Active, "live") } else { "-".into() };
        table.row([
            session.session_id.to_string(),
            name_of(&session.agent).to_owned(),
            session.turns.to_string(),
            age(session.changed_at, now),
            stands,
            fitted(session.title.as_deref().unwrap_or("-"), TITLE_MAX),
        ]);
    }
    table.render(palette)
}

/// One session with its turns.
pub(crate) fn session(
    session: &SessionView,
    turns: &[TurnView],
    now: Timestamp,
    palette: Palette,
    columns: usize,
) -> String {
    let mut text = format!("{}  {}\n\n", palette.strong(&session.session_id.to_string()), session.agent);
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(text, "  {} {value}", palette.dim(&format!("{name:<8}")));
    };
    fact("begun", format!("{} ({})", moment(session.created_at), age(session.created_at, now)));
    if let Some(parent) = session.forked_from {
        let turn = session.forked_at.map_or(String::new(), |turn| format!(" after turn {turn}"));
        fact("forked", format!("from {parent}{turn}"));
    }
    fact("turns", session.turns.to_string());
    if let Some(run) = session.live_run {
        fact("live run", run.to_string());
    }
    for turn in turns {
        let _ = write!(text, "\n{}", told(turn, palette, columns));
    }
    text
}

/// One turn: what was said to the agent, what it did, what it said at the end.
pub(crate) fn told(turn: &TurnView, palette: Palette, columns: usize) -> String {
    let mut lines = vec![palette.dim(&format!("turn {} · {} · {}", turn.turn, turn.run_id, moment(turn.at)))];
    for said in said_by(turn, "user") {
        lines.push(format!("{} {}", palette.paint(Tone::Active, "›"), palette.strong(&said)));
    }
    let calls = parts(turn).filter(|part| part["type"] == "tool_use").count();
    if calls > 0 {
        lines.push(palette.dim(&format!("  {}", count(calls as u64, "tool call"))));
    }
    lines.extend(Prose::default().lines(&turn.text, columns, palette));
    lines.join("\n") + "\n"
}

fn messages(turn: &TurnView) -> impl Iterator<Item = &Value> {
    turn.messages.as_array().into_iter().flatten()
}

fn parts(turn: &TurnView) -> impl Iterator<Item = &Value> {
    messages(turn).filter_map(|message| message["parts"].as_array()).flatten()
}

fn said_by<'a>(turn: &'a TurnView, role: &'a str) -> impl Iterator<Item = String> + 'a {
    let said = messages(turn).filter(move |message| message["role"] == role);
    said.filter_map(|message| message["parts"].as_array())
        .flatten()
        .filter_map(|part| part["text"].as_str().map(str::to_owned))
}

/// The name of an agent that is known by its path.
fn name_of(agent: &str) -> &str {
    agent.rsplit('/').next().unwrap_or(agent)
}

#[cfg(test)]
mod tests {
    use mainspring_types::{RunId, SessionId};
    use serde_json::json;

    use super::*;
    use crate::render::fixture::at;

    fn view() -> SessionView {
        SessionView {
            session_id: SessionId::from_u128(3),
            agent: "/home/me/reviewer.yaml".to_owned(),
            title: Some("look at the diff".to_owned()),
            turns: 1,
            live_run: Some(RunId::from_u128(7)),
            forked_from: Some(SessionId::from_u128(2)),
            forked_at: Some(1),
            created_at: at(0),
            changed_at: at(60_000),
        }
    }

    #[test]
    fn sessions_stand_in_columns() {
        let idle = SessionView { live_run: None, title: None, ..view() };
        insta::assert_snapshot!(sessions(&[view(), idle], at(90_000), Palette::Plain), @"
        SESSION                         AGENT          TURNS  CHANGED   STANDS  TITLE
        ses_00000000000000000000000003  reviewer.yaml  1      30 s ago  live    look at the diff
        ses_00000000000000000000000003  reviewer.yaml  1      30 s ago  -       -
        ");
    }

    #[test]
    fn a_session_reads_as_what_was_said() {
        let turn = TurnView {
            turn: 1,
            run_id: RunId::from_u128(7),
            at: at(60_000),
            text: "Two **bugs**.".to_owned(),
            messages: json!([
                {"role": "user", "parts": [{"type": "text", "text": "look at the diff"}]},
                {"role": "assistant", "parts": [{"type": "tool_use", "id": "1", "name": "shell", "arguments": {}}]},
            ]),
        };
        insta::assert_snapshot!(session(&view(), &[turn], at(90_000), Palette::Plain, 80), @"
        ses_00000000000000000000000003  /home/me/reviewer.yaml

          begun    2025-11-21 04:40:00 UTC (1 min ago)
          forked   from ses_00000000000000000000000002 after turn 1
          turns    1
          live run run_00000000000000000000000007

        turn 1 · run_00000000000000000000000007 · 2025-11-21 04:41:00 UTC
        › look at the diff
          1 tool call
        Two bugs.
        ");
    }
}
