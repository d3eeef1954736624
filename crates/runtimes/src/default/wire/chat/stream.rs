//! Chat Completions, as a stream: chunks of the first choice, the usage after its end, then `[DONE]`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::MEMBER;
use crate::default::{
    Stop, TokenUsage,
    wire::draft::{Draft, Kind},
};

/// The members in which servers stream what the model thinks; where both are sent, they say the same.
pub(super) const THOUGHTS: [&str; 2] = ["reasoning_content", "reasoning"];

/// The calls that have begun: the number that the server gave each, and its place in the answer.
#[derive(Default, Debug)]
pub(in crate::default::wire) struct Stream {
    calls: Vec<(u64, usize)>,
}

#[derive(Deserialize)]
struct Chunk {
    id: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    delta: Option<Said>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<u64>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize, Default)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

/// Usage in which what the caches did is part of the prompt.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "these are the provider's names")]
struct Tokens {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

impl Stream {
    /// Takes the next event.
    pub(in crate::default::wire) fn event(
        &mut self,
        data: Value,
        draft: &mut Draft,
    ) -> serde_json::Result<()> {
        let chunk: Chunk = serde_json::from_value(data)?;
        if draft.id.is_empty() {
            draft.id = chunk.id.unwrap_or_default();
        }
        if let Some(tokens) = chunk.usage {
            draft.usage = tokens.into();
        }
        let first = chunk.choices.into_iter().flatten().filter(|choice| choice.index == 0);
        for choice in first {
            if let Some(said) = choice.delta {
                self.say(said, draft);
            }
            if let Some(reason) = choice.finish_reason {
                // A refusal in words comes with the reason of an answer that is complete.
                draft.stop.get_or_insert(stop(&reason));
            }
        }
        Ok(())
    }

    fn say(&mut self, said: Said, draft: &mut Draft) {
        let thoughts = [said.reasoning_content, said.reasoning];
        let thought = THOUGHTS.into_iter().zip(thoughts).find_map(|(member, text)| Some((member, text?)));
        if let Some((member, text)) = thought {
            draft.flow(Kind::Thinking, Some(json!({MEMBER: member})), &text);
        }
        if let Some(text) = said.content {
            draft.flow(Kind::Text, None, &text);
        }
        if let Some(text) = said.refusal.filter(|text| !text.is_empty()) {
            draft.flow(Kind::Text, None, &text);
            draft.stop = Some(Stop::Refused);
        }
        for call in said.tool_calls.into_iter().flatten() {
            self.call(call, draft);
        }
    }

    /// A call begins with its id and its name and goes on with its arguments.
    fn call(&mut self, call: Call, draft: &mut Draft) {
        let function = call.function.unwrap_or_default();
        let (id, name) = (call.id.unwrap_or_default(), function.name.unwrap_or_default());
        let at = match self.open(call.index, &id, &name, draft) {
            Some(at) => at,
            None => self.begin(call.index, Kind::Call { id, name }, draft),
        };
        draft.grow(at, &function.arguments.unwrap_or_default());
    }

    /// The call that goes on; `None` when another begins. Some servers leave the number out, or give every call the
    /// same one, so that the id decides as well; without either, a name begins a call.
    fn open(&self, index: Option<u64>, id: &str, name: &str, draft: &mut Draft) -> Option<usize> {
        let numbered = |(number, _): &&(u64, usize)| index.is_none_or(|index| *number == index);
        let (_, at) = *self.calls.iter().rev().find(numbered)?;
        let Kind::Call { id: known, .. } = draft.kind(at) else { return None };
        let is_other = !id.is_empty() && id != known;
        let is_nameless = index.is_none() && id.is_empty() && !name.is_empty();
        (!is_other && !is_nameless).then_some(at)
    }

    fn begin(&mut self, index: Option<u64>, call: Kind, draft: &mut Draft) -> usize {
        let at = draft.begin(call, None);
        self.calls.push((index.unwrap_or(u64::MAX), at));
        at
    }
}

impl From<Tokens> for TokenUsage {
    fn from(tokens: Tokens) -> Self {
        let prompt = tokens.prompt_tokens.unwrap_or(0);
        let cached = tokens.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0);
        // xAI counts reasoning in the total and not in the completion; elsewhere the two agree.
        let rest = tokens.total_tokens.unwrap_or(0).saturating_sub(prompt);
        Self {
            input_tokens: prompt.saturating_sub(cached),
            output_tokens: tokens.completion_tokens.unwrap_or(0).max(rest),
            cache_read_tokens: cached,
            cache_creation_tokens: 0,
        }
    }
}

fn stop(reason: &str) -> Stop {
    match reason {
        "stop" => Stop::End,
        "tool_calls" | "function_call" => Stop::Tools,
        "length" => Stop::Length,
        "content_filter" => Stop::Refused,
        _ => Stop::Other,
    }
}
