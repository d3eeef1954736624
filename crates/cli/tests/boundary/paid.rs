//! What was paid: the journal's account of a run against what the model's own log says.

use std::collections::BTreeMap;

use mainspring_api::{effect::EffectView, run::RunView};
use mainspring_testkit::upstream::{Logged, Outcome};

use crate::scene::Agent;

/// Checks that every call of a completed run was sent once, but for those that were in flight when a server died: at
/// most one for each of `deaths`. What the journal counts is what the model served. Says how many were sent again.
pub(crate) fn check(
    agent: &Agent,
    run: &RunView,
    effects: &[EffectView],
    asked: &[Logged],
    deaths: usize,
) -> usize {
    let told = || format!("{} {run:#?}\n{effects:#?}\n{asked:#?}", agent.file);
    let mut sent: BTreeMap<&[u8], usize> = BTreeMap::new();
    for entry in asked {
        *sent.entry(&entry.body).or_default() += 1;
    }
    assert_eq!((sent.len(), effects.len()), (agent.calls, agent.calls), "{}", told());
    assert!(effects.iter().all(|effect| effect.state == "committed"), "{}", told());

    // A try that is not the one that was committed has an unknown end: its server died.
    let repeats: usize = effects.iter().map(|effect| effect.tries as usize - 1).sum();
    assert!(repeats <= deaths, "{}", told());
    // The server may have died between the intent and the sending.
    assert!(asked.len() <= agent.calls + repeats && asked.len() >= agent.calls, "{}", told());

    let settled: u64 = effects.iter().map(|effect| effect.tokens.total_tokens).sum();
    assert_eq!((settled, run.usage.total_tokens), (agent.tokens, agent.tokens), "{}", told());
    let whole = asked.iter().filter(|entry| entry.outcome == Outcome::Sent).map(served).sum::<u64>();
    let held: u64 = effects.iter().map(|effect| effect.held_tokens).sum();
    assert!((settled..=settled + held).contains(&whole), "{}", told());
    assert!(effects.iter().all(|effect| (effect.tries > 1) == (effect.held_tokens > 0)), "{}", told());
    repeats
}

/// The tokens of an answer, as the script has them.
fn served(entry: &Logged) -> u64 {
    match entry.rule.as_deref() {
        Some("first") => 110,
        Some("second") => 220,
        Some("third") => 330,
        Some("in words") => 440,
        Some("in a number") => 550,
        other => panic!("no rule of the model: {other:?}"),
    }
}
