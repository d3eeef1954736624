//! A run of ten steps whose server is killed with SIGKILL at every boundary of its journal.
//!
//! A boundary is an entry: the server is killed when the stream of entries has told it, or some milliseconds later, or
//! then and once more while the run is being taken up, and started again. Whoever is asked what became of a call looks into the ledger, as a person would.

mod journal;
mod tally;

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write as _},
    path::PathBuf,
    pin::pin,
    thread,
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use mainspring_api::{
    client::Client,
    effect::{EffectView, ListEffects},
    event::EventView,
    gate::{Action, GateKind, GateView, ListGates},
    run::{RunStatus, RunView},
};
use mainspring_testkit::upstream::{Logged, Outcome};
use mainspring_types::RunId;

use self::{journal::Journal, tally::Tally};
use crate::{
    harness::{PATIENCE, Server, events},
    scene::{Scene, answer, begin, field, ledger, said, talk},
};

/// Three tools of one program, one of each class that matters.
const DEFINITION: &str = "
toolsets: [file_system]
tools:
  - {name: look, description: Looks., run: [./program, look], effect: pure, parameters: &n {type: object, properties: {n: {type: integer}}}}
  - {name: set, description: Sets., run: [./program, set], effect: idempotent, parameters: *n}
  - {name: pay, description: Pays., run: [./program, pay], effect: irreversible, parameters: *n}
";

/// Writes down what it does, and takes its time before and after.
const PROGRAM: &str = r#"#!/bin/sh
read -r call
n=${call##*:}
n=${n%\}}
sleep 0.01
echo "$MAINSPRING_IDEMPOTENCY_KEY $1 $n" >> "$MAINSPRING_WORKSPACE/ledger"
sleep 0.06
printf '%s %s is done' "$1" "$n"
"#;

const ANSWER: &str = "All of it is done. The last was pay 17 is done.";
/// Input and output of the eleven calls of the model.
const TOKENS: u64 = 6_600 + 176;
const MODEL_CALLS: usize = 11;
const TOOL_CALLS: usize = 17;
/// How many boundaries CI takes for each kind of kill, and what they are drawn with.
const SAMPLE: usize = 2;
const SEED: usize = 5;

/// How many entries a run that was taken up gets before its server is killed a second time.
const SECOND_AFTER: u64 = 4;

/// How the server is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kill {
    /// When the entry was seen.
    AtOnce,
    /// Some milliseconds later.
    Later,
    /// When the entry was seen, and again soon after its start.
    Twice,
}

const KILLS: [Kill; 3] = [Kill::AtOnce, Kill::Later, Kill::Twice];

#[test]
fn a_run_of_ten_steps_survives_the_death_of_its_server_at_every_boundary() {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let mut play = Play::new();
    let entries = runtime.block_on(play.unharmed());
    for kill in KILLS {
        let (begun, mut tally) = (Instant::now(), Tally::default());
        for seq in points(&entries, kill) {
            tally += runtime.block_on(play.killed(seq, kill));
        }
        // Past the capture of the tests' output: the figures are the result.
        let took = begun.elapsed();
        let _ = writeln!(io::stderr(), "{} entries, killed {kill:?}: {tally}; {took:.0?}", entries.len());
    }
    play.close();
}

/// Every boundary, or a sample of those at which something was just begun.
fn points(entries: &[EventView], kill: Kill) -> Vec<u64> {
    if env::var_os("MAINSPRING_FULL").is_some() {
        return entries.iter().map(|entry| entry.seq).collect();
    }
    let begun: Vec<u64> =
        entries.iter().filter(|entry| entry.kind.ends_with(".intended")).map(|entry| entry.seq).collect();
    let part = begun.len() / SAMPLE;
    let drawn = |number: usize| begun[number * part + (SEED + number) * (kill as usize + 7) % part];
    (0..SAMPLE).map(drawn).collect()
}

/// One server after the other over one data folder, and a run for each point.
struct Play {
    scene: Scene,
    agent: PathBuf,
    server: Option<Server>,
    client: Client,
    runs: u32,
    /// The last request of the run that nothing happened to.
    last_request: String,
}

/// One run and where its tools work.
struct Act {
    prompt: String,
    workspace: PathBuf,
    run: RunId,
}

impl Play {
    fn new() -> Self {
        let scene = Scene::new(include_str!("ten.yaml"));
        let agent = scene.agent("ten", DEFINITION, PROGRAM);
        let server = Some(scene.serve());
        let client = scene.stage.client();
        Self { scene, agent, server, client, runs: 0, last_request: String::new() }
    }

    async fn act(&mut self) -> Act {
        self.runs += 1;
        let prompt = format!("Carry out plan {:04}.", self.runs);
        let workspace = self.scene.workspace(&self.runs.to_string());
        let run = begin(&self.client, &talk(&self.agent, &prompt, &workspace)).await;
        Act { prompt, workspace, run }
    }

    /// A run that nothing happens to; its entries.
    async fn unharmed(&mut self) -> Vec<EventView> {
        let act = self.act().await;
        let (run, _) = self.to_its_end(&act).await;
        self.last_request =
            self.asked(&act).last().map(|last| act.in_common(last)).expect("the model was asked");
        let judged = self.judge(&act, &run).await;
        assert_eq!((judged.in_flight, judged.sent_again, run.attempts), (0, 0, 1), "{run:#?}");
        events(&self.client, act.run).await
    }

    /// A run whose server is killed at that entry.
    async fn killed(&mut self, seq: u64, kill: Kill) -> Tally {
        let act = self.act().await;
        let in_time = self.reach(&act, seq).await;
        if kill == Kill::Later {
            thread::sleep(Duration::from_millis(2 + seq * 7 % 97));
        }
        self.restart();
        if kill == Kill::Twice {
            let seen = self.client.run(act.run).await.expect("known").last_seq;
            self.reach(&act, seen + SECOND_AFTER).await;
            self.restart();
        }
        let (run, answers) = self.to_its_end(&act).await;
        let judged = self.judge(&act, &run).await;
        assert_eq!(answers.len(), judged.gates, "{seq} {kill:?} {run:#?}");
        let answered = answers.into_iter().filter(|action| *action == Action::Answer).count();
        Tally { points: 1, too_late: usize::from(!in_time), answered, ..judged }
    }

    fn restart(&mut self) {
        self.server.take().expect("it is started again after each kill").kill9();
        self.server = Some(self.scene.serve());
    }

    /// Waits until the entry of that number was seen, or the run waits for somebody; whether it has not ended by then.
    async fn reach(&mut self, act: &Act, seq: u64) -> bool {
        let mut entries = pin!(self.client.events(act.run, 0).await.expect("a stream"));
        while let Some(Ok(entry)) = entries.next().await {
            if entry.kind == "run.completed" {
                return false;
            }
            if entry.seq >= seq || field(&entry, "end") == "parked" {
                break;
            }
        }
        true
    }

    /// Follows the run to its end, and answers what is asked on the way from what the ledger has.
    async fn to_its_end(&self, act: &Act) -> (RunView, Vec<Action>) {
        let mut entries = pin!(self.client.follow(act.run, 0, PATIENCE));
        let mut answers = Vec::new();
        while let Some(entry) = entries.next().await {
            if entry.expect("the server comes back").kind == "gate.opened" {
                answers.extend(self.look_and_answer(act).await);
            }
        }
        (self.client.run(act.run).await.expect("known"), answers)
    }

    async fn look_and_answer(&self, act: &Act) -> Vec<Action> {
        let open = ListGates { run: Some(act.run), ..ListGates::default() };
        let mut answers = Vec::new();
        for gate in self.client.list_gates(&open).await.expect("a page").items {
            assert_evidence(&gate);
            let call = format!("pay {}", gate.arguments.as_ref().expect("of the call")["n"]);
            let is_done = ledger(&act.workspace).iter().any(|line| line.ends_with(&format!(" {call}")));
            let action = if is_done { Action::Answer } else { Action::Approve };
            let message = is_done.then(|| format!("{call} is done"));
            self.client
                .answer_gate(gate.gate_id, &answer(action, message.as_deref()))
                .await
                .expect("it is open");
            answers.push(action);
        }
        answers
    }

    /// What came at the model for this run, once nothing of it is on its way.
    fn asked(&self, act: &Act) -> Vec<Logged> {
        let is_pending = |entry: &Logged| act.is_of(entry) && entry.outcome == Outcome::Pending;
        let log = self.scene.upstream.wait_until(PATIENCE, |log| !log.iter().any(is_pending));
        log.into_iter().filter(|entry| act.is_of(entry)).collect()
    }

    /// Checks all that is claimed.
    async fn judge(&self, act: &Act, run: &RunView) -> Tally {
        assert_eq!((run.status, run.error.as_ref()), (RunStatus::Completed, None), "{run:#?}");
        assert_eq!(said(run), ANSWER, "{run:#?}");
        let sent_again = self.judge_the_model(act, run).await;
        let journal = Journal::read(&events(&self.client, act.run).await);
        let repeated = journal.judge(&ledger(&act.workspace));
        let (in_flight, gates, replayed) = (journal.in_flight(), journal.gates, journal.replayed);
        Tally { in_flight, repeated, gates, replayed, sent_again, ..Tally::default() }
    }

    /// Usage is exact, every request was answered once, and the model was told the same as without a death.
    async fn judge_the_model(&self, act: &Act, run: &RunView) -> usize {
        let page = ListEffects { limit: Some(200), ..ListEffects::default() };
        let effects = self.client.effects(act.run, &page).await.expect("a page").items;
        let (tools, models): (Vec<_>, Vec<EffectView>) =
            effects.into_iter().partition(|effect| effect.route == "tool");
        assert!(
            tools.iter().chain(&models).all(|effect| effect.state == "committed"),
            "{models:#?} {tools:#?}"
        );
        assert_eq!((tools.len(), models.len()), (TOOL_CALLS, MODEL_CALLS));
        let settled: u64 = models.iter().map(|effect| effect.tokens.total_tokens).sum();
        assert_eq!((settled, run.usage.total_tokens), (TOKENS, TOKENS), "{run:#?}");
        let sent_again: usize = models.iter().map(|effect| effect.tries as usize - 1).sum();
        assert!(sent_again < run.attempts as usize, "{models:#?}");
        assert!(models.iter().all(|effect| (effect.tries > 1) == (effect.held_tokens > 0)), "{models:#?}");

        let asked = self.asked(act);
        let different: BTreeSet<String> = asked.iter().map(|entry| act.in_common(entry)).collect();
        assert_eq!(different.len(), MODEL_CALLS);
        // The server may have died between the intent and the sending.
        assert!((MODEL_CALLS..=MODEL_CALLS + sent_again).contains(&asked.len()), "{asked:#?}");
        assert_eq!(asked.last().map(|last| act.in_common(last)).as_ref(), Some(&self.last_request));
        sent_again
    }

    fn close(mut self) {
        assert!(self.server.take().expect("it runs").terminate().success());
        self.scene.stage.assert_nothing_left();
    }
}

impl Act {
    fn is_of(&self, entry: &Logged) -> bool {
        String::from_utf8_lossy(&entry.body).contains(&self.prompt)
    }

    /// A request as every run sends it.
    fn in_common(&self, entry: &Logged) -> String {
        String::from_utf8_lossy(&entry.body).replace(&self.prompt, "Carry it out.")
    }
}

/// A gate about a call that broke off tells which, and what is known.
fn assert_evidence(gate: &GateView) {
    assert_eq!((gate.kind, gate.tool.as_deref()), (GateKind::Unknown, Some("pay")), "{gate:#?}");
    assert!(gate.effect_id.is_some(), "{gate:#?}");
    let why = gate.why.as_deref().unwrap_or_default();
    assert!(why.starts_with("try ") && why.contains(" broke off before `pay` answered."), "{gate:#?}");
}
