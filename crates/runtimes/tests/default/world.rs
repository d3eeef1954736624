//! A world of scripts: what the model answers to which request, and what tools return.

#![allow(clippy::unnecessary_wraps, reason = "an answer is what a model gives, and it may give none")]

use std::collections::BTreeMap;

use mainspring_runtimes::default::{
    Action, Bounds, Brief, Broken, Happening, Message, ModelAnswer, ModelOptions, ModelRequest, Part,
    Position, Remark, Role, Stop, TokenUsage, ToolCall, ToolOutcome, ToolSpec, Turn, TurnEnd,
};
use serde_json::{Value, json};

/// A turn that was played to its end.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Played {
    pub(crate) requests: Vec<ModelRequest>,
    pub(crate) calls: BTreeMap<Position, ToolCall>,
    pub(crate) remarks: Vec<Remark>,
    pub(crate) end: TurnEnd,
}

impl Played {
    /// The remarks, a line each.
    pub(crate) fn remarked(&self) -> String {
        let line = |remark: &Remark| format!("{}: {}", remark.kind.as_str(), remark.message);
        self.remarks.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The code, the message and the suggestion the turn failed with.
    pub(crate) fn failure(&self) -> String {
        let mainspring_runtimes::default::Ending::Failed(problem) = &self.end.ending else {
            return format!("{:?}", self.end.ending);
        };
        let suggestion = problem.suggestion.as_deref().unwrap_or("-");
        format!("{}: {}\nhint: {suggestion}", problem.code, problem.message)
    }
}

/// A brief with the tools `shell` and `read`.
pub(crate) fn brief() -> Brief {
    let tool = |name: &str, argument: &str| ToolSpec {
        name: name.to_owned(),
        description: format!("Does {name}."),
        parameters: json!({"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]}),
    };
    Brief {
        model: "m".to_owned(),
        instructions: "Help.".to_owned(),
        options: ModelOptions::default(),
        tools: vec![tool("shell", "command"), tool("read", "path")],
        bounds: Bounds::default(),
        output: None,
        history_turns: None,
    }
}

/// Plays the turn in which a model that knows only the step answers the message `go`.
pub(crate) fn play(brief: Brief, model: impl FnMut(u32) -> Result<ModelAnswer, Broken>) -> Played {
    play_on(brief, Vec::new(), model)
}

/// Plays a turn after `history`.
pub(crate) fn play_on(
    brief: Brief,
    history: Vec<Message>,
    model: impl FnMut(u32) -> Result<ModelAnswer, Broken>,
) -> Played {
    let turn = Turn::begin(brief, history, 1, vec![Message::user("go")]);
    finish(turn, model, |_| 0)
}

/// Plays a turn from where it is; of the calls under way, `pick` says which returns next.
pub(crate) fn finish(
    mut turn: Turn,
    mut model: impl FnMut(u32) -> Result<ModelAnswer, Broken>,
    mut pick: impl FnMut(usize) -> usize,
) -> Played {
    let (mut requests, mut calls, mut remarks) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut open = Vec::new();
    loop {
        for action in turn.due() {
            match action {
                Action::Ask { step, request } => {
                    requests.push(*request);
                    open.push(Happening::Answered { step, answer: model(step) });
                }
                Action::Call { position, call } => {
                    open.push(Happening::Returned { position, outcome: outcome(&call) });
                    calls.insert(position, call);
                }
                Action::Refuse { position, why, .. } => {
                    open.push(Happening::Returned { position, outcome: ToolOutcome::error(why) });
                }
                Action::Remark(remark) => remarks.push(remark),
                Action::Finish(end) => return Played { requests, calls, remarks, end: *end },
            }
        }
        assert!(!open.is_empty(), "a turn that is not over waits for something");
        let next = open.remove(pick(open.len()));
        turn.on(next);
    }
}

/// What the tools of this world return: their arguments, or as many letters as `big N` asks for.
pub(crate) fn outcome(call: &ToolCall) -> ToolOutcome {
    let argument =
        call.arguments.as_object().and_then(|all| all.values().next()?.as_str()).unwrap_or_default();
    let text = match argument.strip_prefix("big ") {
        Some(count) => "x".repeat(count.parse().expect("a count")),
        None => format!("did {argument}"),
    };
    ToolOutcome { text, error: argument == "fail" }
}

/// An answer that is words.
pub(crate) fn says(text: &str) -> Result<ModelAnswer, Broken> {
    Ok(ModelAnswer { parts: vec![Part::text(text)], stop: Stop::End, usage: TokenUsage::default() })
}

/// An answer that calls tools.
pub(crate) fn calls(calls: &[(&str, Value)]) -> Result<ModelAnswer, Broken> {
    let part = |(index, (name, arguments)): (usize, &(&str, Value))| Part::ToolUse {
        id: format!("c{}", index + 1),
        name: (*name).to_owned(),
        arguments: arguments.clone(),
        opaque: None,
    };
    let parts = calls.iter().enumerate().map(part).collect();
    Ok(ModelAnswer { parts, stop: Stop::Tools, usage: TokenUsage::default() })
}

/// An answer that calls `shell`.
pub(crate) fn shell(command: &str) -> Result<ModelAnswer, Broken> {
    calls(&[("shell", json!({"command": command}))])
}

/// The same answer with another reason for its end.
pub(crate) fn stopped(answer: Result<ModelAnswer, Broken>, stop: Stop) -> Result<ModelAnswer, Broken> {
    answer.map(|answer| ModelAnswer { stop, ..answer })
}

/// A conversation as text, a line a part; see [`squeezed`].
pub(crate) fn told(messages: &[Message]) -> String {
    let lines = messages.iter().flat_map(|message| {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        };
        message.parts.iter().map(move |part| format!("{role}: {}", shown(part)))
    });
    squeezed(&lines.collect::<Vec<_>>().join("\n"))
}

/// Long runs of one letter as the letter and how often it stands there.
fn squeezed(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let runs = letters.chunk_by(|one, other| one == other).map(|run| match run.len() {
        0..50 => run.iter().collect(),
        count => format!("<{count} {}>", run[0]),
    });
    runs.collect()
}

fn shown(part: &Part) -> String {
    match part {
        Part::Text { text, .. } => text.clone(),
        Part::Thinking { text, .. } => format!("({text})"),
        Part::Image { media, .. } => format!("[{media}]"),
        Part::ToolUse { id, name, arguments, .. } => format!("{id}: {name} {arguments}"),
        Part::ToolResult { id, text, error, .. } => {
            format!("{id}{} {text}", if *error { " failed:" } else { ":" })
        }
    }
}
