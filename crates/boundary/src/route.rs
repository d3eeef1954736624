//! Which API of which kind of provider a request speaks, told by its method and path alone.
//!
//! Clients join their base URL and a path in more than one way: a version too many (`/v1/v1/messages`) or none
//! (`/chat/completions`) is accepted. Whatever is not listed here is no model call and has no route.

use std::fmt;

/// A kind of provider: who speaks the same APIs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// Anthropic's Messages.
    Anthropic,
    /// `OpenAI`'s Chat Completions, Responses and embeddings, and the many servers that speak them.
    OpenAi,
    /// Google's Gemini.
    Gemini,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::OpenAi, Self::Gemini];

    /// The word as written in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One API: what a request asks for, and in which shape.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Api {
    /// Anthropic: an answer to messages.
    Messages,
    /// Anthropic: how many tokens messages are.
    CountTokens,
    /// `OpenAI`: Chat Completions.
    Chat,
    /// `OpenAI`: Responses.
    Responses,
    /// `OpenAI`: vectors for texts.
    Embeddings,
    /// Gemini: an answer to contents.
    Generate,
    /// Gemini: how many tokens contents are.
    CountGenerate,
    /// Gemini: vectors for contents, one or many.
    EmbedGenerate,
    /// The list of models, or one of them.
    Models,
}

/// Where a request goes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Route {
    /// Whose API it is.
    pub family: Family,
    /// Which one.
    pub api: Api,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Whether the answer is a stream, where the path says so.
    pub stream: Option<bool>,
}

impl Route {
    /// The route of a request with this method and path; a query may follow the path.
    pub fn of(method: &str, path: &str) -> Option<Self> {
        let place = Place::of(path);
        match (method, place.rest) {
            ("POST", "messages") => Some(Self::plain(Family::Anthropic, Api::Messages)),
            ("POST", "messages/count_tokens") => Some(Self::plain(Family::Anthropic, Api::CountTokens)),
            ("POST", "chat/completions") => Some(Self::plain(Family::OpenAi, Api::Chat)),
            ("POST", "responses") => Some(Self::plain(Family::OpenAi, Api::Responses)),
            ("POST", "embeddings") => Some(Self::plain(Family::OpenAi, Api::Embeddings)),
            ("GET", "models") => Some(Self::plain(place.family(), Api::Models)),
            ("GET", rest) => {
                let model = rest.strip_prefix("models/").filter(|model| !model.is_empty())?;
                Some(Self { model: Some(model.to_owned()), ..Self::plain(place.family(), Api::Models) })
            }
            ("POST", rest) => Self::gemini(rest),
            _ => None,
        }
    }

    /// The same route for a client of this family: lists of models are at one path, and look different to each.
    #[must_use]
    pub fn asked_by(self, family: Family) -> Self {
        match self.api {
            Api::Models => Self { family, ..self },
            _ => self,
        }
    }

    /// Its word in records and lists.
    pub const fn word(&self) -> &'static str {
        match (self.api, self.family) {
            (Api::Messages, _) => "anthropic.messages",
            (Api::CountTokens, _) => "anthropic.count_tokens",
            (Api::Chat, _) => "openai.chat",
            (Api::Responses, _) => "openai.responses",
            (Api::Embeddings, _) => "openai.embeddings",
            (Api::Generate, _) => "gemini.generate",
            (Api::CountGenerate, _) => "gemini.count_tokens",
            (Api::EmbedGenerate, _) => "gemini.embed",
            (Api::Models, Family::Anthropic) => "anthropic.models",
            (Api::Models, Family::OpenAi) => "openai.models",
            (Api::Models, Family::Gemini) => "gemini.models",
        }
    }

    /// Whether a model writes the answer.
    pub const fn is_generation(&self) -> bool {
        matches!(self.api, Api::Messages | Api::Chat | Api::Responses | Api::Generate)
    }

    const fn plain(family: Family, api: Api) -> Self {
        Self { family, api, model: None, stream: None }
    }

    /// Reads `models/MODEL:verb`.
    fn gemini(rest: &str) -> Option<Self> {
        let (model, verb) = rest.strip_prefix("models/")?.rsplit_once(':')?;
        let (api, stream) = match verb {
            "generateContent" => (Api::Generate, Some(false)),
            "streamGenerateContent" => (Api::Generate, Some(true)),
            "countTokens" => (Api::CountGenerate, None),
            "embedContent" | "batchEmbedContents" => (Api::EmbedGenerate, None),
            _ => return None,
        };
        (!model.is_empty()).then(|| Self {
            family: Family::Gemini,
            api,
            model: Some(model.to_owned()),
            stream,
        })
    }
}

/// A path taken apart.
struct Place<'a> {
    /// The last version before the rest, if any.
    version: Option<&'a str>,
    /// What follows the versions, without the query.
    rest: &'a str,
}

const VERSIONS: [&str; 3] = ["v1", "v1beta", "v1alpha"];

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let mut place = Self { version: None, rest: path.trim_matches('/') };
        while let Some((first, rest)) =
            place.rest.split_once('/').filter(|(first, _)| VERSIONS.contains(first))
        {
            place = Self { version: Some(first), rest };
        }
        place
    }

    /// Whose list of models it is, as far as the path tells: only Gemini's may have a version other than `v1`.
    fn family(&self) -> Family {
        match self.version {
            Some("v1beta" | "v1alpha") => Family::Gemini,
            _ => Family::OpenAi,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(method: &str, path: &str) -> String {
        let Some(route) = Route::of(method, path) else { return "none".to_owned() };
        let stream = match route.stream {
            Some(true) => " stream",
            Some(false) => " whole",
            None => "",
        };
        format!("{} {}{stream}", route.word(), route.model.as_deref().unwrap_or("-"))
    }

    #[test]
    fn every_api_has_its_path() {
        for (path, expected) in [
            ("/v1/messages", "anthropic.messages -"),
            ("/v1/messages?beta=true", "anthropic.messages -"),
            ("/v1/messages/count_tokens?beta=true", "anthropic.count_tokens -"),
            ("/v1/chat/completions", "openai.chat -"),
            ("/v1/responses", "openai.responses -"),
            ("/v1/embeddings", "openai.embeddings -"),
            ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini.generate gemini-2.5-pro whole"),
            ("/v1/models/g:streamGenerateContent?alt=sse", "gemini.generate g stream"),
            ("/v1beta/models/g:countTokens", "gemini.count_tokens g"),
            ("/v1beta/models/g:embedContent", "gemini.embed g"),
            ("/v1beta/models/g:batchEmbedContents", "gemini.embed g"),
        ] {
            assert_eq!(told("POST", path), expected, "{path}");
        }
    }

    #[test]
    fn lists_of_models_tell_their_family() {
        assert_eq!(told("GET", "/v1/models"), "openai.models -");
        assert_eq!(told("GET", "/v1/models/meta/llama"), "openai.models meta/llama");
        assert_eq!(told("GET", "/v1beta/models"), "gemini.models -");
        let word = |method, path, family| Route::of(method, path).expect("a route").asked_by(family).word();
        assert_eq!(word("GET", "/v1/models", Family::Anthropic), "anthropic.models");
        assert_eq!(word("GET", "/v1/models/m", Family::Gemini), "gemini.models");
        assert_eq!(word("POST", "/v1/chat/completions", Family::Anthropic), "openai.chat");
    }

    #[test]
    fn a_version_may_be_doubled_or_missing() {
        for path in ["/v1/v1/messages", "/messages", "messages", "/v1/messages/"] {
            assert_eq!(told("POST", path), "anthropic.messages -", "{path}");
        }
        assert_eq!(told("POST", "/chat/completions"), "openai.chat -");
    }

    #[test]
    fn anything_else_has_no_route() {
        for (method, path) in [
            ("GET", "/v1/messages"),
            ("POST", "/v1/models"),
            ("POST", "/v1/messages/batches"),
            ("POST", "/v1beta/models/:generateContent"),
            ("POST", "/v1beta/models/g:deleteEverything"),
            ("POST", "/v2/messages"),
            ("HEAD", "/"),
        ] {
            assert_eq!(told(method, path), "none", "{method} {path}");
        }
    }
}
