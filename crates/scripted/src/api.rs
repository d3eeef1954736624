//! Which API a request is for, read from its path.

use mainspring_types::nearest;

/// One API of a provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Api {
    /// Anthropic Messages.
    Messages,
    /// Anthropic's token count.
    CountTokens,
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// OpenAI embeddings.
    Embeddings,
    /// Gemini, streaming or not.
    Generate,
    /// Gemini's token count.
    CountGenerate,
    /// Gemini's embeddings, one or several.
    Embed,
    /// The list of models, of any provider.
    Models,
}

/// Whose shapes an answer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    Anthropic,
    OpenAi,
    Gemini,
}

impl Api {
    const ALL: [Self; 9] = [
        Self::Messages,
        Self::CountTokens,
        Self::Chat,
        Self::Responses,
        Self::Embeddings,
        Self::Generate,
        Self::CountGenerate,
        Self::Embed,
        Self::Models,
    ];

    /// The word that scripts and logs use, such as `anthropic.messages`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "anthropic.messages",
            Self::CountTokens => "anthropic.count_tokens",
            Self::Chat => "openai.chat",
            Self::Responses => "openai.responses",
            Self::Embeddings => "openai.embeddings",
            Self::Generate => "gemini.generate",
            Self::CountGenerate => "gemini.count_tokens",
            Self::Embed => "gemini.embed",
            Self::Models => "models",
        }
    }

    /// The API that `path` ends in, whatever stands before it.
    pub fn of(path: &str) -> Option<Self> {
        Target::of(path).map(|target| target.api)
    }

    /// Whether a model speaks in the answer.
    pub const fn is_generation(self) -> bool {
        matches!(self, Self::Messages | Self::Chat | Self::Responses | Self::Generate)
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Messages | Self::CountTokens => Family::Anthropic,
            Self::Generate | Self::CountGenerate | Self::Embed => Family::Gemini,
            Self::Chat | Self::Responses | Self::Embeddings | Self::Models => Family::OpenAi,
        }
    }
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) api: Api,
    /// The model, where the path names it.
    pub(crate) model: Option<&'a str>,
    /// The word after the colon of a Gemini path, or nothing.
    pub(crate) verb: &'a str,
}

impl<'a> Target<'a> {
    /// The API of `path`, or `None` when no provider serves it. Whatever stands before the API is passed over.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let plain = [
            ("/messages/count_tokens", Api::CountTokens),
            ("/messages", Api::Messages),
            ("/chat/completions", Api::Chat),
            ("/responses", Api::Responses),
            ("/embeddings", Api::Embeddings),
            ("/models", Api::Models),
        ];
        let found = plain.iter().find(|(ending, _)| path.ends_with(ending));
        found.map(|(_, api)| Self { api: *api, model: None, verb: "" }).or_else(|| Self::of_model(path))
    }

    fn of_model(path: &'a str) -> Option<Self> {
        let (_, rest) = path.rsplit_once("/models/")?;
        let (model, verb) = rest.rsplit_once(':').unwrap_or((rest, ""));
        let api = match verb {
            "generateContent" | "streamGenerateContent" => Api::Generate,
            "countTokens" => Api::CountGenerate,
            "embedContent" | "batchEmbedContents" => Api::Embed,
            // A colon is also part of names such as `llama3:8b`.
            _ => return Some(Self { api: Api::Models, model: Some(rest), verb: "" }),
        };
        Some(Self { api, model: Some(model), verb })
    }
}

/// What a script calls an API: one, or all of a provider that speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum ApiName {
    One(Api),
    Family(Family),
}

impl ApiName {
    /// Whether it stands for `api`. Only its own name stands for an API in which no model speaks.
    pub(crate) fn covers(self, api: Api) -> bool {
        match self {
            Self::One(one) => one == api,
            Self::Family(family) => api.is_generation() && api.family() == family,
        }
    }
}

impl TryFrom<String> for ApiName {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let families = [Family::Anthropic, Family::OpenAi, Family::Gemini];
        let families = ["anthropic", "openai", "gemini"].into_iter().zip(families.map(Self::Family));
        let ones = Api::ALL.map(|api| (api.as_str(), Self::One(api)));
        let known: Vec<_> = families.chain(ones).filter(|(name, _)| *name != "models").collect();
        if let Some((_, found)) = known.iter().find(|(name, _)| *name == word) {
            return Ok(*found);
        }
        let guess = nearest(&word, known.iter().map(|(name, _)| *name));
        let guess = guess.map_or_else(String::new, |guess| format!(", did you mean `{guess}`?"));
        Err(format!("`{word}` is no API{guess}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_names_its_api() {
        let table = [
            ("/v1/messages?beta=true", "anthropic.messages", None),
            ("/a/token/v1/messages/count_tokens", "anthropic.count_tokens", None),
            ("/chat/completions", "openai.chat", None),
            ("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", "gemini.generate", Some("gemini-x")),
            ("/v1beta/models/gemini-x:batchEmbedContents", "gemini.embed", Some("gemini-x")),
            ("/v1/models/llama3:8b", "models", Some("llama3:8b")),
            ("/v1/models", "models", None),
        ];
        for (path, api, model) in table {
            let target = Target::of(path).expect(path);
            assert_eq!((target.api.as_str(), target.model), (api, model), "{path}");
        }
        assert_eq!(Target::of("/v1/batches"), None);
    }

    #[test]
    fn a_family_stands_for_the_apis_in_which_a_model_speaks() {
        let openai = ApiName::try_from("openai".to_owned()).expect("known");
        assert!(openai.covers(Api::Chat) && openai.covers(Api::Responses));
        assert!(!openai.covers(Api::Embeddings) && !openai.covers(Api::Messages));
        let refused = ApiName::try_from("openai.chats".to_owned()).expect_err("unknown");
        assert_eq!(refused, "`openai.chats` is no API, did you mean `openai.chat`?");
    }
}
