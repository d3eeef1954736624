//! Embeddings: vectors of length one that only the text decides.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use mainspring_types::Hash;
use serde_json::{Value, json};

use crate::{
    api::Family,
    conversation::{Conversation, items, text_of, tokens},
};

/// The answer to a request for embeddings, in the shape of its provider.
pub(crate) fn embeddings(talk: &Conversation) -> Value {
    match (talk.api.family(), talk.body.get("requests")) {
        (Family::Gemini, Some(requests)) => {
            json!({"embeddings": items(requests).iter().map(gemini).collect::<Vec<_>>()})
        }
        (Family::Gemini, None) => json!({"embedding": gemini(&talk.body)}),
        (Family::OpenAi | Family::Anthropic, _) => openai(talk),
    }
}

fn gemini(request: &Value) -> Value {
    let dimensions = request["outputDimensionality"].as_u64().unwrap_or(768);
    json!({"values": vector(&text_of(&request["content"]["parts"]), dimensions)})
}

fn openai(talk: &Conversation) -> Value {
    let dimensions = talk.body["dimensions"].as_u64().unwrap_or(1536);
    let inputs = inputs(&talk.body["input"]);
    let embedding = |input: &String| {
        let vector = vector(input, dimensions);
        if talk.body["encoding_format"] == "base64" { packed(&vector) } else { vector.into() }
    };
    let entry =
        |(index, input)| json!({"object": "embedding", "index": index, "embedding": embedding(input)});
    let data: Vec<_> = inputs.iter().enumerate().map(entry).collect();
    let used: u64 = inputs.iter().map(|input| tokens(input.chars().count())).sum();
    json!({
        "object": "list", "data": data, "model": talk.model,
        "usage": {"prompt_tokens": used, "total_tokens": used},
    })
}

/// One input is a text or a list of token numbers; several are a list of those.
fn inputs(input: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match items(input) {
        [] => vec![one(input)],
        [first, ..] if first.is_number() => vec![one(input)],
        several => several.iter().map(one).collect(),
    }
}

/// Numbers drawn from the hash of the text, as many as asked for.
fn vector(text: &str, dimensions: u64) -> Vec<f32> {
    let digest = Hash::of(text.as_bytes()).to_hex().into_bytes();
    let raw: Vec<f32> =
        digest.into_iter().cycle().zip(0..dimensions).map(|(byte, _)| f32::from(byte) - 75.0).collect();
    let length = raw.iter().map(|number| number * number).sum::<f32>().sqrt();
    raw.into_iter().map(|number| number / length).collect()
}

/// The numbers as the clients prefer them: four bytes each, the lowest first, in base64.
fn packed(vector: &[f32]) -> Value {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes).into()
}
