//! What a run's journal says of its tool calls, held against what the tools themselves wrote.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_api::event::EventView;
use mainspring_types::EffectId;
use serde_json::Value;

use super::TOOL_CALLS;
use crate::scene::field;

/// The numbers of the calls that write into the ledger, by tool.
const NOTED: [(&str, &[u32]); 3] =
    [("look", &[1, 2, 7, 11]), ("set", &[3, 5, 12, 14]), ("pay", &[4, 6, 8, 9, 13, 16, 17])];

/// What the journal says of tool calls.
#[derive(Default)]
pub(super) struct Journal {
    calls: BTreeMap<EffectId, Call>,
    /// Calls that were under way when an attempt was lost, and at how many deaths.
    in_flight: BTreeMap<EffectId, usize>,
    /// Gates that were opened.
    pub(super) gates: usize,
    pub(super) replayed: usize,
}

/// One call.
struct Call {
    /// As the ledger names it.
    name: String,
    class: String,
    is_committed: bool,
}

impl Journal {
    /// Reads the entries; no call is begun again or committed after it was committed.
    pub(super) fn read(entries: &[EventView]) -> Self {
        let mut journal = Self::default();
        for entry in entries {
            journal.enter(entry);
        }
        journal
    }

    fn enter(&mut self, entry: &EventView) {
        let effect = || field(entry, "effect").parse().expect("an id");
        match entry.kind.as_str() {
            "tool.intended" => {
                let call = self.calls.entry(effect()).or_insert_with(|| Call::of(entry));
                assert!(!call.is_committed, "begun again after it was committed: {entry:?}");
            }
            "tool.committed" => {
                let call = self.calls.get_mut(&effect()).expect("it was begun");
                assert!(!std::mem::replace(&mut call.is_committed, true), "committed twice: {entry:?}");
            }
            "attempt.lost" => {
                for (effect, _) in self.calls.iter().filter(|(_, call)| !call.is_committed) {
                    *self.in_flight.entry(*effect).or_default() += 1;
                }
            }
            "gate.opened" => self.gates += 1,
            "tool.replayed" => self.replayed += 1,
            "tool.failed" | "tool.denied" => panic!("{entry:?}"),
            _ => {}
        }
    }

    /// How many tool calls a death met under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.values().sum()
    }

    /// Compares with what the tools wrote; says how many effects were repeated.
    pub(super) fn judge(&self, ledger: &[String]) -> usize {
        assert_eq!(self.calls.len(), TOOL_CALLS);
        assert!(self.calls.values().all(|call| call.is_committed));
        self.judge_gates();
        let keys: BTreeSet<&str> = ledger.iter().filter_map(|line| line.split(' ').next()).collect();
        let noted =
            NOTED.iter().flat_map(|(tool, numbers)| numbers.iter().map(move |n| format!("{tool} {n}")));
        let repeated: Vec<usize> = noted.map(|name| self.repeats(&name, ledger)).collect();
        assert_eq!(keys.len(), repeated.len(), "a key for each, and nothing else is in it: {ledger:#?}");
        repeated.iter().sum()
    }

    /// Somebody was asked of every call that was cut off and must not be repeated, once for each try of it.
    fn judge_gates(&self) {
        let cut = self.in_flight.iter().filter(|(effect, _)| self.calls[effect].is_irreversible());
        let (calls, deaths) = cut.fold((0, 0), |(calls, deaths), (_, times)| (calls + 1, deaths + times));
        // One that waits at its gate at a second death is not asked about again.
        assert!(
            (calls..=deaths).contains(&self.gates),
            "{} gates for {calls} calls cut {deaths} times",
            self.gates
        );
    }

    /// How often the effect of that name is in the ledger beyond once: no more than it was cut off, always under one key.
    fn repeats(&self, name: &str, ledger: &[String]) -> usize {
        let found = self.calls.iter().find(|(_, call)| call.name == name);
        let (effect, call) = found.expect("every call was made");
        let lines: Vec<&str> =
            ledger.iter().filter_map(|line| line.strip_suffix(&format!(" {name}"))).collect();
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), 1, "one key for {name}: {ledger:#?}");
        let repeats = lines.len() - 1;
        let most = if call.is_irreversible() { 0 } else { self.in_flight.get(effect).copied().unwrap_or(0) };
        assert!(repeats <= most, "{name} was repeated more than {most} times: {ledger:#?}");
        repeats
    }
}

impl Call {
    fn of(intended: &EventView) -> Self {
        let number = intended.data.get("arguments").map_or(Value::Null, |arguments| arguments["n"].clone());
        let name = format!("{} {number}", field(intended, "tool"));
        Self { name, class: field(intended, "class").to_owned(), is_committed: false }
    }

    fn is_irreversible(&self) -> bool {
        self.class == "irreversible"
    }
}
