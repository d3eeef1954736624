//! The laws, and what is remembered to judge by them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mainspring_agent::{Assistant, Policy};
use mainspring_core::Event;
use mainspring_engine::Assignment;
use mainspring_runtimes::default::{Message, Position, TokenUsage, ToolOutcome, TurnEnd};
use mainspring_store::{Entry, GateRow};
use mainspring_types::{GateId, Hash};
use serde_json::json;

use super::{
    cast::{COMMANDS, TOOLS},
    model::Book,
    tools::Deeds,
    town::Unsure,
};

/// A law that was broken.
#[derive(Debug)]
pub(super) struct Broken {
    /// The law.
    pub(super) law: &'static str,
    /// What was found instead.
    pub(super) detail: String,
}

pub(super) type Lawful<T = ()> = Result<T, Broken>;

pub(super) fn broken<T>(law: &'static str, detail: String) -> Lawful<T> {
    Err(Broken { law, detail })
}

pub(super) fn holds(law: &'static str, held: bool, detail: impl FnOnce() -> String) -> Lawful {
    if held { Ok(()) } else { broken(law, detail()) }
}

/// What was seen in all lives of a universe.
#[derive(Default)]
pub(super) struct Memory {
    /// Everybody behaves, since the end is near.
    pub(super) healed: bool,
    /// How many of a run's messages were said.
    pub(super) spoken: BTreeMap<String, usize>,
    pub(super) unsure: Unsure,
    /// Gates as they stood when their answer was taken.
    pub(super) answered: BTreeMap<GateId, (String, GateRow)>,
    /// The attempt of a run that was taken last.
    pub(super) taken: BTreeMap<String, Assignment>,
    turns: BTreeMap<(String, u32), Hash>,
    ends: BTreeMap<(String, u32), Ended>,
    returned: HashMap<(String, Position, String), ToolOutcome>,
}

/// What a turn came to.
#[derive(Clone, PartialEq, Debug)]
struct Ended {
    said: String,
    text: String,
    used: TokenUsage,
}

/// What a universe came to, without what chance names differently every time.
#[derive(PartialEq, Debug)]
pub(super) struct Summary {
    runs: BTreeMap<String, String>,
    turns: BTreeMap<(String, u32), Ended>,
    asked: BTreeSet<(String, Hash, u32)>,
    deeds: BTreeSet<(String, String, String, String)>,
}

impl Memory {
    /// A gate is settled once, and its first answer counts.
    pub(super) fn first_answer(&mut self, run: &str, gate: &GateRow) -> Lawful {
        let before = self.answered.insert(gate.id(), (run.to_owned(), gate.clone()));
        holds("a gate is settled once, and its first answer counts", before.is_none(), || {
            format!("{gate:?} of `{run}` was settled before: {before:?}")
        })
    }

    pub(super) fn late_answer(&mut self, run: &str, gate: GateRow) -> Lawful {
        let Some((_, first)) = self.answered.get(&gate.id()) else {
            if gate.settled.is_some() {
                self.answered.insert(gate.id(), (run.to_owned(), gate));
            }
            return Ok(());
        };
        holds("a gate is settled once, and its first answer counts", first.settled == gate.settled, || {
            format!("of `{run}`: first {first:?}, then {gate:?}")
        })
    }

    /// What the turns of a run said that they used.
    pub(super) fn told_of(&self, run: &str) -> TokenUsage {
        let mut told = TokenUsage::default();
        for (_, ended) in self.ends.iter().filter(|((of, _), _)| of == run) {
            told += ended.used;
        }
        told
    }

    /// What the universe came to.
    pub(super) fn summary(&self, runs: BTreeMap<String, String>, book: &Book, deeds: &Deeds) -> Summary {
        let deeds = deeds
            .all()
            .iter()
            .map(|made| (made.run.clone(), made.position.clone(), made.tool.clone(), made.arguments.clone()));
        Summary {
            runs,
            turns: self.ends.clone(),
            asked: book.places().cloned().collect(),
            deeds: deeds.collect(),
        }
    }

    /// Whether the gate stands as it did when its answer was taken, as far as anybody heard of one.
    pub(super) fn keeps_first(&self, gate: &GateRow) -> bool {
        self.answered.get(&gate.id()).is_none_or(|(_, first)| first.settled == gate.settled)
    }

    /// What a turn is begun with is the same in every attempt.
    pub(super) fn turn_begins(
        &mut self,
        (run, number): (&str, u32),
        history: &[Message],
        incoming: &[Message],
    ) -> Lawful {
        let print = Hash::of(json!([history, incoming]).to_string().as_bytes());
        let first = *self.turns.entry((run.to_owned(), number)).or_insert(print);
        holds("a turn is begun with the same by every attempt", first == print, || {
            format!(
                "turn {number} of `{run}` answers {incoming:?}, and an earlier attempt answered something else"
            )
        })
    }

    pub(super) fn turn_ends(&mut self, (run, number): (&str, u32), end: &TurnEnd) -> Lawful {
        let said = serde_json::to_string(&end.messages).expect("messages are plain data");
        let ended = Ended { said, text: end.text.clone(), used: end.usage };
        let before = self.ends.insert((run.to_owned(), number), ended.clone());
        // Whoever interrupts does so at another place every time, and takes nothing away.
        let interrupted = end.ending == mainspring_runtimes::default::Ending::Interrupted;
        let of_turn = |((of, position, _), _): &(&(String, Position, String), &ToolOutcome)| {
            of == run && position.turn == number
        };
        for ((_, position, _), outcome) in self.returned.iter().filter(of_turn) {
            let text = json!(outcome.text).to_string();
            holds("what was heard of a call stays in its turn", ended.said.contains(&text), || {
                format!("`{run}` at {position}: {text} is not in {}", ended.said)
            })?;
        }
        let same = before.as_ref().is_none_or(|before| *before == ended) || interrupted || self.healed;
        holds("a turn comes to the same in every attempt", same, || {
            format!("turn {number} of `{run}`: {before:?}, then {ended:?}")
        })
    }

    /// What the loop heard of a call is what it hears of it for ever.
    pub(super) fn call_returns(
        &mut self,
        (run, position, asked): (&str, Position, String),
        outcome: &ToolOutcome,
    ) -> Lawful {
        let first = self.returned.entry((run.to_owned(), position, asked)).or_insert_with(|| outcome.clone());
        holds("a call comes to the same in every attempt", first == outcome, || {
            format!("`{run}` at {position}: {first:?}, then {outcome:?}")
        })
    }
}

/// Calm and rough weather come to the same.
pub(super) fn same(calm: &Summary, rough: &Summary) -> Lawful {
    let differs = |what: &str, calm: &dyn std::fmt::Debug, rough: &dyn std::fmt::Debug| {
        format!("{what}\n  without mishaps: {calm:?}\n  with mishaps:    {rough:?}")
    };
    let law = "mishaps change nothing of what comes of it";
    // What differs in itself comes before what is there in one weather alone, which may follow from it.
    for (place, then) in &rough.turns {
        let ended = calm.turns.get(place).unwrap_or(then);
        holds(law, then == ended, || differs(&format!("{place:?}"), ended, then))?;
    }
    for (place, ended) in &calm.turns {
        let then = rough.turns.get(place);
        holds(law, then.is_some(), || differs(&format!("{place:?}"), ended, &then))?;
    }
    holds(law, calm.turns.len() == rough.turns.len(), || "there are more turns with mishaps".into())?;
    holds(law, calm.runs == rough.runs, || differs("the runs", &calm.runs, &rough.runs))?;
    let more: Vec<_> = rough.asked.symmetric_difference(&calm.asked).collect();
    holds("usage is exact: mishaps cost nothing", more.is_empty(), || format!("asked once only: {more:?}"))?;
    let more: Vec<_> = rough.deeds.symmetric_difference(&calm.deeds).collect();
    holds("mishaps change nothing of what is done", more.is_empty(), || format!("done once only: {more:?}"))
}

/// A child is never allowed what its parent is denied, nor without asking what its parent is asked about.
pub(super) fn is_narrowed(parent: &Assistant, child: &Assistant, name: &str) -> Lawful {
    let calls = TOOLS.iter().map(|(tool, _)| ((*tool).to_owned(), json!({ "of": "x" })));
    let others = ["steal", "ask_user", "task", "web_fetch", "python", "write_file"];
    let others = others.iter().map(|tool| ((*tool).to_owned(), json!({ "agent": "helper", "prompt": "x" })));
    let commands =
        COMMANDS.iter().map(|command| ("shell".to_owned(), json!({ "command": format!("{command} x") })));
    for (tool, arguments) in calls.chain(others).chain(commands) {
        let verdict = |of: &Assistant| Policy::of(of).rule(&tool, &arguments, &[]).verdict;
        holds("a child is allowed no more than its parent", verdict(child) >= verdict(parent), || {
            format!("`{name}`: {tool} {arguments}: {} of the parent is {}", verdict(child), verdict(parent))
        })?;
    }
    Ok(())
}

pub(super) fn events(entries: &[Entry]) -> Vec<Event> {
    entries
        .iter()
        .map(|entry| serde_json::from_str(&entry.envelope).expect("an event is read as written"))
        .collect()
}
