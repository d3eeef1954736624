//! The list of models, in the shape of whoever asks: the three providers share the path or nearly so.

use serde_json::{Value, json};

use crate::{Wanted, api::Family};

/// When every scripted model was made.
const MADE: &str = "2026-01-01T00:00:00Z";
const MADE_SECONDS: u64 = 1_767_225_600;

/// Who asks: Anthropic's clients send their version, and Gemini's name theirs in the path.
pub(crate) fn family(wanted: &Wanted<'_>) -> Family {
    if !wanted.header("anthropic-version").is_empty() {
        Family::Anthropic
    } else if wanted.path.contains("/v1beta") || !wanted.header("x-goog-api-key").is_empty() {
        Family::Gemini
    } else {
        Family::OpenAi
    }
}

/// All models.
pub(crate) fn models(names: &[String], wanted: &Wanted<'_>) -> Value {
    let family = family(wanted);
    let data: Vec<_> = names.iter().map(|name| one(name, family)).collect();
    match family {
        Family::Anthropic => {
            json!({"data": data, "has_more": false, "first_id": names.first(), "last_id": names.last()})
        }
        Family::Gemini => json!({"models": data}),
        Family::OpenAi => json!({"object": "list", "data": data}),
    }
}

/// One model, if there is one of that name.
pub(crate) fn model(name: &str, names: &[String], wanted: &Wanted<'_>) -> Option<Value> {
    names.iter().find(|known| *known == name).map(|name| one(name, family(wanted)))
}

fn one(name: &str, family: Family) -> Value {
    match family {
        Family::Anthropic => json!({"type": "model", "id": name, "display_name": name, "created_at": MADE}),
        Family::Gemini => json!({
            "name": format!("models/{name}"), "displayName": name, "version": "001",
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }),
        Family::OpenAi => {
            json!({"id": name, "object": "model", "created": MADE_SECONDS, "owned_by": "script"})
        }
    }
}
