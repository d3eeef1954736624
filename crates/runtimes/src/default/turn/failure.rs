//! The problems a turn ends with, each with its way out.

use mainspring_types::{Code, Problem};

use crate::default::{Broken, Message, ModelAnswer, ModelOptions, Role};

/// What the provider's words for a request that is too long have in common.
const TOO_LONG: [&str; 9] = [
    "context_length_exceeded",
    "context length",
    "context window",
    "context limit",
    "prompt is too long",
    "input is too long",
    "input token count",
    "request_too_large",
    "too many tokens",
];

/// Whether a provider refused a request because it was too long.
pub(super) fn is_too_long(broken: &Broken) -> bool {
    let Broken::Refused { status, code, message } = broken else { return false };
    let words = format!("{} {message}", code.as_deref().unwrap_or_default()).to_lowercase();
    // 429 has words such as these for the tokens of a minute.
    *status != 429 && TOO_LONG.iter().any(|part| words.contains(part))
}

/// The conversation is empty.
pub(super) fn nothing_asked() -> Problem {
    Problem::new(Code::InvalidInput, "there is no message to answer").suggest("give the agent a prompt")
}

/// The schema of the answer is none.
pub(super) fn wrong_schema(why: &str) -> Problem {
    Problem::new(Code::InvalidManifest, format!("`output` is not a JSON Schema: {why}"))
        .suggest("correct the schema; what it describes in other files has to be in it")
}

/// The model was not reached, or its answer not read.
pub(super) fn unanswered(broken: &Broken, tries: u32) -> Problem {
    match broken {
        Broken::Truncated | Broken::Malformed { .. } => {
            Problem::new(Code::ProviderFailed, format!("{broken}, {tries} times in a row"))
                .suggest("try again later, or choose another model with `model:`")
        }
        Broken::Refused { .. } if is_too_long(broken) => Problem::new(
            Code::ProviderFailed,
            format!("the conversation is too long for the model: {broken}"),
        )
        .suggest("set `limits.context_tokens` to what the model takes, or begin a new session"),
        Broken::Refused { code, message, .. } => {
            // The gateway's own refusals carry a code of ours.
            let code = code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(Code::ProviderFailed);
            Problem::new(code, message.clone())
        }
    }
}

/// The model declined.
pub(super) fn declined(answer: ModelAnswer) -> Problem {
    let words = Message { role: Role::Assistant, parts: answer.parts }.plain();
    let problem = Problem::new(Code::ExecutionFailed, "the model refused to answer")
        .suggest("ask in other words, or choose another model with `model:`");
    if words.trim().is_empty() { problem } else { problem.detail(words) }
}

/// The answer was cut off, and so was what followed it.
pub(super) fn too_long(options: &ModelOptions) -> Problem {
    let bound = match options.max_output_tokens {
        Some(tokens) => format!("the {tokens} tokens it may have"),
        None => "the tokens its provider lets it have".to_owned(),
    };
    Problem::new(Code::ExecutionFailed, format!("the answer of the model was cut off twice at {bound}"))
        .suggest("set `model_options.max_output_tokens` higher, or ask for less at a time")
}

/// The model had nothing to say, however often it was asked.
pub(super) fn empty(times: u32) -> Problem {
    Problem::new(Code::ExecutionFailed, format!("the model gave no answer, {times} times in a row"))
        .suggest("say in `instructions:` what the answer is to hold, or choose another model with `model:`")
}

/// The turn used its steps and did not come to an answer.
pub(super) fn out_of_steps(steps: u32) -> Problem {
    let message = format!("the turn used its {steps} model calls and did not come to an answer");
    Problem::new(Code::ExecutionFailed, message).suggest("raise `limits.steps`, or ask for less at a time")
}

/// The turn goes in a circle.
pub(super) fn stuck(times: usize, calls: &str) -> Problem {
    let message =
        format!("the model makes no progress: {times} times in a row it called {calls} with the same result");
    Problem::new(Code::ExecutionFailed, message).suggest(
        "look at what the tool returned; say in `instructions:` what to do then, or raise `limits.repeats`",
    )
}

/// The answer does not keep to its schema, however often that was said.
pub(super) fn invalid(errors: &[String]) -> Problem {
    Problem::new(Code::InvalidAnswer, "the answer of the model is not valid against the schema in `output`")
        .suggest("simplify the schema, or choose a model that follows it")
        .detail(errors.join("\n"))
}
