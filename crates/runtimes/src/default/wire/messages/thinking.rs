//! How a model of Anthropic is told to think, and how long its answer may be.
//!
//! Models up to the 4.5 generation take a budget of tokens, which has to be less than the answer may have; later ones
//! take an effort. Which one a model takes is told by its name alone. Names of others than Anthropic take a budget,
//! which is what servers that imitate the format know.

use serde_json::{Value, json};

use crate::default::{Effort, ModelRequest, wire::effort_word};

/// The longest answer beside its thinking, in tokens, unless the request tells: the provider wants a number.
const OUTPUT_MAX: u64 = 8_192;
/// The least budget that the provider takes.
const BUDGET_MIN: u64 = 1_024;

/// What the request says of thinking and length.
pub(super) struct Plan {
    /// The most tokens of the answer, its thinking included.
    pub(super) output_max: u64,
    pub(super) thinking: Option<Value>,
    pub(super) effort: Option<&'static str>,
    pub(super) era: Era,
}

/// What a model understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Era {
    /// Thinking by a budget; answers are not forced into a schema.
    Budget,
    /// Thinking by effort; answers are forced into a schema.
    Effort,
}

impl Era {
    fn of(model: &str) -> Self {
        let earlier = ["claude-2", "claude-3", "claude-instant"].iter().any(|name| model.starts_with(name))
            || ["-4", "-4-0", "-4-1", "-4-5"].iter().any(|version| is_version(model, version));
        if earlier || !model.starts_with("claude") { Self::Budget } else { Self::Effort }
    }
}

/// Whether the model's name ends in the version, or in the version and a date or a word.
fn is_version(model: &str, version: &str) -> bool {
    let Some((_, rest)) = model.split_once(version) else { return false };
    let date = rest.strip_prefix('-').map(|rest| rest.split(['-', '@']).next().unwrap_or_default());
    rest.is_empty() || rest.starts_with('@') || date.is_some_and(|date| date.len() > 2)
}

impl Plan {
    pub(super) fn of(request: &ModelRequest) -> Self {
        let (era, told) = (Era::of(&request.model), request.options.max_output_tokens);
        let Some(effort) = request.options.thinking else {
            return Self { output_max: told.unwrap_or(OUTPUT_MAX), thinking: None, effort: None, era };
        };
        let output_max = told.unwrap_or(OUTPUT_MAX + allowance(effort));
        match era {
            Era::Budget => {
                // Half of what is told is left for the answer; too little for that is answered without thinking.
                let room = told.map_or(u64::MAX, |told| told / 2);
                let budget = Some(allowance(effort).min(room)).filter(|budget| *budget >= BUDGET_MIN);
                let thinking = budget.map(|budget| json!({"type": "enabled", "budget_tokens": budget}));
                Self { output_max, thinking, effort: None, era }
            }
            Era::Effort => {
                // Later models leave the words of their thoughts out unless they are asked for.
                let thinking = json!({"type": "adaptive", "display": "summarized"});
                Self { output_max, thinking: Some(thinking), effort: Some(effort_word(effort)), era }
            }
        }
    }
}

/// How many tokens the model may think for. With the answer they fit into what the smallest model that thinks may write.
const fn allowance(effort: Effort) -> u64 {
    match effort {
        Effort::Low => 2_048,
        Effort::Medium => 8_192,
        Effort::High => 16_384,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::default::{Calls, ModelOptions};

    #[test]
    fn the_name_tells_what_a_model_understands() {
        for (model, era) in [
            ("claude-3-7-sonnet-20250219", Era::Budget),
            ("claude-sonnet-4-20250514", Era::Budget),
            ("claude-sonnet-4-0", Era::Budget),
            ("claude-opus-4-1@20250805", Era::Budget),
            ("claude-haiku-4-5", Era::Budget),
            ("claude-opus-4-5-20251101", Era::Budget),
            ("claude-opus-4-6", Era::Effort),
            ("claude-opus-4-7", Era::Effort),
            ("claude-opus-5", Era::Effort),
            ("claude-sonnet-5-5", Era::Effort),
            ("other-model", Era::Budget),
        ] {
            assert_eq!(Era::of(model), era, "{model}");
        }
    }

    #[test]
    fn a_budget_is_always_less_than_the_answer_may_have() {
        for (told, expected) in [
            (None, (24_576, Some(16_384))),
            (Some(100_000), (100_000, Some(16_384))),
            (Some(4_000), (4_000, Some(2_000))),
            (Some(1_000), (1_000, None)),
        ] {
            let options =
                ModelOptions { max_output_tokens: told, temperature: None, thinking: Some(Effort::High) };
            let plan = Plan::of(&ModelRequest {
                model: "claude-haiku-4-5".to_owned(),
                instructions: String::new(),
                messages: Vec::new(),
                tools: Vec::new(),
                calls: Calls::Allowed,
                options,
                output: None,
            });
            let budget = plan.thinking.and_then(|thinking| thinking["budget_tokens"].as_u64());
            assert_eq!((plan.output_max, budget), expected);
        }
    }
}
