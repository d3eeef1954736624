//! What a request says about the length of its answers.

use super::{
    Malformed,
    dialect::Dialect,
    json::{Json, Object},
};
use crate::route::Api;

/// The lengths a request allows.
pub(super) struct Limits {
    pub(super) output_max: Option<u64>,
    pub(super) output_min: u64,
    pub(super) choices: u64,
}

// Below this the Responses API refuses a maximum.
const RESPONSES_MIN: u64 = 16;

impl Limits {
    pub(super) fn of(api: Api, dialect: &Dialect, frame: &Object<'_>) -> Result<Self, Malformed> {
        let mut output_max = None;
        for path in dialect.output_max {
            // Where two names are given, which one counts is known to the provider alone.
            output_max = output_max.max(count(frame, path)?);
        }
        Ok(Self { output_max, output_min: output_min(api, frame)?, choices: choices(frame)? })
    }
}

/// Thinking must fit into what Messages may answer, or the request is refused.
fn output_min(api: Api, frame: &Object<'_>) -> Result<u64, Malformed> {
    match api {
        Api::Messages => Ok(count(frame, &["thinking", "budget_tokens"])?.unwrap_or(0) + 1),
        Api::Responses => Ok(RESPONSES_MIN),
        _ => Ok(1),
    }
}

fn choices(frame: &Object<'_>) -> Result<u64, Malformed> {
    const PATHS: [&[&str]; 3] =
        [&["n"], &["generationConfig", "candidateCount"], &["generation_config", "candidate_count"]];
    let mut choices = None;
    for path in PATHS {
        choices = choices.max(count(frame, path)?);
    }
    Ok(choices.unwrap_or(1).max(1))
}

/// A number of tokens or answers; local servers read a negative one as "no limit".
fn count(frame: &Object<'_>, path: &[&'static str]) -> Result<Option<u64>, Malformed> {
    let (first, inner) = path.split_first().expect("a path names a field");
    match frame.get(first).and_then(|value| value.at(inner)) {
        None | Some(Json::Negative(_)) => Ok(None),
        Some(Json::Whole(count)) => Ok(Some(*count)),
        Some(_) => Err(Malformed::Wrong { field: path[path.len() - 1], wanted: "a whole number" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(api: Api, frame: &str) -> Result<(Option<u64>, u64, u64), String> {
        let Json::Object(frame) = serde_json::from_str(frame).expect("JSON") else { panic!("no object") };
        let limits = Limits::of(api, Dialect::of(api).expect("a dialect"), &frame);
        let limits = limits.map_err(|malformed| malformed.to_string())?;
        Ok((limits.output_max, limits.output_min, limits.choices))
    }

    #[test]
    fn every_api_has_its_own_name_for_the_output_maximum() {
        for (api, frame, expected) in [
            (Api::Messages, r#"{"max_tokens":100}"#, (Some(100), 1, 1)),
            (Api::Messages, r#"{"max_tokens":9,"thinking":{"budget_tokens":8}}"#, (Some(9), 9, 1)),
            (Api::Chat, r#"{"max_tokens":100,"n":3}"#, (Some(100), 1, 3)),
            (Api::Chat, r#"{"max_completion_tokens":7,"max_tokens":100}"#, (Some(100), 1, 1)),
            (Api::Chat, r#"{"max_tokens":-1}"#, (None, 1, 1)),
            (Api::Chat, r#"{"max_tokens":null}"#, (None, 1, 1)),
            (Api::Responses, r#"{"max_output_tokens":100}"#, (Some(100), 16, 1)),
            (
                Api::Generate,
                r#"{"generationConfig":{"maxOutputTokens":5,"candidateCount":2}}"#,
                (Some(5), 1, 2),
            ),
            (Api::Generate, r#"{"generation_config":{"max_output_tokens":5}}"#, (Some(5), 1, 1)),
            (Api::Embeddings, r#"{"max_tokens":100}"#, (None, 1, 1)),
        ] {
            assert_eq!(limits(api, frame), Ok(expected), "{frame}");
        }
    }

    #[test]
    fn a_maximum_that_is_no_number_is_refused() {
        let told = limits(Api::Chat, r#"{"max_tokens":"100"}"#);
        assert_eq!(told, Err("`max_tokens` in the request is not a whole number".to_owned()));
    }
}
