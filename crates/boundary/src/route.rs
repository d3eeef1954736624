//! Which API of which kind of provider a request speaks.

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
