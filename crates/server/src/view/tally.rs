//! How many calls a run's agents made, as its journal tells it.

use std::collections::HashSet;

use serde_json::Value;

/// Calls, those that were answered from the journal included.
#[derive(Default)]
pub(super) struct Tally {
    /// Model calls.
    pub(super) model_calls: u64,
    /// Model calls that were answered from the journal.
    pub(super) replayed_calls: u64,
    /// Tool calls.
    pub(super) tool_calls: u64,
    /// Tool calls that were counted when they were first told of.
    tools: HashSet<String>,
}

impl Tally {
    /// Takes in what a line says of a call.
    pub(super) fn count(&mut self, line: &Value) {
        match line["type"].as_str().unwrap_or_default() {
            "effect.intended" => self.model_calls += 1,
            "effect.replayed" | "effect.near" => {
                self.model_calls += 1;
                self.replayed_calls += 1;
            }
            "tool.replayed" => self.tool_calls += 1,
            // A call that is denied, answered by a person or handed to another run is never intended.
            "tool.intended" | "tool.committed" | "tool.failed" | "tool.denied" | "child.started" => {
                let effect = line["effect"].as_str().unwrap_or_default();
                self.tool_calls += u64::from(self.tools.insert(effect.to_owned()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_counts_once_and_again_with_each_replay() {
        let mut tally = Tally::default();
        let lines = [
            ("effect.intended", "m1"),
            ("effect.committed", "m1"),
            ("tool.intended", "t1"),
            ("tool.intended", "t1"),
            ("tool.committed", "t1"),
            ("tool.denied", "t2"),
            ("tool.committed", "asked a person"),
            ("child.started", "t4"),
            ("tool.committed", "t4"),
            ("effect.replayed", "m1"),
            ("tool.replayed", "t1"),
        ];
        for (kind, effect) in lines {
            tally.count(&json!({ "type": kind, "effect": effect }));
        }
        assert_eq!((tally.model_calls, tally.replayed_calls, tally.tool_calls), (2, 1, 5));
    }
}
