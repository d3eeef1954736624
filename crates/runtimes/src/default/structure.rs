//! The final answer as a JSON document that its schema describes.

use mainspring_agent::{JsonSchema, Mismatch};
use serde_json::Value;

/// The document in an answer, valid against `schema`; else what is wrong, in words for the model.
///
/// Models like to wrap a document: it may be all of the text, or stand between the marks of a Markdown code block.
pub(super) fn read(answer: &str, schema: &JsonSchema) -> Result<Value, Vec<String>> {
    let document = match serde_json::from_str(answer) {
        Ok(document) => document,
        Err(error) => fenced(answer).ok_or_else(|| vec![format!("it is no JSON: {error}")])?,
    };
    let mistakes = told(&schema.mismatches(&document));
    if mistakes.is_empty() { Ok(document) } else { Err(mistakes) }
}

/// What is wrong, in words for the model.
pub(super) fn told(mismatches: &[Mismatch]) -> Vec<String> {
    mismatches.iter().map(ToString::to_string).collect()
}

/// The JSON in a code block: of several blocks the last that is JSON counts.
fn fenced(text: &str) -> Option<Value> {
    let (_, rest) = text.split_once("```")?;
    let widest = rest.rsplit_once("```").map(|(inner, _)| inner);
    let blocks = text.split("```").skip(1).step_by(2);
    // From the first mark to the last, too: a string of the document may hold such marks itself.
    widest.into_iter().chain(blocks).filter_map(|block| serde_json::from_str(body(block)).ok()).last()
}

/// A block without the line that names its language.
fn body(block: &str) -> &str {
    block.split_once('\n').map_or(block, |(_, body)| body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_found_bare_or_between_marks() {
        let schema = JsonSchema::read(&json!({"type": "object"})).expect("it is a schema");
        for text in [
            " {\"a\": 1}\n",
            "Here it is:\n```json\n{\"a\": 1}\n```\nDone.",
            "```\n{\"a\": 1}\n```",
            "```json\n[1]\n```\nor rather\n```json\n{\"a\": 1}\n```",
        ] {
            assert_eq!(read(text, &schema), Ok(json!({"a": 1})), "{text}");
        }
        let marks = "```json\n{\"code\": \"```x```\"}\n```";
        assert_eq!(read(marks, &schema), Ok(json!({"code": "```x```"})));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let schema = JsonSchema::read(&json!({"type": "object"})).expect("it is a schema");
        assert_eq!(read("[1]", &schema), Err(vec![r#"[1] is not of type "object""#.to_owned()]));
        assert_eq!(
            read("It is 4.", &schema),
            Err(vec!["it is no JSON: expected value at line 1 column 1".to_owned()])
        );
    }
}
