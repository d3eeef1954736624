//! Gemini's `generateContent`, as a stream: chunks of the first candidate, each with whole parts.

use serde::Deserialize;
use serde_json::{Value, json};

use super::SIGNATURE;
use crate::default::{
    Stop, TokenUsage,
    wire::draft::{Draft, Kind},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    response_id: Option<String>,
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    index: u64,
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Spoken>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spoken {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    thought_signature: Option<String>,
    function_call: Option<Call>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: String,
    name: String,
    args: Option<Value>,
}

/// What a refused prompt gets in place of candidates.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

/// Usage in which the cache is part of the prompt, and thoughts and results of the provider's own tools are part of
/// nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "these are the provider's names")]
struct Tokens {
    prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
}

/// Takes the next event. The answer ends with the candidate's reason; usage may follow.
pub(in crate::default::wire) fn event(data: Value, draft: &mut Draft) -> serde_json::Result<()> {
    let chunk: Chunk = serde_json::from_value(data)?;
    if draft.id.is_empty() {
        draft.id = chunk.response_id.unwrap_or_default();
    }
    // Vertex sends metadata without counts before it knows them.
    if let Some(tokens) = chunk.usage_metadata.filter(|tokens| tokens.prompt_token_count.is_some()) {
        draft.usage = tokens.into();
    }
    if chunk.prompt_feedback.is_some_and(|feedback| feedback.block_reason.is_some()) {
        end(Stop::Refused, draft);
    }
    for candidate in chunk.candidates.into_iter().flatten().filter(|candidate| candidate.index == 0) {
        for spoken in candidate.content.and_then(|content| content.parts).into_iter().flatten() {
            say(spoken, draft);
        }
        if let Some(reason) = candidate.finish_reason {
            end(stop(&reason), draft);
        }
    }
    Ok(())
}

fn say(spoken: Spoken, draft: &mut Draft) {
    let signature = spoken.thought_signature.filter(|signature| !signature.is_empty());
    let opaque = signature.map(|signature| json!({SIGNATURE: signature}));
    if let Some(call) = spoken.function_call {
        let at = draft.begin(Kind::Call { id: call.id, name: call.name }, opaque);
        draft.grow(at, &call.args.map(|args| args.to_string()).unwrap_or_default());
    } else if let Some(text) = spoken.text {
        let kind = if spoken.thought { Kind::Thinking } else { Kind::Text };
        if opaque.is_none() {
            draft.flow(kind, None, &text);
        } else {
            // A signature proves its own part, and may come with a part that is empty.
            let at = draft.begin(kind, opaque);
            draft.grow(at, &text);
        }
    }
}

fn end(stop: Stop, draft: &mut Draft) {
    draft.is_ended = true;
    draft.stop = Some(stop);
}

impl From<Tokens> for TokenUsage {
    fn from(tokens: Tokens) -> Self {
        let prompt = tokens.prompt_token_count.unwrap_or(0);
        let cached = tokens.cached_content_token_count.unwrap_or(0);
        let own_tools = tokens.tool_use_prompt_token_count.unwrap_or(0);
        let thoughts = tokens.thoughts_token_count.unwrap_or(0);
        Self {
            input_tokens: prompt.saturating_sub(cached).saturating_add(own_tools),
            output_tokens: tokens.candidates_token_count.unwrap_or(0).saturating_add(thoughts),
            cache_read_tokens: cached,
            cache_creation_tokens: 0,
        }
    }
}

fn stop(reason: &str) -> Stop {
    match reason {
        "STOP" => Stop::End,
        "MAX_TOKENS" => Stop::Length,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" => Stop::Refused,
        _ => Stop::Other,
    }
}
