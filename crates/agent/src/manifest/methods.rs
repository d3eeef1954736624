//! Reads `interface`: the methods, their parameters and what they answer.

use mainspring_types::{Code, Problem, nearest};
use serde_json::{Map, Value};

use crate::fields::{Field, Fields};
use crate::input::check_value;
use crate::method::{Method, Parameter, ParameterType, Returns};

type Extra = Map<String, Value>;

/// The methods of an `interface`; at least one.
pub(super) fn read(interface: &Field<'_>, extra: &mut Extra) -> Option<Vec<Method>> {
    let mut fields = interface.fields()?;
    if stand_directly(&fields, interface) {
        interface.warn(
            "the methods stand directly under `interface`; they belong under `interface.methods`".into(),
        );
        return methods(fields, extra);
    }
    let methods = fields.required("methods").and_then(|field| methods(field.fields()?, extra));
    fields.keep_rest(extra);
    methods
}

/// Whether the methods stand where `methods:` should.
fn stand_directly(fields: &Fields<'_>, interface: &Field<'_>) -> bool {
    let Value::Object(entries) = interface.json() else { return false };
    let misspelt = nearest("methods", entries.keys().map(String::as_str)).is_some();
    !fields.has("methods") && !misspelt && entries.values().any(|entry| entry.get("description").is_some())
}

fn methods(fields: Fields<'_>, extra: &mut Extra) -> Option<Vec<Method>> {
    if fields.is_empty() {
        let problem = Problem::new(Code::InvalidManifest, "the interface lists no method");
        fields.refuse(problem.suggest("add at least one under `interface.methods`"));
        return None;
    }
    Some(fields.all().filter_map(|(name, field)| method(name, &field, extra)).collect())
}

fn method(name: &str, field: &Field<'_>, extra: &mut Extra) -> Option<Method> {
    let mut fields = field.fields()?;
    let description = fields.required("description").and_then(|field| field.text());
    let parameters = fields
        .optional("parameters")
        .and_then(|field| field.fields())
        .map(|declared| declared.all().filter_map(|(name, field)| parameter(name, &field, extra)).collect());
    let returns = fields.optional("returns").and_then(|field| returns(&field, extra));
    fields.keep_rest(extra);
    Some(Method {
        name: name.to_owned(),
        description: description?,
        parameters: parameters.unwrap_or_default(),
        returns,
    })
}

fn returns(field: &Field<'_>, extra: &mut Extra) -> Option<Returns> {
    if field.is_text() {
        return Some(Returns { kind: field.text(), description: None });
    }
    let mut fields = field.fields()?;
    let kind = fields.optional("type").and_then(|field| field.text());
    let description = fields.optional("description").and_then(|field| field.text());
    fields.keep_rest(extra);
    Some(Returns { kind, description })
}

fn parameter(name: &str, field: &Field<'_>, extra: &mut Extra) -> Option<Parameter> {
    let mut fields = field.fields()?;
    let default = fields.optional("default");
    let parameter = Parameter {
        name: name.to_owned(),
        kind: fields.optional("type").and_then(|field| parameter_type(&field)).unwrap_or_default(),
        description: fields.optional("description").and_then(|field| field.text()),
        required: fields.optional("required").and_then(|field| field.truth()).unwrap_or(false),
        default: default.as_ref().map(Field::json),
        choices: fields.optional("enum").and_then(|field| choices(&field)).unwrap_or_default(),
        minimum: fields.optional("minimum").and_then(|field| field.number()),
        maximum: fields.optional("maximum").and_then(|field| field.number()),
    };
    fields.keep_rest(extra);
    if let Some(default) = default
        && let Err(problem) = check_value(&parameter, &default.json())
    {
        // A call without the parameter passes the default on unchecked, as it always has been.
        default.warn(format!("the default does not fit: {problem}"));
    }
    Some(parameter)
}

fn parameter_type(field: &Field<'_>) -> Option<ParameterType> {
    let word = field.text()?;
    let kind = ParameterType::from_word(&word);
    if kind.is_none() {
        field.refuse(field.not_among(&word, &ParameterType::words()));
    }
    kind
}

fn choices(field: &Field<'_>) -> Option<Vec<Value>> {
    let choices: Vec<Value> = field.items()?.iter().map(Field::json).collect();
    if choices.is_empty() {
        field.refused(format!("`{}` allows no value", field.path()))
    } else {
        Some(choices)
    }
}
