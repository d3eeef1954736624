//! How much work it is to check a value against a schema, told before it is done.
//!
//! A few lines of a stranger's schema can keep a validator busy for ever: parts that refer to two others, which refer to
//! two others, and so on. The work is counted without doing it: what a part costs on a piece of the value is counted
//! once, however often it is come by. It is counted rather too high than too low.

use std::{collections::HashMap, ptr};

use serde_json::Value;

/// How deep parts of the schema and of the value may lie within one another: the validator goes down as deep.
const DEPTH_MAX: usize = 500;

static NOTHING: Value = Value::Null;

/// Whether checking takes at most `max` looks at a part of the schema and a piece of the value.
pub(super) fn is_within(max: u64, schema: &Value, value: &Value) -> bool {
    let mut account = Account { root: schema, max, known: HashMap::new() };
    account.effort(schema, value, 0).is_some()
}

struct Account<'a> {
    root: &'a Value,
    max: u64,
    /// By part and piece; `None` while it is being counted.
    known: HashMap<(*const Value, *const Value), Option<u64>>,
}

impl<'a> Account<'a> {
    /// The looks that a part takes on a piece; nothing when they are too many.
    fn effort(&mut self, part: &'a Value, piece: &'a Value, depth: usize) -> Option<u64> {
        let Value::Object(keywords) = part else { return Some(1) };
        let key = (ptr::from_ref(part), ptr::from_ref(piece));
        if let Some(known) = self.known.get(&key) {
            // Still being counted: the part refers to itself on the same piece, and there is no end to it.
            return *known;
        }
        if depth > DEPTH_MAX || self.known.len() as u64 > self.max {
            return None;
        }
        self.known.insert(key, None);
        let mut effort: u64 = 1;
        for (keyword, inner) in keywords {
            for (part, piece) in self.applied(keyword, inner, piece)? {
                effort = effort.saturating_add(self.effort(part, piece, depth + 1)?);
            }
        }
        // What is left over is found by going through all parts once more.
        let again = keywords.keys().any(|keyword| keyword.starts_with("unevaluated"));
        let effort = effort.saturating_mul(if again { 2 } else { 1 });
        self.known.insert(key, Some(effort));
        (effort <= self.max).then_some(effort)
    }

    /// The parts of one keyword, each with a piece that it is about; nothing when a reference leads nowhere.
    fn applied(
        &self,
        keyword: &str,
        inner: &'a Value,
        piece: &'a Value,
    ) -> Option<Vec<(&'a Value, &'a Value)>> {
        let of = |part: &'a Value, pieces: Vec<&'a Value>| pieces.into_iter().map(move |piece| (part, piece));
        Some(match keyword {
            "$ref" | "$dynamicRef" | "$recursiveRef" => vec![(target(self.root, inner)?, piece)],
            "allOf" | "anyOf" | "oneOf" | "dependentSchemas" | "dependencies" => {
                children(inner).into_iter().map(|part| (part, piece)).collect()
            }
            "not" | "if" | "then" | "else" => vec![(inner, piece)],
            "properties" => {
                let fields = inner.as_object().into_iter().flatten();
                fields.filter_map(|(name, part)| Some((part, piece.as_object()?.get(name)?))).collect()
            }
            "patternProperties" => {
                children(inner).into_iter().flat_map(|part| of(part, fields(piece))).collect()
            }
            "additionalProperties" | "unevaluatedProperties" => of(inner, fields(piece)).collect(),
            "propertyNames" => fields(piece).iter().map(|_| (inner, &NOTHING)).collect(),
            "items" | "prefixItems" if inner.is_array() => {
                children(inner).into_iter().zip(items(piece)).collect()
            }
            "items" | "additionalItems" | "unevaluatedItems" | "contains" => {
                of(inner, items(piece)).collect()
            }
            _ => Vec::new(),
        })
    }
}

/// The part that a reference leads to.
pub(super) fn target<'a>(root: &'a Value, reference: &Value) -> Option<&'a Value> {
    root.pointer(&decoded(reference.as_str()?.strip_prefix('#')?)?)
}

/// The text with `%XX` as the byte it stands for.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

fn children(of: &Value) -> Vec<&Value> {
    match of {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

fn fields(of: &Value) -> Vec<&Value> {
    of.as_object().into_iter().flat_map(|fields| fields.values()).collect()
}

fn items(of: &Value) -> Vec<&Value> {
    of.as_array().into_iter().flatten().collect()
}
