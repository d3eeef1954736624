//! The model, and the journal of its answers: what was answered before is answered again, and paid once.

use std::collections::BTreeMap;

use mainspring_runtimes::default::{Broken, Calls, ModelAnswer, ModelRequest, Part, Role, Stop, TokenUsage};
use mainspring_types::Hash;
use serde_json::{Value, json};

use super::{cast::COMMANDS, prng::Prng};

/// What a model said to a request.
pub(super) type Said = Result<ModelAnswer, Broken>;

/// Every answer that was paid for, by the run, the request, and how often an attempt had asked that before.
#[derive(Default)]
pub(super) struct Book {
    answers: BTreeMap<(String, Hash, u32), Said>,
}

impl Book {
    /// The answer, which is in the book from now on.
    pub(super) fn ask(&mut self, seed: u64, run: &str, request: &ModelRequest, before: u32) -> Said {
        let place = (run.to_owned(), print_of(request), before);
        self.answers.entry(place).or_insert_with(|| say(seed, run, request, before)).clone()
    }

    /// Whether the answer is in the book.
    pub(super) fn has(&self, run: &str, request: &ModelRequest, before: u32) -> bool {
        self.answers.contains_key(&(run.to_owned(), print_of(request), before))
    }

    /// What the run's answers took together.
    pub(super) fn used(&self, run: &str) -> TokenUsage {
        let mut used = TokenUsage::default();
        let of_run = self.answers.iter().filter(|((of, ..), _)| of == run);
        for answer in of_run.filter_map(|(_, said)| said.as_ref().ok()) {
            used += answer.usage;
        }
        used
    }

    /// How many answers were paid for.
    pub(super) fn paid(&self) -> u64 {
        self.answers.len() as u64
    }

    /// What was asked, for comparison.
    pub(super) fn places(&self) -> impl Iterator<Item = &(String, Hash, u32)> {
        self.answers.keys()
    }
}

/// What tells a request from every other.
pub(super) fn print_of(request: &ModelRequest) -> Hash {
    Hash::of(&serde_json::to_vec(request).expect("a request is plain data"))
}

/// What the model says: it follows from the request alone.
fn say(seed: u64, run: &str, request: &ModelRequest, before: u32) -> Said {
    let print = print_of(request).to_hex();
    let mut prng = Prng::about(seed, &["model", run, &print, &before.to_string()]);
    let usage = TokenUsage {
        input_tokens: 10 + prng.below(90),
        output_tokens: 1 + prng.below(50),
        ..TokenUsage::default()
    };
    let last = request.messages.iter().rposition(|message| message.role == Role::User).unwrap_or(0);
    let steps = request.messages[last..].iter().filter(|message| message.role == Role::Assistant).count();
    let talks = request.calls == Calls::Forbidden || request.tools.is_empty();
    let end = if talks { 100 } else { 15 + 20 * steps as u64 };
    let text = || Part::text(format!("words {}", &print[..12]));
    match prng.below(100) {
        0..3 => return Err(Broken::Truncated),
        3..5 => return Ok(ModelAnswer { parts: Vec::new(), stop: Stop::End, usage }),
        5..6 => return Ok(ModelAnswer { parts: vec![text()], stop: Stop::Length, usage }),
        6 if before == 0 => {
            return Err(Broken::Refused { status: 400, code: None, message: "not like this".into() });
        }
        _ => {}
    }
    if prng.chance(end) {
        return Ok(ModelAnswer { parts: vec![text()], stop: Stop::End, usage });
    }
    let calls = prng.weigh(&[(4, 1), (3, 2), (2, 3)]);
    let mut parts = vec![text()];
    parts.extend((0..calls).map(|number| call(&mut prng, request, &format!("{}-{number}", &print[..12]))));
    Ok(ModelAnswer { parts, stop: Stop::Tools, usage })
}

fn call(prng: &mut Prng, request: &ModelRequest, unique: &str) -> Part {
    let names: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    let name = if prng.chance(2) { "nothing" } else { prng.pick(&names).expect("there are tools") };
    let arguments: Value = match name {
        "shell" => {
            json!({ "command": format!("{} {unique}", prng.pick(&COMMANDS).expect("there are commands")) })
        }
        "ask_user" => json!({ "question": format!("what of {unique}?") }),
        "task" if prng.chance(10) => {
            json!({ "agent": "helper", "prompt": format!("do {unique}"), "toolsets": ["web"] })
        }
        "task" => json!({ "agent": "helper", "prompt": format!("do {unique}") }),
        _ => json!({ "of": unique }),
    };
    Part::ToolUse { id: unique.to_owned(), name: name.to_owned(), arguments, opaque: None }
}
