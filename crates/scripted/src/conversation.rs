//! A request read without regard to its provider: what rules look at.
//!
//! Reading never refuses. A model would answer whatever stands in the fields it knows, and so does this one.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Api, Target};

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    User,
    Assistant,
    Tool,
}

impl Role {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One request.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) api: Api,
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) output_max: Option<u64>,
    pub(crate) system: String,
    /// The names of the tools on offer.
    pub(crate) tools: Vec<String>,
    /// What was said, in order.
    said: Vec<(Role, String)>,
    pub(crate) body: Value,
}

impl Conversation {
    /// Reads a request for `target`.
    pub(crate) fn read(target: &Target<'_>, body: Value) -> Self {
        let read = match target.api {
            Api::Messages | Api::CountTokens => anthropic::read(&body),
            Api::Responses => responses::read(&body),
            Api::Generate | Api::CountGenerate | Api::Embed => gemini::read(&body),
            Api::Chat | Api::Embeddings | Api::Models => chat::read(&body),
        };
        Self {
            api: target.api,
            model: target.model.unwrap_or_else(|| text(&body["model"])).to_owned(),
            stream: body["stream"] == true || target.verb == "streamGenerateContent",
            output_max: read.output_max,
            system: read.system.join("\n"),
            tools: read.tools,
            said: read.said,
            body,
        }
    }

    /// The last text of a role, or nothing.
    pub(crate) fn last(&self, role: Role) -> &str {
        self.said.iter().rfind(|(speaker, _)| *speaker == role).map_or("", |(_, text)| text)
    }

    /// What the user said first.
    pub(crate) fn first_user(&self) -> &str {
        self.said.iter().find(|(speaker, _)| *speaker == Role::User).map_or("", |(_, text)| text)
    }

    /// Who spoke last.
    pub(crate) fn last_role(&self) -> Option<Role> {
        self.said.last().map(|(role, _)| *role)
    }

    /// How often the model has spoken.
    pub(crate) fn turn(&self) -> u64 {
        count(self.said.iter())
    }

    /// How often the model has spoken since the user last did.
    pub(crate) fn step(&self) -> u64 {
        count(self.said.iter().rev().take_while(|(role, _)| *role != Role::User))
    }

    /// An estimate of the input in tokens: a token is four characters.
    pub(crate) fn input_tokens(&self) -> u64 {
        let said: usize = self.said.iter().map(|(_, text)| text.chars().count()).sum();
        let tools = self.body.get("tools").map_or(0, |tools| tools.to_string().len());
        tokens(self.system.chars().count() + said + tools)
    }
}

fn count<'a>(said: impl Iterator<Item = &'a (Role, String)>) -> u64 {
    said.filter(|(role, _)| *role == Role::Assistant).fold(0, |count, _| count + 1)
}

/// How many tokens so many characters are.
pub(crate) fn tokens(characters: usize) -> u64 {
    u64::try_from(characters.div_ceil(4)).unwrap_or(u64::MAX).max(1)
}

/// What the providers' bodies have in common.
#[derive(Default)]
struct Read {
    output_max: Option<u64>,
    system: Vec<String>,
    tools: Vec<String>,
    said: Vec<(Role, String)>,
}

impl Read {
    fn say(&mut self, role: Role, text: String) {
        self.said.push((role, text));
    }
}

/// The elements of a list; a value that is no list has none.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The items of an input for Responses; a text is a message of the user.
pub(crate) fn input_items(input: &Value) -> Vec<Value> {
    match input {
        Value::String(text) => vec![json!({"role": "user", "content": text})],
        input => items(input).to_vec(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// All text of a content value, whatever its provider: texts, parts with a text, and parts that contain such parts.
pub(crate) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(part_text).collect::<Vec<_>>().join("\n"),
        Value::Object(_) => part_text(content).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

fn part_text(part: &Value) -> Option<String> {
    let inner = match part {
        Value::String(text) => return Some(text.clone()),
        part => part.get("text").filter(|text| text.is_string()).or_else(|| part.get("content"))?,
    };
    Some(text_of(inner))
}

#[cfg(test)]
mod tests;
