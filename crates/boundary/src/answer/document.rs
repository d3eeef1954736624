//! An answer in one JSON document: kept until its end, then read once.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, de::IgnoredAny};

use super::{chat, generate, messages, notes::Notes, responses};
use crate::{Usage, route::Api};

/// A document that is being received.
#[derive(Debug)]
pub(super) struct Document {
    api: Api,
    bytes: BytesMut,
}

/// The documents of the APIs that do not generate: which of these fields is there tells them apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plain {
    error: Option<IgnoredAny>,
    #[serde(rename = "input_tokens")]
    input_tokens: Option<IgnoredAny>,
    total_tokens: Option<IgnoredAny>,
    data: Option<IgnoredAny>,
    models: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    name: Option<IgnoredAny>,
    embedding: Option<IgnoredAny>,
    embeddings: Option<IgnoredAny>,
    usage: Option<chat::Tokens>,
    usage_metadata: Option<generate::Tokens>,
}

impl Document {
    /// An answer of the API.
    pub(super) fn new(api: Api) -> Self {
        Self { api, bytes: BytesMut::new() }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes the end of the body and gives all of it.
    pub(super) fn finish(self, notes: &mut Notes) -> Bytes {
        let read = match self.api {
            Api::Messages => messages::document(&self.bytes, notes),
            Api::Chat => chat::document(&self.bytes, notes),
            Api::Responses => responses::document(&self.bytes, notes),
            Api::Generate => generate::document(&self.bytes, notes),
            api @ (Api::CountTokens
            | Api::Embeddings
            | Api::CountGenerate
            | Api::EmbedGenerate
            | Api::Models) => plain(api, &self.bytes, notes),
        };
        match read {
            Ok(Shape::Answer) => notes.end(),
            Ok(Shape::Error) => notes.error(&self.bytes),
            Ok(Shape::Lacks(what)) => notes.malformed(format!("the answer has no `{what}`")),
            Err(source) if source.is_eof() => notes.truncated(),
            Err(source) => notes.malformed(format!("the answer is not what the API sends: {source}")),
        }
        self.bytes.freeze()
    }
}

/// What a document turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// What the API answers.
    Answer,
    /// An error in its place.
    Error,
    /// Something else: it lacks the field that every answer has.
    Lacks(&'static str),
}

impl Shape {
    /// An error wins; otherwise the field of that name must be there.
    pub(super) fn of(error: Option<IgnoredAny>, name: &'static str, present: bool) -> Self {
        match error {
            Some(_) => Self::Error,
            None if present => Self::Answer,
            None => Self::Lacks(name),
        }
    }
}

/// Reads a document of an API that does not generate.
fn plain(api: Api, bytes: &[u8], notes: &mut Notes) -> serde_json::Result<Shape> {
    let plain: Plain = serde_json::from_slice(bytes)?;
    let (name, present) = match api {
        Api::CountTokens => ("input_tokens", plain.input_tokens.is_some()),
        Api::CountGenerate => ("totalTokens", plain.total_tokens.is_some()),
        Api::EmbedGenerate => ("embedding", plain.embedding.is_some() || plain.embeddings.is_some()),
        Api::Models => ("data", [plain.data, plain.models, plain.id, plain.name].iter().any(Option::is_some)),
        _ => ("data", plain.data.is_some()),
    };
    notes.usage = match api {
        Api::Embeddings => plain.usage.map(Usage::from),
        Api::EmbedGenerate => plain.usage_metadata.map(Usage::from),
        // Counting and listing are free.
        _ => Some(Usage::default()),
    };
    Ok(Shape::of(plain.error, name, present))
}

#[cfg(test)]
mod tests {
    use super::{super::samples::*, *};
    use crate::answer::End;

    #[test]
    fn every_other_api_is_told_by_its_field() {
        for (api, body) in [
            (Api::CountTokens, r#"{"input_tokens":14}"#),
            (Api::CountGenerate, r#"{"totalTokens":14}"#),
            (
                Api::Embeddings,
                r#"{"object":"list","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":8}}"#,
            ),
            (Api::EmbedGenerate, r#"{"embedding":{"values":[0.1]}}"#),
            (Api::EmbedGenerate, r#"{"embeddings":[{"values":[0.1]}]}"#),
            (Api::Models, r#"{"object":"list","data":[]}"#),
            (Api::Models, r#"{"models":[]}"#),
            (Api::Models, r#"{"id":"gpt-x","object":"model"}"#),
            (Api::Models, r#"{"name":"models/gemini-x"}"#),
        ] {
            assert_eq!(read_document(api, body).end, End::Whole, "{body}");
            assert_eq!(read_document(api, &body[..body.len() - 1]).end, End::Truncated, "{body}");
            let nothing = read_document(api, "{}").end;
            assert!(matches!(nothing, End::Malformed { .. }), "{api:?}: {nothing:?}");
            let error = read_document(api, r#"{"error":{"message":"no"}}"#).end;
            assert_eq!(error, End::ErrorEvent { message: "no".into(), retryable: true }, "{api:?}");
        }
    }

    #[test]
    fn embeddings_cost_their_input_and_counting_costs_nothing() {
        let embedded = r#"{"data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}"#;
        let usage = Usage { input_tokens: 8, ..Usage::default() };
        assert_eq!(read_document(Api::Embeddings, embedded).usage, Some(usage));
        let counted = read_document(Api::CountTokens, r#"{"input_tokens":14}"#);
        assert_eq!(counted.usage, Some(Usage::default()));
        assert_eq!(read_document(Api::EmbedGenerate, r#"{"embedding":{}}"#).usage, None);
    }
}
