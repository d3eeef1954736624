//! What is wrong with a request's fields, in words that lead on.

use mainspring_types::{Code, Problem, nearest};

/// The problem of a field that could not be read. `place` names what it is a field of, `error` is serde's own words.
pub(super) fn field(place: &str, path: &str, error: &str) -> Problem {
    if let Some((word, known)) = named(error, "unknown field `") {
        let message = format!("{place} has no field `{word}`");
        return Problem::new(Code::BadRequest, message).suggest(instead(word, &known, "its fields are"));
    }
    let at = if path == "." { String::new() } else { format!(", at `{path}`") };
    if let Some((word, known)) = named(error, "unknown variant `") {
        let message = format!("{place}{at}: `{word}` is not one of the known words");
        return Problem::new(Code::BadRequest, message).suggest(instead(word, &known, "they are"));
    }
    Problem::new(Code::BadRequest, format!("{place}{at}: {error}"))
}

fn instead(word: &str, known: &[&str], lead: &str) -> String {
    match (nearest(word, known.iter().copied()), known) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "send it without any".to_owned(),
        (None, known) => format!("{lead} `{}`", known.join("`, `")),
    }
}

/// The wrong word and the known ones, in an error that begins so: serde quotes each of them in backticks.
fn named<'a>(error: &'a str, begin: &str) -> Option<(&'a str, Vec<&'a str>)> {
    // The word is the caller's and may hold backticks itself; what serde adds after it never does.
    let (word, rest) = error.strip_prefix(begin)?.rsplit_once("`, expected ").or_else(|| {
        let word = error.strip_prefix(begin)?;
        word.rsplit_once("`, there are no fields")
    })?;
    Some((word, rest.split('`').skip(1).step_by(2).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_leads_to_its_nearest() {
        let error = "unknown field `metod`, expected one of `agent`, `method`, `input` at line 1 column 9";
        let problem = field("the body", "metod", error);
        assert_eq!(problem.message, "the body has no field `metod`");
        assert_eq!(problem.suggestion.as_deref(), Some("did you mean `method`?"));
    }

    #[test]
    fn without_a_near_one_the_known_are_listed() {
        let problem = field("the query", "x", "unknown field `x`, expected `after`");
        assert_eq!(problem.suggestion.as_deref(), Some("its fields are `after`"));
        let problem = field("the body", "x", "unknown field `x`, there are no fields");
        assert_eq!(problem.suggestion.as_deref(), Some("send it without any"));
    }

    #[test]
    fn other_errors_say_where() {
        let problem = field("the body", "timeout", "invalid type: integer `3`, expected a string");
        assert_eq!(problem.message, "the body, at `timeout`: invalid type: integer `3`, expected a string");
        let problem = field("the body", ".", "missing field `agent`");
        assert_eq!(problem.message, "the body: missing field `agent`");
    }
}
