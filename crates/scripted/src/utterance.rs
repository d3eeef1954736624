//! What the model says in one turn, before it takes the shape of a provider.

use regex::Regex;
use serde_json::Value;

use crate::{
    conversation::{Conversation, tokens},
    script::{CallSpec, Obedience, Spec},
    template::Variables,
};

/// One turn of the model.
#[derive(Debug)]
pub(crate) struct Utterance {
    /// The text in the parts it is streamed in, none of which is empty.
    pub(crate) chunks: Vec<String>,
    pub(crate) thinking: Option<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) stop: Stop,
    pub(crate) usage: Usage,
}

/// A tool that is called.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
    /// The id the script gives, if any.
    pub(crate) id: Option<String>,
    /// The text that a tool without a schema is called with.
    pub(crate) input: Option<String>,
    pub(crate) namespace: Option<String>,
}

/// Why the model stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Natural,
    Tool,
    Length,
    /// In the provider's own word.
    Word(String),
}

/// Tokens; `cached` and `cache_creation` are part of `input`, `thinking` is part of `output`.
#[derive(Debug)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) cache_creation: u64,
    pub(crate) output: u64,
    pub(crate) thinking: u64,
}

impl Utterance {
    /// What `spec` says in answer to `talk`.
    pub(crate) fn of(spec: &Spec, talk: &Conversation, variables: &Variables) -> Self {
        let specs = spec.tool_calls.as_deref().unwrap_or_default();
        let calls: Vec<_> = specs.iter().map(|call| Call::of(call, talk, variables)).collect();
        let thinking = spec.thinking.as_ref().map(|thinking| variables.fill(thinking));
        let chunks = chunks(spec, variables);
        let usage = Usage::of(spec, talk, said(&chunks, &calls), thinking.as_deref());
        let stop = stop(spec.stop_reason.as_ref().map(|word| variables.fill(word)), &calls);
        let utterance = Self { chunks, thinking, calls, stop, usage };
        match (spec.output_limit.unwrap_or_default(), talk.output_max) {
            (Obedience::Obey, Some(max)) if utterance.usage.output > max => utterance.cut(max),
            _ => utterance,
        }
    }

    /// The text as one.
    pub(crate) fn text(&self) -> String {
        self.chunks.concat()
    }

    /// Whether the turn has a text, if only an empty one, which a turn without calls always has.
    pub(crate) fn has_text(&self) -> bool {
        !self.chunks.is_empty() || self.calls.is_empty()
    }

    /// Ends after `max` tokens, as a model does whose output is limited: what it wanted to call is lost.
    fn cut(mut self, max: u64) -> Self {
        let mut left = usize::try_from(max.saturating_mul(4)).unwrap_or(usize::MAX);
        for chunk in &mut self.chunks {
            let cut: String = chunk.chars().take(left).collect();
            left -= cut.chars().count();
            *chunk = cut;
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        self.calls.clear();
        self.usage.output = max;
        self.usage.thinking = self.usage.thinking.min(max);
        self.stop = Stop::Length;
        self
    }
}

impl Call {
    fn of(spec: &CallSpec, talk: &Conversation, variables: &Variables) -> Self {
        let fill = |text: &Option<String>| text.as_ref().map(|text| variables.fill(text));
        Self {
            name: offered(&variables.fill(&spec.name), &talk.tools),
            arguments: variables.fill_value(&Value::Object(spec.arguments.clone())),
            id: fill(&spec.id),
            input: fill(&spec.input),
            namespace: fill(&spec.namespace),
        }
    }
}

/// The offered tool that `name` means: itself, the first that ends in what follows a `*`, or the first in which a
/// pattern that begins with `^` occurs. Frameworks and MCP put words of their own before the name of a tool.
fn offered(name: &str, tools: &[String]) -> String {
    let found = match name.strip_prefix('*') {
        Some(ending) => tools.iter().find(|tool| tool.ends_with(ending)),
        None if name.starts_with('^') => {
            Regex::new(name).ok().and_then(|pattern| tools.iter().find(|tool| pattern.is_match(tool)))
        }
        None => None,
    };
    found.map_or(name, String::as_str).to_owned()
}

impl Usage {
    fn of(spec: &Spec, talk: &Conversation, said: usize, thinking: Option<&str>) -> Self {
        let usage = spec.usage.unwrap_or_default();
        let thought = usage.thinking.or_else(|| thinking.map(|text| tokens(text.chars().count())));
        Self {
            input: usage.input.unwrap_or_else(|| talk.input_tokens()),
            cached: usage.cached.unwrap_or(0),
            cache_creation: usage.cache_creation.unwrap_or(0),
            output: usage.output.unwrap_or_else(|| tokens(said) + thought.unwrap_or(0)),
            thinking: thought.unwrap_or(0),
        }
    }

    /// The input that no cache had to do with.
    pub(crate) fn fresh(&self) -> u64 {
        self.input.saturating_sub(self.cached).saturating_sub(self.cache_creation)
    }
}

/// How many characters a turn has.
fn said(chunks: &[String], calls: &[Call]) -> usize {
    let spoken: usize = chunks.iter().map(|chunk| chunk.chars().count()).sum();
    let called: usize = calls.iter().map(|call| call.name.len() + call.arguments.to_string().len()).sum();
    spoken + called
}

fn stop(word: Option<String>, calls: &[Call]) -> Stop {
    match word {
        Some(word) if word == "length" => Stop::Length,
        Some(word) => Stop::Word(word),
        None if calls.is_empty() => Stop::Natural,
        None => Stop::Tool,
    }
}

/// The text in the parts in which it is streamed; a text that is repeated is one part each time.
fn chunks(spec: &Spec, variables: &Variables) -> Vec<String> {
    let parts: Vec<String> = match (&spec.chunks, &spec.text) {
        (Some(chunks), _) => chunks.iter().map(|chunk| variables.fill(chunk)).collect(),
        (None, Some(text)) if spec.repeat.is_some() && spec.chunk_chars.is_none() => {
            vec![variables.fill(text)]
        }
        (None, Some(text)) => {
            let text = variables.fill(text);
            spec.chunk_chars.map_or_else(|| by_words(&text), |length| by_length(&text, length.get()))
        }
        (None, None) => Vec::new(),
    };
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    std::iter::repeat_n(parts, spec.repeat.unwrap_or(1)).flatten().collect()
}

/// Two words each, with the spaces after them.
fn by_words(text: &str) -> Vec<String> {
    let mut words = text.split_inclusive(char::is_whitespace).peekable();
    std::iter::from_fn(|| {
        let first = words.next()?.to_owned();
        Some(first + words.next().unwrap_or_default())
    })
    .collect()
}

/// So many characters each.
pub(crate) fn by_length(text: &str, length: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(length).map(|part| part.iter().collect()).collect()
}

#[cfg(test)]
mod tests;
