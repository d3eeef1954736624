//! Reads the fields that are plain values: the model and its options, the budget, the session, gates and schemas.

use mainspring_types::{Code, Problem};
use serde_json::Value;

use super::super::duration;
use crate::assistant::{
    BudgetAsk, Escalation, Fallback, GatePolicy, Mode, ModelName, ModelOptions, SessionPolicy, Thinking,
};
use crate::fields::Field;
use crate::json_schema::JsonSchema;

pub(super) fn model(field: &Field<'_>) -> Option<ModelName> {
    field.parsed(str::parse)
}

pub(super) fn options(field: &Field<'_>) -> ModelOptions {
    let Some(mut fields) = field.fields() else { return ModelOptions::default() };
    let options = ModelOptions {
        max_output_tokens: fields.optional("max_output_tokens").and_then(|field| field.amount()),
        temperature: fields.optional("temperature").and_then(|field| temperature(&field)),
        thinking: fields.optional("thinking").and_then(|field| field.one_of(Thinking::WORDS)),
    };
    fields.refuse_rest();
    options
}

fn temperature(field: &Field<'_>) -> Option<f64> {
    let number = field.number()?.as_f64()?;
    let fitting = (0.0..=2.0).contains(&number).then_some(number);
    fitting.or_else(|| field.refused(format!("`{}` is {number}; allowed: 0 to 2", field.path())))
}

pub(super) fn budget(field: &Field<'_>) -> BudgetAsk {
    let Some(mut fields) = field.fields() else { return BudgetAsk::default() };
    let budget = BudgetAsk {
        tokens: fields.optional("tokens").and_then(|field| field.amount()),
        cost: fields.optional("cost").and_then(|field| cost(&field)),
        calls: fields.optional("calls").and_then(|field| field.amount()),
    };
    fields.refuse_rest();
    budget
}

/// An amount of dollars, in billionths of one.
fn cost(field: &Field<'_>) -> Option<u64> {
    let text = field.text_as_written()?;
    nano_usd(&text).or_else(|| {
        let message = format!("`{}` is `{text}`, which is no amount of dollars", field.path());
        field.refuse(Problem::new(Code::InvalidManifest, message).suggest("write it like \"$1.50\""));
        None
    })
}

fn nano_usd(text: &str) -> Option<u64> {
    let number = text.trim().trim_start_matches('$');
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || part.len() > 9 {
        return None;
    }
    let nanos = whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?;
    nanos.checked_add(format!("{part:0<9}").parse().ok()?).filter(|nanos| *nanos > 0)
}

pub(super) fn session(field: &Field<'_>) -> SessionPolicy {
    let usual = SessionPolicy::default();
    let Some(mut fields) = field.fields() else { return usual };
    let session = SessionPolicy {
        mode: fields.optional("mode").and_then(|field| field.one_of(Mode::WORDS)).unwrap_or(usual.mode),
        input_deadline: fields.optional("input_deadline").and_then(|field| duration(&field)),
        history_turns: fields.optional("history_turns").and_then(|field| field.count(1, 1_000_000)),
    };
    fields.refuse_rest();
    session
}

pub(super) fn gates(field: &Field<'_>) -> GatePolicy {
    let usual = GatePolicy::default();
    let Some(mut fields) = field.fields() else { return usual };
    let gates = GatePolicy {
        deadline: fields.optional("deadline").and_then(|field| duration(&field)),
        fallback: fields
            .optional("default")
            .and_then(|field| field.one_of(Fallback::WORDS))
            .unwrap_or(usual.fallback),
        escalation: fields.optional("escalate").and_then(|field| escalation(&field)),
    };
    if let (None, Some(fallback)) = (gates.deadline, fields.optional("default")) {
        fallback.refused::<()>(format!("`{}` has no use without a `deadline`", fallback.path()));
    }
    fields.refuse_rest();
    gates
}

fn escalation(field: &Field<'_>) -> Option<Escalation> {
    let mut fields = field.fields()?;
    let after = fields.required("after").and_then(|field| duration(&field));
    let to = fields.required("to").and_then(|field| field.text());
    fields.refuse_rest();
    Some(Escalation { after: after?, to: to? })
}

/// What a JSON Schema may give as `type`.
const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "object", "array", "null"];

/// A JSON Schema, each mistake of it reported where it stands.
pub(super) fn schema(field: &Field<'_>) -> Option<Value> {
    if !field.is_map() {
        return field.refused(format!("`{}` must be a JSON Schema, which is a map of fields", field.path()));
    }
    let schema = field.json();
    match JsonSchema::read(&schema) {
        Ok(_) => Some(schema),
        Err(wrong) => {
            for wrong in wrong {
                let place = field.within(&wrong.pointer);
                match place.json() {
                    Value::String(word) if wrong.pointer.ends_with("/type") => {
                        place.refuse(place.not_among(&word, &TYPES));
                    }
                    _ => {
                        place.refused::<()>(format!(
                            "read `{}` as JSON Schema: {}",
                            place.path(),
                            wrong.message
                        ));
                    }
                }
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::nano_usd;

    #[test]
    fn amounts_read_to_the_billionth() {
        assert_eq!(nano_usd("$1.50"), Some(1_500_000_000));
        assert_eq!(nano_usd("2"), Some(2_000_000_000));
        assert_eq!(nano_usd("0.000000001"), Some(1));
        for text in ["", "$", "-1", "1.", ".5", "0", "1e3", "0.0000000001", "99999999999999999999"] {
            assert_eq!(nano_usd(text), None, "{text}");
        }
    }
}
