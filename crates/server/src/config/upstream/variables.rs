//! The variables that set up providers: those of client libraries, and those of older tools.

/// A variable that sets up a provider.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it takes, after "must be".
    pub takes: &'static str,
    /// What it does, without a full stop.
    pub meaning: &'static str,
}

/// Every variable that sets up a provider.
pub const VARIABLES: &[Variable] = &[
    key("ANTHROPIC_API_KEY", "the key of Anthropic; adds the provider `anthropic`"),
    ANTHROPIC_BASE_URL,
    key("OPENAI_API_KEY", "the key of OpenAI; adds the provider `openai`"),
    OPENAI_BASE_URL,
    key("GEMINI_API_KEY", "the key of Gemini; adds the provider `gemini`"),
    key("GOOGLE_API_KEY", "the key of Gemini where `GEMINI_API_KEY` is not set"),
    GOOGLE_GEMINI_BASE_URL,
    OLLAMA_HOST,
    LLM_PROVIDER,
    LLM_BASE_URL,
    LLM_MODEL,
    LLM_RATE_LIMIT,
    LLM_TIMEOUT,
];

const URL: &str = "an address such as `http://127.0.0.1:8080`, without user, password and query";

pub(super) const ANTHROPIC_BASE_URL: Variable =
    Variable { name: "ANTHROPIC_BASE_URL", takes: URL, meaning: "where the provider `anthropic` is" };
pub(super) const OPENAI_BASE_URL: Variable =
    Variable { name: "OPENAI_BASE_URL", takes: URL, meaning: "where the provider `openai` is" };
pub(super) const GOOGLE_GEMINI_BASE_URL: Variable =
    Variable { name: "GOOGLE_GEMINI_BASE_URL", takes: URL, meaning: "where the provider `gemini` is" };
pub(super) const OLLAMA_HOST: Variable = Variable {
    name: "OLLAMA_HOST",
    takes: "a host such as `127.0.0.1:11434`, or an address",
    meaning: "where Ollama is; adds the provider `ollama`, which needs no key",
};
pub(super) const LLM_PROVIDER: Variable = Variable {
    name: "LLM_PROVIDER",
    takes: "`anthropic`, `openai`, `gemini`, `ollama`, `local`, `llamacpp`, `vllm` or `lmstudio`",
    meaning: "which of the providers from the environment is tried first; it needs its key or `LLM_BASE_URL`",
};
pub(super) const LLM_BASE_URL: Variable = Variable {
    name: "LLM_BASE_URL",
    takes: URL,
    meaning: "where that provider is; without `LLM_PROVIDER`, adds `local`, a server that speaks the APIs of OpenAI",
};
pub(in crate::config) const LLM_MODEL: Variable = Variable {
    name: "LLM_MODEL",
    takes: "the name of a model",
    meaning: "passed on to programs, who choose their models themselves; with its provider, such as `openai/gpt-4o-mini`, \
              also the model of definitions that name none",
};
pub(super) const LLM_RATE_LIMIT: Variable = Variable {
    name: "LLM_RATE_LIMIT",
    takes: "a whole number from 1",
    meaning: "how many calls a minute are sent to each provider from the environment at most",
};
pub(super) const LLM_TIMEOUT: Variable = Variable {
    name: "LLM_TIMEOUT",
    takes: "a duration over zero, in seconds or such as `5m`",
    meaning: "how long a provider from the environment may be silent before the call counts as failed",
};

const fn key(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, takes: "a key", meaning }
}
