//! What the providers' own Python clients send: recorded by `crates/cli/tests/fidelity`, which compares it with what
//! they send today.

use std::{borrow::Cow, collections::BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::super::{Asked, Edit, Standing, edit, read};
use crate::route::Route;

const CLIENTS: [&str; 3] = [
    include_str!("recorded/anthropic.jsonl"),
    include_str!("recorded/google.jsonl"),
    include_str!("recorded/openai.jsonl"),
];

/// One request as it was sent.
#[derive(Deserialize)]
struct Sent {
    /// What it is: the turns of a conversation have its name and their number.
    call: String,
    path: String,
    body: String,
}

impl Sent {
    fn all() -> Vec<Vec<Self>> {
        let read = |line| serde_json::from_str(line).expect("a recorded request");
        CLIENTS.iter().map(|lines| lines.lines().map(read).collect()).collect()
    }

    fn route(&self) -> Route {
        Route::of("POST", &self.path).expect("a route")
    }

    fn asked(&self) -> Asked {
        self.asked_as(&self.body)
    }

    fn asked_as(&self, body: &str) -> Asked {
        read(&self.route(), body.as_bytes()).expect("a request")
    }

    /// Whether it is the next turn of the same conversation.
    fn follows(&self, turn: &Self) -> bool {
        let [this, before] = [self, turn].map(|sent| sent.call.rsplit_once(' '));
        let [Some((name, number)), Some((same, before))] = [this, before] else { return false };
        let [Ok(number), Ok(before)] = [number, before].map(str::parse::<u32>) else { return false };
        name == same && number == before + 1
    }
}

#[test]
fn each_turn_goes_on_from_the_one_before() {
    let mut turns = 0;
    for client in Sent::all() {
        for pair in client.windows(2).filter(|pair| pair[1].follows(&pair[0])) {
            let [turn, next] = [&pair[0], &pair[1]].map(|sent| sent.asked().lineage);
            assert_eq!(next.previous, Some(turn.own), "{}", pair[1].call);
            assert_ne!(next.parent, turn.parent, "{}", pair[1].call);
            turns += 1;
        }
    }
    assert_eq!(turns, 12);
}

#[test]
fn every_request_has_a_key_of_its_own_and_passes_unchanged() {
    let mut keys = BTreeSet::new();
    for sent in Sent::all().iter().flatten() {
        assert!(keys.insert(sent.asked().key.to_string()), "{}", sent.call);
        let passed = edit(&sent.route(), sent.body.as_bytes(), &Edit::default());
        assert!(matches!(passed, Cow::Borrowed(body) if body == sent.body.as_bytes()), "{}", sent.call);
    }
}

#[test]
fn white_space_and_the_ids_of_calls_are_not_in_the_key() {
    for sent in Sent::all().iter().flatten() {
        let mut value: Value = serde_json::from_str(&sent.body).expect("JSON");
        for list in ["messages", "input", "contents"] {
            value.get_mut(list).into_iter().for_each(rename);
        }
        let renamed = serde_json::to_string_pretty(&value).expect("JSON");
        let (one, other) = (sent.asked(), sent.asked_as(&renamed));
        assert_eq!((one.key, one.near, one.lineage), (other.key, other.near, other.lineage), "{}", sent.call);
    }
}

/// Gives calls and what refers to them other ids.
fn rename(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(id)
                        if ["id", "call_id", "tool_call_id", "tool_use_id"].contains(&&**name) =>
                    {
                        id.push_str("-of-another-time");
                    }
                    other => rename(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(rename),
        _ => {}
    }
}

#[test]
fn what_the_provider_stores_is_not_asked_for_twice() {
    for sent in Sent::all().iter().flatten() {
        let is_stored = sent.asked().standing != Standing::Repeatable;
        assert_eq!(is_stored, sent.call.starts_with("stored"), "{}", sent.call);
    }
}
