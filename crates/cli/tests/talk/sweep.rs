//! A run of ten steps whose server is killed with SIGKILL at every boundary of its journal.
//!
//! A boundary is an entry: the server is killed when the stream of entries has told it, or some milliseconds later,
//! and started again. Whoever is asked what became of a call looks into the ledger, as a person would.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt,
    io::{self, Write as _},
    ops::AddAssign,
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
use mainspring_types::{EffectId, RunId};
use serde_json::Value;

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
/// The numbers of the calls that write into the ledger, by tool.
const NOTED: [(&str, &[u32]); 3] =
    [("look", &[1, 2, 7, 11]), ("set", &[3, 5, 12, 14]), ("pay", &[4, 6, 8, 9, 13, 16, 17])];

/// How many boundaries CI takes.
const SAMPLE: u64 = 6;
/// What the sample is drawn with.
const SEED: u64 = 5;

/// Where the server is killed.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// When the entry of this number was seen.
    seq: u64,
    /// And so much later.
    delay: Duration,
}

#[test]
fn a_run_of_ten_steps_survives_the_death_of_its_server_at_every_boundary() {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let mut play = Play::new();
    let entries = runtime.block_on(play.unharmed());
    let begun = Instant::now();
    let mut tallies = [Tally::default(); 2];
    for point in points(entries) {
        let tally = &mut tallies[usize::from(!point.delay.is_zero())];
        *tally += runtime.block_on(play.killed(point));
    }
    let [at_once, later] = tallies;
    // Past the capture of the tests' output: the figures are the result.
    let _ = writeln!(
        io::stderr(),
        "{entries} entries; killed at once: {at_once}; killed later: {later}; {:.0?}",
        begun.elapsed()
    );
    play.close();
}

/// Every boundary at once and later, or a sample of them.
fn points(entries: u64) -> Vec<Point> {
    let later = |seq: u64| Point { seq, delay: Duration::from_millis(2 + seq * 7 % 97) };
    let at_once = |seq: u64| Point { seq, delay: Duration::ZERO };
    if env::var_os("MAINSPRING_FULL").is_some() {
        return (1..=entries).map(at_once).chain((1..=entries).map(later)).collect();
    }
    // Spread over the journal, each somewhere in its part of it.
    let drawn = |part: u64| 1 + (part * entries + (SEED * (part + 1) * 7919) % entries) / SAMPLE;
    (0..SAMPLE).map(|part| if part % 2 == 0 { later(drawn(part)) } else { at_once(drawn(part)) }).collect()
}

/// What came of points.
#[derive(Clone, Copy, Default)]
struct Tally {
    points: usize,
    /// Whose run had ended before the kill.
    too_late: usize,
    /// Tool calls under way at the kill.
    in_flight: usize,
    /// Of those, the ones whose effect was made twice under one key: pure and idempotent ones.
    repeated: usize,
    /// Gates about calls of which nobody knew the end, and how they were answered.
    gates: usize,
    answered: usize,
    /// Calls that a repeated attempt got from the journal.
    replayed: usize,
    /// Calls of the model that were sent again.
    sent_again: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.points += other.points;
        self.too_late += other.too_late;
        self.in_flight += other.in_flight;
        self.repeated += other.repeated;
        self.gates += other.gates;
        self.answered += other.answered;
        self.replayed += other.replayed;
        self.sent_again += other.sent_again;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, too_late, in_flight, repeated, gates, answered, replayed, sent_again } = self;
        write!(
            f,
            "{points} points ({too_late} after the end), {in_flight} tool calls under way, {repeated} effects "
        )?;
        write!(
            f,
            "repeated under their key, {gates} gates ({answered} answered from the ledger), {replayed} tool calls "
        )?;
        write!(f, "replayed, {sent_again} model calls sent again")
    }
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

    /// A run that nothing happens to; says how many entries it has.
    async fn unharmed(&mut self) -> u64 {
        let act = self.act().await;
        let (run, _) = self.to_its_end(&act).await;
        self.last_request =
            self.asked(&act).last().map(|last| act.in_common(last)).expect("the model was asked");
        let judged = self.judge(&act, &run).await;
        assert_eq!((judged.in_flight, judged.sent_again, run.attempts), (0, 0, 1), "{run:#?}");
        run.last_seq
    }

    /// A run with one point.
    async fn killed(&mut self, point: Point) -> Tally {
        let act = self.act().await;
        let reached = self.reach(&act, point).await;
        let (run, answers) = self.to_its_end(&act).await;
        let judged = self.judge(&act, &run).await;
        assert_eq!(answers.len(), judged.gates, "{point:?} {run:#?}");
        let answered = answers.into_iter().filter(|action| *action == Action::Answer).count();
        Tally { points: 1, too_late: usize::from(!reached), answered, ..judged }
    }

    /// Kills the server at the point, and starts it again; whether the run had not ended by then.
    async fn reach(&mut self, act: &Act, point: Point) -> bool {
        let mut entries = pin!(self.client.events(act.run, 0).await.expect("a stream"));
        let mut last = None;
        while let Some(Ok(entry)) = entries.next().await {
            let reached = entry.seq >= point.seq;
            last = Some(entry.kind);
            if reached {
                break;
            }
        }
        thread::sleep(point.delay);
        self.server.take().expect("it is started again after each kill").kill9();
        self.server = Some(self.scene.serve());
        last.is_some_and(|kind| kind != "run.completed")
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

    /// Checks all that is claimed of a run that was killed at most once.
    async fn judge(&self, act: &Act, run: &RunView) -> Tally {
        assert_eq!((run.status, run.error.as_ref()), (RunStatus::Completed, None), "{run:#?}");
        assert_eq!(said(run), ANSWER, "{run:#?}");
        let sent_again = self.judge_the_model(act, run).await;
        let journal = Journal::read(&events(&self.client, act.run).await);
        let repeated = journal.judge(&ledger(&act.workspace));
        let Journal { in_flight, gates, replayed, .. } = journal;
        Tally { in_flight: in_flight.len(), repeated, gates, replayed, sent_again, ..Tally::default() }
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
        assert!(sent_again <= run.attempts as usize - 1, "{models:#?}");
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
    let known = "try 1 of this call, which attempt 1 began, broke off before `pay` answered.";
    assert!(why.starts_with(known), "{gate:#?}");
}

/// What the journal says of tool calls.
#[derive(Default)]
struct Journal {
    calls: BTreeMap<EffectId, Call>,
    /// Calls that were under way when an attempt was lost.
    in_flight: BTreeSet<EffectId>,
    /// Gates that were opened.
    gates: usize,
    replayed: usize,
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
    fn read(entries: &[EventView]) -> Self {
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
                let calls = self.calls.iter().filter(|(_, call)| !call.is_committed);
                self.in_flight.extend(calls.map(|(effect, _)| *effect));
            }
            "gate.opened" => self.gates += 1,
            "tool.replayed" => self.replayed += 1,
            "tool.failed" | "tool.denied" => panic!("{entry:?}"),
            _ => {}
        }
    }

    /// Compares with what the tools wrote; says how many effects were repeated.
    fn judge(&self, ledger: &[String]) -> usize {
        assert_eq!(self.calls.len(), TOOL_CALLS);
        assert!(self.calls.values().all(|call| call.is_committed));
        let unrepeatable = |effect: &&EffectId| self.calls[effect].class == "irreversible";
        assert_eq!(self.gates, self.in_flight.iter().filter(unrepeatable).count(), "{ledger:#?}");
        let noted: Vec<String> = NOTED
            .iter()
            .flat_map(|(tool, numbers)| numbers.iter().map(move |n| format!("{tool} {n}")))
            .collect();
        let mut repeated = 0;
        for name in &noted {
            let (effect, call) =
                self.calls.iter().find(|(_, call)| call.name == *name).expect("every call was made");
            let lines: Vec<&str> =
                ledger.iter().filter_map(|line| line.strip_suffix(&format!(" {name}"))).collect();
            let keys: BTreeSet<&&str> = lines.iter().collect();
            assert_eq!(keys.len(), 1, "one key for {name}: {ledger:#?}");
            let most = if self.in_flight.contains(effect) && call.class != "irreversible" { 2 } else { 1 };
            assert!(lines.len() <= most, "{name} is in it more than {most} times: {ledger:#?}");
            repeated += lines.len() - 1;
        }
        let keys: BTreeSet<&str> = ledger.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(
            keys.len(),
            noted.len(),
            "each has a key of its own, and nothing else is in it: {ledger:#?}"
        );
        repeated
    }
}

impl Call {
    fn of(intended: &EventView) -> Self {
        let number =
            intended.data.get("arguments").map(|arguments| arguments["n"].clone()).unwrap_or(Value::Null);
        let name = format!("{} {number}", field(intended, "tool"));
        Self { name, class: field(intended, "class").to_owned(), is_committed: false }
    }
}
