//! Whole conversations with the scripted model, which writes each format on its own.

use mainspring_scripted::{Ids, Script, State, Wanted};
use mainspring_types::Timestamp;
use serde_json::json;

use super::*;
use crate::default::{Calls, Message, ModelOptions, Part, Role, Stop, TokenUsage, ToolSpec};

const SCRIPT: &str = r#"
rules:
  - match: {step: 0, system: "^Be brief", last_user: "^List", has_tool: [shell]}
    reply:
      thinking: "The user wants two lists of what there is, so two calls are made at once."
      text: "I look."
      tool_calls:
        - {name: shell, arguments: {command: "ls -la --color=never /tmp"}}
        - {name: shell, arguments: {command: "ls /ä"}}
      usage: {input_tokens: 100, cached_tokens: 40, output_tokens: 30, thinking_tokens: 5}
  - match: {step: 1, last_tool_result: "one\\.txt"}
    reply: {text: "There is one file.", usage: {input_tokens: 200, output_tokens: 6}}
  - match: {last_user: "^Fail"}
    reply: {error: {status: 429, message: "too fast", code: slow_down}}
  - match: {last_user: "^Stop short"}
    reply: {text: "Half of", fault: {kind: truncate}}
  - match: {last_user: "^Break"}
    reply: {text: "Half of", fault: {kind: error_event, message: "it broke"}}
  - match: {last_user: "^Talk on"}
    reply: {text: "one two three four five six seven eight nine ten eleven twelve"}
"#;

fn request(messages: Vec<Message>) -> ModelRequest {
    ModelRequest {
        model: "claude-opus-5".to_owned(),
        instructions: "Be brief.".to_owned(),
        messages,
        tools: vec![ToolSpec {
            name: "shell".to_owned(),
            description: "Runs a command.".to_owned(),
            parameters: json!({"type": "object", "properties": {"command": {"type": "string"}}}),
        }],
        calls: Calls::Allowed,
        options: ModelOptions::default(),
        output: None,
    }
}

/// What the scripted model answers.
fn ask(family: Family, request: &ModelRequest) -> Result<ModelAnswer, Broken> {
    let outgoing = encode(family, request);
    let script = Script::parse(SCRIPT, "script").expect("a script");
    let headers: Vec<_> = outgoing.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let wanted = Wanted {
        method: "POST",
        path: &outgoing.path,
        headers: &headers,
        body: outgoing.body.as_bytes(),
        now: Timestamp::from_millis(0),
    };
    let reply = script.answer(&State::new(Ids::Counting), &wanted);
    match reply.status {
        200 => answer(family, std::str::from_utf8(&reply.body()).expect("text")),
        status => Err(refusal(status, &reply.body())),
    }
}

/// The parts without what only their own provider understands.
fn plain(parts: &[Part]) -> Vec<Part> {
    let mut parts = parts.to_vec();
    for part in &mut parts {
        match part {
            Part::Text { opaque, .. } | Part::Thinking { opaque, .. } => *opaque = None,
            Part::ToolUse { id, opaque, .. } => (*id, *opaque) = (String::new(), None),
            Part::Image { .. } | Part::ToolResult { .. } => {}
        }
    }
    parts
}

fn call(command: &str) -> Part {
    samples::called("", "shell", json!({"command": command}), None)
}

#[test]
fn a_turn_with_two_calls_is_the_same_with_every_provider() {
    let thought = "The user wants two lists of what there is, so two calls are made at once.";
    // The scripted Chat Completions keep their thoughts to themselves, as those of the provider do.
    for (family, thinks) in [(Family::OpenAi, false), (Family::Anthropic, true), (Family::Gemini, true)] {
        let mut request = request(vec![Message::user("List it.")]);
        let first = ask(family, &request).expect("an answer");
        let thought = thinks.then(|| Part::Thinking { text: thought.to_owned(), opaque: None });
        let said = [Part::text("I look."), call("ls -la --color=never /tmp"), call("ls /ä")];
        assert_eq!(plain(&first.parts), thought.into_iter().chain(said).collect::<Vec<_>>(), "{family:?}");
        assert_eq!(first.stop, Stop::Tools);
        let usage = TokenUsage {
            input_tokens: 60,
            output_tokens: 30,
            cache_read_tokens: 40,
            cache_creation_tokens: 0,
        };
        assert_eq!(first.usage, usage, "{family:?}");

        request.messages.push(Message { role: Role::Assistant, parts: first.parts.clone() });
        request.messages.push(results(&first.parts));
        let last = ask(family, &request).expect("an answer");
        assert_eq!((plain(&last.parts), last.stop), (vec![Part::text("There is one file.")], Stop::End));
    }
}

/// Every call has found one file.
fn results(parts: &[Part]) -> Message {
    let results = parts.iter().filter_map(|part| match part {
        Part::ToolUse { id, name, .. } => Some(Part::ToolResult {
            id: id.clone(),
            name: name.clone(),
            text: "one.txt".to_owned(),
            error: false,
        }),
        _ => None,
    });
    Message { role: Role::Tool, parts: results.collect() }
}

#[test]
fn what_goes_wrong_is_the_same_with_every_provider() {
    for family in Family::ALL {
        let ask = |text: &str| ask(family, &request(vec![Message::user(text)]));
        let code = match family {
            Family::OpenAi => "slow_down",
            Family::Anthropic => "rate_limit_error",
            Family::Gemini => "RESOURCE_EXHAUSTED",
        };
        let (code, message) = (Some(code.to_owned()), "too fast".to_owned());
        assert_eq!(ask("Fail"), Err(Broken::Refused { status: 429, code, message }));
        assert_eq!(ask("Stop short"), Err(Broken::Truncated), "{family:?}");
        let broke = ask("Break");
        assert!(
            matches!(&broke, Err(Broken::Refused { status: 200, message, .. }) if message == "it broke"),
            "{family:?} {broke:?}"
        );
    }
}

#[test]
fn an_answer_that_has_to_be_short_is_cut_with_every_provider() {
    for family in Family::ALL {
        let mut request = request(vec![Message::user("Talk on")]);
        request.options.max_output_tokens = Some(5);
        let said = ask(family, &request).expect("an answer");
        assert_eq!((plain(&said.parts), said.stop), (vec![Part::text("one two three four f")], Stop::Length));
    }
}
