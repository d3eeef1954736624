//! What the demo claims, checked against the ledger and the journal before it is said.

use std::time::Duration;

use mainspring_api::{
    effect::EffectView,
    run::{RunStatus, RunView},
};
use mainspring_types::{Code, Problem};
use serde::Serialize;

use super::{
    ledger::{Ledger, Noted},
    processes::Process,
    scene::DOOMED,
};
use crate::{
    output::{Palette, Tone, time},
    render,
};

/// What is right, and what the model can only know from its tool.
const ANSWER: &str = "The Nile is longer: it has 6650 km, the Amazon 6400 km.";
/// What the ledger must say: the steps once, the tool calls of the agent that was killed again.
const WORK: [(&str, Noted); 4] = [
    ("gather", Noted { begun: 1, done: 1 }),
    (REPEATED, Noted { begun: 2, done: 2 }),
    (DOOMED, Noted { begun: 2, done: 1 }),
    ("publish", Noted { begun: 1, done: 1 }),
];
/// The tool call that was done before the kill.
const REPEATED: &str = "river_length(Nile)";
/// How many model calls were answered before the kill, and in all.
const ANSWERED_FIRST: usize = 2;
const CALLS: usize = 3;

/// What has been seen.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Proof {
    run_id: String,
    killed: Vec<i32>,
    #[serde(skip)]
    survivors: usize,
    work: Vec<Work>,
    effects: Vec<EffectView>,
    saved: Saved,
    result: Option<serde_json::Value>,
    #[serde(skip)]
    run: RunView,
}

/// What the ledger says of a step or a tool call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Work {
    what: String,
    begun: usize,
    done: usize,
    /// Under how many ids a model asked for it.
    ids: usize,
}

/// What was not sent and not done again.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
struct Saved {
    model_calls: usize,
    tokens: u64,
    cost_nano_usd: u64,
    /// What the calls took.
    call_seconds: f64,
    /// What the step before the agent took.
    step_seconds: f64,
}

/// The moment when everything was killed.
pub(super) struct Kill {
    /// What was killed.
    pub(super) processes: Vec<Process>,
    /// How many of them are gone.
    pub(super) gone: usize,
}

impl Proof {
    /// Puts together what was seen of the run; `step` is what its first step took.
    pub(super) fn of(
        (run, effects): (RunView, Vec<EffectView>),
        (ledger, kill): (&Ledger, &Kill),
        step: Duration,
    ) -> Self {
        let work = WORK.iter().map(|(work, _)| {
            let Noted { begun, done } = ledger.noted(work);
            Work { what: (*work).to_owned(), begun, done, ids: ledger.calls(work).len() }
        });
        Self {
            run_id: run.run_id.to_string(),
            killed: kill.processes.iter().map(|process| process.pid).collect(),
            survivors: kill.processes.len() - kill.gone,
            work: work.collect(),
            saved: Saved::of(&effects, step),
            effects,
            result: run.result.clone(),
            run,
        }
    }

    /// Whether everything that is about to be said is true.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.run_lies()
            .or_else(|| self.work.iter().zip(WORK).find_map(|(work, (_, expected))| work.lie(expected)))
            .or_else(|| self.effects_lie())
            .map_or(Ok(()), |lie| Err(untrue(&lie)))
    }

    fn run_lies(&self) -> Option<String> {
        if self.run.status != RunStatus::Completed {
            return Some(format!("the run ended `{}`, not `completed`", self.run.status.as_str()));
        }
        if self.survivors > 0 {
            return Some(format!("{} of the killed processes still live", self.survivors));
        }
        let answer = self.result.as_ref().and_then(serde_json::Value::as_str).unwrap_or("nothing");
        (answer != ANSWER).then(|| format!("the agent answered `{answer}`"))
    }

    fn effects_lie(&self) -> Option<String> {
        if self.effects.len() != CALLS {
            return Some(format!("there are {} model calls, not {CALLS}", self.effects.len()));
        }
        (1..).zip(&self.effects).find_map(|(number, effect)| effect_lies(number, effect))
    }

    /// The answer, the calls as a table, what was kept and what was not.
    pub(super) fn render(&self, palette: Palette) -> String {
        let answer = format!("  {} {}", palette.paint(Tone::Good, "✓"), palette.strong(ANSWER));
        let title =
            palette.strong("Its model calls, each sent once, as `mainspring runs effects` lists them:");
        let table = render::effects(&self.effects, &self.run, palette);
        let table: Vec<String> =
            table.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect();
        format!("{answer}\n\n{title}\n\n{}\n\n{}", table.join("\n"), self.balance(palette))
    }

    fn balance(&self, palette: Palette) -> String {
        let Saved { model_calls, tokens, cost_nano_usd, call_seconds, step_seconds } = self.saved;
        let seconds = |seconds: f64| time(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        let (calls, step) = (seconds(call_seconds), seconds(step_seconds));
        let cost = dollars(cost_nano_usd);
        let model = self.effects.first().map_or("", |effect| &effect.model);
        let rows = [
            (Tone::Good, "kept", format!("{model_calls} model calls: {tokens} tokens, {calls}, {cost}")),
            (Tone::Dim, "", format!("at the list price of {model}; here a script answered, for nothing")),
            (Tone::Good, "kept", format!("step gather: {step}")),
            (Tone::Warn, "repeated", format!("tool {REPEATED}")),
            (
                Tone::Dim,
                "",
                "inside the agent, so it runs with it: only calls that leave it are journaled".to_owned(),
            ),
        ];
        let row = |(tone, word, text): (Tone, &str, String)| {
            let text = if tone == Tone::Dim { palette.dim(&text) } else { text };
            format!("  {}  {text}\n", palette.paint(tone, &format!("{word:<8}")))
        };
        rows.map(row).concat()
    }
}

impl Work {
    fn lie(&self, expected: Noted) -> Option<String> {
        let Self { what, begun, done, ids } = self;
        if (Noted { begun: *begun, done: *done }) != expected {
            return Some(format!(
                "the ledger says that `{what}` began {begun}× and was done {done}×, not {}× and {}×",
                expected.begun, expected.done
            ));
        }
        // A model that is asked twice gives two ids.
        (*ids > 1).then(|| format!("`{what}` was asked for under {ids} ids"))
    }
}

impl Saved {
    fn of(effects: &[EffectView], step: Duration) -> Self {
        let saved: Vec<&EffectView> = effects.iter().filter(|effect| effect.replayed).collect();
        let took = |effect: &&EffectView| effect.settled_at.map(|at| at.since(effect.intended_at));
        Self {
            model_calls: saved.len(),
            tokens: saved.iter().map(|effect| effect.tokens.total_tokens).sum(),
            cost_nano_usd: saved.iter().map(|effect| effect.cost_nano_usd).sum(),
            call_seconds: saved.iter().filter_map(took).sum::<Duration>().as_secs_f64(),
            step_seconds: step.as_secs_f64(),
        }
    }
}

fn effect_lies(number: usize, effect: &EffectView) -> Option<String> {
    let expected = number <= ANSWERED_FIRST;
    match effect {
        EffectView { state, .. } if state != "committed" => Some(format!("model call {number} is {state}")),
        EffectView { tries, .. } if *tries != 1 => {
            Some(format!("model call {number} was sent {tries} times"))
        }
        EffectView { replayed, .. } if *replayed != expected => {
            let not = if expected { "not " } else { "" };
            Some(format!("model call {number} was {not}answered from the journal"))
        }
        EffectView { cost_nano_usd: 0, .. } => Some(format!("model call {number} has no price")),
        _ => None,
    }
}

/// An amount to a hundredth of a cent.
fn dollars(nano_usd: u64) -> String {
    let parts = nano_usd.div_ceil(100_000);
    format!("${}.{:04}", parts / 10_000, parts % 10_000)
}

fn untrue(what: &str) -> Problem {
    Problem::new(Code::ExecutionFailed, format!("the demo did not show what it promises: {what}"))
        .suggest("run it again; if it stays so, report it with the output of `mainspring doctor`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn proof() -> Proof {
        let effects = fixture::called();
        let effects = vec![effects[0].clone(), effects[0].clone(), effects[1].clone()];
        let work = WORK.map(|(work, noted)| Work {
            what: work.to_owned(),
            begun: noted.begun,
            done: noted.done,
            ids: usize::from(work.contains('(')),
        });
        let mut run = fixture::run(RunStatus::Completed);
        run.result = Some(ANSWER.into());
        Proof {
            run_id: run.run_id.to_string(),
            killed: vec![7, 8],
            survivors: 0,
            work: work.into(),
            saved: Saved::of(&effects, Duration::from_millis(1_040)),
            effects,
            result: run.result.clone(),
            run,
        }
    }

    #[test]
    fn what_is_true_is_shown() {
        let proof = proof();
        assert_eq!(proof.check(), Ok(()));
        insta::assert_snapshot!(proof.balance(Palette::Plain), @"
        kept      2 model calls: 384 tokens, 0.8 s, $0.0004
                  at the list price of gpt-4o-mini; here a script answered, for nothing
        kept      step gather: 1.0 s
        repeated  tool river_length(Nile)
                  inside the agent, so it runs with it: only calls that leave it are journaled
        ");
    }

    #[test]
    fn what_is_not_true_is_not_claimed() {
        let lies: [fn(&mut Proof); 8] = [
            |proof| proof.run.status = RunStatus::Failed,
            |proof| proof.survivors = 1,
            |proof| proof.result = Some("The Amazon is.".into()),
            |proof| proof.work[0].begun = 2,
            |proof| proof.work[1].ids = 2,
            |proof| proof.effects[0].tries = 2,
            |proof| proof.effects[1].replayed = false,
            |proof| proof.effects[2].state = "unknown".to_owned(),
        ];
        let told = lies.map(|lie| {
            let mut proof = proof();
            lie(&mut proof);
            let message = proof.check().expect_err("a false claim").message;
            message.strip_prefix("the demo did not show what it promises: ").expect("a reason").to_owned()
        });
        insta::assert_snapshot!(told.join("\n"), @"
        the run ended `failed`, not `completed`
        1 of the killed processes still live
        the agent answered `The Amazon is.`
        the ledger says that `gather` began 2× and was done 1×, not 1× and 1×
        `river_length(Nile)` was asked for under 2 ids
        model call 1 was sent 2 times
        model call 2 was not answered from the journal
        model call 3 is unknown
        ");
    }
}
