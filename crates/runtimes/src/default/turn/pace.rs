//! Whether a turn gets anywhere: the same calls with the same results, again and again, do not.

use mainspring_types::Hash;

use super::action::{ToolCall, ToolOutcome};

/// The longest pattern that is looked for: A, A, A and A, B, A, B.
const PERIOD_MAX: usize = 2;
/// The most characters of the arguments of a call that is named.
const ARGUMENTS_CHARS_MAX: usize = 200;

/// What is remembered of a turn's rounds.
#[derive(Debug)]
pub(super) struct Pace {
    repeats: usize,
    rounds: Vec<(Hash, String)>,
}

/// What a round shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// Something new.
    Moving,
    /// The same as before, so often that the model should know.
    Repeating { times: usize, calls: String },
    /// The same once more, though the model knows.
    Stuck { times: usize, calls: String },
}

impl Pace {
    /// The pace of a turn that may repeat itself `repeats` times.
    pub(super) fn of(repeats: u32) -> Self {
        // Once is no repetition.
        Self { repeats: (repeats as usize).max(2), rounds: Vec::new() }
    }

    /// Takes in the next round.
    pub(super) fn note(&mut self, results: &[(ToolCall, ToolOutcome)]) -> Progress {
        let what: Vec<_> = results
            .iter()
            .map(|(call, outcome)| (&call.name, &call.arguments, &outcome.text, outcome.error))
            .collect();
        let print = Hash::of(&serde_json::to_vec(&what).expect("calls and results are JSON"));
        self.rounds.push((print, named(results)));
        (1..=PERIOD_MAX)
            .map(|period| self.progress(period))
            .find(|found| *found != Progress::Moving)
            .unwrap_or(Progress::Moving)
    }

    fn progress(&self, period: usize) -> Progress {
        let newest = self.rounds.iter().rev().map(|(print, _)| print);
        let same = newest.clone().zip(newest.skip(period)).take_while(|(one, other)| one == other).count();
        let (rounds, times) = (same + period, (same + period) / period);
        let calls = || {
            let names: Vec<_> =
                self.rounds.iter().rev().take(period).rev().map(|(_, name)| name.as_str()).collect();
            names.join(", then ")
        };
        if times > self.repeats {
            Progress::Stuck { times, calls: calls() }
        } else if rounds == period * self.repeats {
            Progress::Repeating { times, calls: calls() }
        } else {
            Progress::Moving
        }
    }
}

fn named(results: &[(ToolCall, ToolOutcome)]) -> String {
    let names: Vec<_> = results
        .iter()
        .map(|(call, _)| {
            let arguments: String = call.arguments.to_string().chars().take(ARGUMENTS_CHARS_MAX).collect();
            format!("`{} {arguments}`", call.name)
        })
        .collect();
    names.join(" with ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What each round of `script` shows, a letter a round: `.` moving, `r` repeating, `s` stuck.
    fn shown(script: &str) -> String {
        let mut pace = Pace::of(3);
        let round = |letter: char| {
            let call =
                ToolCall { id: String::new(), name: "shell".into(), arguments: json!({"command": letter}) };
            vec![(call, ToolOutcome { text: String::new(), error: false })]
        };
        let progress = script.chars().map(|letter| match pace.note(&round(letter)) {
            Progress::Moving => '.',
            Progress::Repeating { .. } => 'r',
            Progress::Stuck { .. } => 's',
        });
        progress.collect()
    }

    #[test]
    fn repetition_is_told_once_and_then_ends() {
        assert_eq!(shown("aaaa"), "..rs");
        assert_eq!(shown("aaabaaba"), "..r.....");
        assert_eq!(shown("abababab"), ".....r.s");
        assert_eq!(shown("xababac"), ".......");
    }
}
