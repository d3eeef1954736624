//! A conversation of two turns with a question, approvals and a sub-agent, whose server is killed with SIGKILL at every
//! boundary of its journal while a person answers what is asked.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
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
    event::EventView,
    gate::{Action, AnswerGate, GateKind, GateView, ListGates},
    run::{CreateRun, RunStatus, RunView},
    session::AddMessage,
};
use mainspring_testkit::upstream::Outcome;
use mainspring_types::{Code, Problem, RunId};

use crate::{
    harness::{PATIENCE, Server, ended, events},
    scene::{Scene, answer, begin, field, ledger, of_kind, said, talk},
};

const DEFINITION: &str = "
toolsets: [task, ask_user]
tools:
  - {name: look, description: Looks., run: [./program, look], effect: pure, parameters: &n {type: object, properties: {n: {type: integer}}}}
  - {name: pay, description: Pays., run: [./program, pay], effect: irreversible, parameters: *n}
approvals: {pay: ask}
agents:
  hand: {description: Works., instructions: You work., tools: [look, pay]}
";

/// Writes down what it does, and takes its time after.
const PROGRAM: &str = r#"#!/bin/sh
read -r call
n=${call##*:}
n=${n%\}}
echo "$MAINSPRING_IDEMPOTENCY_KEY $1 $n" >> "$MAINSPRING_WORKSPACE/ledger"
sleep 0.05
printf '%s %s is done' "$1" "$n"
"#;

/// How many boundaries CI takes.
const SAMPLE: u64 = 4;

/// How often a person looks.
const LOOK: Duration = Duration::from_millis(15);

#[test]
fn a_conversation_with_people_and_a_sub_agent_survives_the_death_of_its_server_at_every_boundary() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    let mut play = Play::new();
    let entries = runtime.block_on(play.unharmed());
    let begun = Instant::now();
    let full = env::var_os("MAINSPRING_FULL").is_some();
    let points: Vec<u64> = if full {
        (1..=entries).collect()
    } else {
        (0..SAMPLE).map(|part| 3 + part * (entries - 3) / SAMPLE).collect()
    };
    let mut unknown = 0;
    for seq in &points {
        unknown += runtime.block_on(play.killed(*seq));
    }
    // Past the capture of the tests' output: the figures are the result.
    let _ = writeln!(
        io::stderr(),
        "{entries} entries; {} points, {unknown} calls of which somebody was asked; {:.0?}",
        points.len(),
        begun.elapsed()
    );
    assert!(play.server.into_inner().expect("it runs").terminate().success());
    play.scene.stage.assert_nothing_left();
}

/// One server after the other over one data folder, and a run for each point.
struct Play {
    scene: Scene,
    agent: PathBuf,
    server: RefCell<Option<Server>>,
    client: Client,
    runs: u32,
    /// What came of the run that nothing happened to.
    unharmed: Option<Course>,
}

/// One run and where its tools work.
struct Act {
    plan: String,
    workspace: PathBuf,
    run: RunId,
}

/// What has to be the same whatever happened.
#[derive(PartialEq, Eq, Debug)]
struct Course {
    said: Vec<String>,
    /// Tokens of the run and of its sub-agent's.
    tokens: [u64; 2],
    /// How often what was asked; calls of which nobody knew left out.
    gates: BTreeMap<String, usize>,
    /// What the models were asked.
    requests: BTreeSet<String>,
    /// What was paid.
    paid: Vec<String>,
}

impl Play {
    fn new() -> Self {
        let scene = Scene::new(include_str!("errand.yaml"));
        let agent = scene.agent("errand", DEFINITION, PROGRAM);
        let server = RefCell::new(Some(scene.serve()));
        let client = scene.stage.client();
        Self { scene, agent, server, client, runs: 0, unharmed: None }
    }

    async fn act(&mut self) -> Act {
        self.runs += 1;
        let plan = format!("Plan {:04}", self.runs);
        let workspace = self.scene.workspace(&self.runs.to_string());
        let request = CreateRun { conversation: Some(true), ..talk(&self.agent, &plan, &workspace) };
        let run = begin(&self.client, &request).await;
        Act { plan, workspace, run }
    }

    /// A run that nothing happens to; says how many entries it has.
    async fn unharmed(&mut self) -> u64 {
        let act = self.act().await;
        self.attend(&act).await;
        let course = self.course(&act).await;
        let asked =
            [("approval", 3), ("input", 2), ("question", 1)].map(|(kind, times)| (kind.to_owned(), times));
        assert_eq!((&course.gates, course.tokens), (&asked.into(), [1_565, 1_333]));
        assert_eq!((&course.paid[..], course.requests.len()), (&["2", "4", "5"].map(str::to_owned)[..], 7));
        self.unharmed = Some(course);
        self.client.run(act.run).await.expect("known").last_seq
    }

    /// A run whose server is killed when the entry of that number was seen; says of how many calls somebody was asked.
    async fn killed(&mut self, seq: u64) -> usize {
        let act = self.act().await;
        tokio::join!(self.attend(&act), self.kill_at(&act, seq));
        let course = self.course(&act).await;
        assert_eq!(Some(&course), self.unharmed.as_ref(), "killed at {seq}");
        self.judge_doubts(&act).await
    }

    async fn kill_at(&self, act: &Act, seq: u64) {
        let mut entries = pin!(self.client.events(act.run, 0).await.expect("a stream"));
        while let Some(Ok(entry)) = entries.next().await {
            if entry.seq >= seq {
                break;
            }
        }
        thread::sleep(Duration::from_millis(seq * 7 % 60));
        self.server.borrow_mut().take().expect("it is started again after each kill").kill9();
        *self.server.borrow_mut() = Some(self.scene.serve());
    }

    /// Looks again and again at what is asked, and answers it, until the run has ended.
    async fn attend(&self, act: &Act) {
        let begun = Instant::now();
        while !self.look(act).await.unwrap_or_else(|problem| unreached(&problem)) {
            assert!(begun.elapsed() < PATIENCE, "{:#?}", self.client.run(act.run).await);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether the run has ended.
    async fn look(&self, act: &Act) -> Result<bool, Problem> {
        for gate in self.client.list_gates(&ListGates::default()).await?.items {
            self.answer(act, &gate).await?;
        }
        Ok(self.client.run(act.run).await?.status.is_ended())
    }

    async fn answer(&self, act: &Act, gate: &GateView) -> Result<(), Problem> {
        let given = match gate.kind {
            GateKind::Approval => answer(Action::Approve, None),
            GateKind::Question => answer(Action::Answer, Some("Five.")),
            GateKind::Unknown => what_the_ledger_says(act, gate),
            GateKind::Input => return self.go_on(act).await,
        };
        match self.client.answer_gate(gate.gate_id, &given).await {
            // The answer to it was lost with the server.
            Err(problem) if problem.code == Code::GateSettled => Ok(()),
            answered => answered.map(drop),
        }
    }

    /// Says the second message, and after its turn that there is no third.
    async fn go_on(&self, act: &Act) -> Result<(), Problem> {
        let session = self.client.run(act.run).await?.session.expect("it has one");
        if self.client.session(session).await?.turns == 1 {
            let message = AddMessage { text: "Go on.".into(), images: Vec::new() };
            return self.client.message_run(act.run, &message).await.map(drop);
        }
        self.client.done(act.run).await.map(drop)
    }

    async fn course(&self, act: &Act) -> Course {
        let (run, child) = self.runs(act).await;
        let mut gates = BTreeMap::new();
        for run in [act.run, child.run_id] {
            for kind in self.settled_once(run).await {
                *gates.entry(kind).or_default() += 1;
            }
        }
        gates.remove("unknown");
        let turns = of_kind(&self.client, act.run, "turn.ended").await;
        let said = turns
            .iter()
            .chain(&of_kind(&self.client, child.run_id, "turn.ended").await)
            .map(|turn| field(turn, "text").to_owned())
            .collect();
        let mut paid: Vec<String> = ledger(&act.workspace)
            .iter()
            .filter_map(|line| Some(line.split_once(" pay ")?.1.to_owned()))
            .collect();
        paid.sort();
        Course {
            said,
            tokens: [run, child].map(|run| run.usage.total_tokens),
            gates,
            requests: self.requests(act),
            paid,
        }
    }

    /// The run and the only one that it started, both completed.
    async fn runs(&self, act: &Act) -> (RunView, RunView) {
        let run = self.client.run(act.run).await.expect("known");
        let started = of_kind(&self.client, act.run, "child.started").await;
        let [child] = &started[..] else { panic!("one child: {started:#?}") };
        let child = ended(&self.client, field(child, "run_id").parse().expect("an id")).await;
        assert_eq!(
            (run.status, child.status),
            (RunStatus::Completed, RunStatus::Completed),
            "{run:#?}{child:#?}"
        );
        assert_eq!(said(&run), "All of it is done, pay 5 is done.");
        (run, child)
    }

    /// The kind of every gate of the run; each was opened once, and settled once.
    async fn settled_once(&self, run: RunId) -> Vec<String> {
        let entries = events(&self.client, run).await;
        let ids = |kind: &str| -> Vec<&str> {
            let mut ids: Vec<_> = entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .map(|entry| field(entry, "gate_id"))
                .collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(ids("gate.opened"), ids("gate.settled"), "{entries:#?}");
        let opened: BTreeMap<String, String> = entries
            .iter()
            .filter(|entry| entry.kind == "gate.opened")
            .map(|entry| (field(entry, "gate_id").to_owned(), field(entry, "kind").to_owned()))
            .collect();
        assert_eq!(opened.len(), ids("gate.opened").len(), "{entries:#?}");
        opened.into_values().collect()
    }

    /// What came at the model for this run and its sub-agent's, as every run has it.
    fn requests(&self, act: &Act) -> BTreeSet<String> {
        let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
        let log = self
            .scene
            .upstream
            .wait_until(PATIENCE, |log| log.iter().all(|entry| entry.outcome != Outcome::Pending));
        let ours = log.iter().map(|entry| text(&entry.body)).filter(|body| body.contains(&act.plan));
        ours.map(|body| body.replace(&act.plan, "Plan")).collect()
    }

    /// As many calls were doubted as were cut off that may not be repeated.
    async fn judge_doubts(&self, act: &Act) -> usize {
        let (_, child) = self.runs(act).await;
        let mut doubts = 0;
        for run in [act.run, child.run_id] {
            let entries = events(&self.client, run).await;
            let is_doubt =
                |entry: &&EventView| entry.kind == "gate.opened" && field(entry, "kind") == "unknown";
            let is_cut = |entry: &&EventView| entry.kind == "tool.unknown";
            assert_eq!(
                entries.iter().filter(is_doubt).count(),
                entries.iter().filter(is_cut).count(),
                "{entries:#?}"
            );
            doubts += entries.iter().filter(is_doubt).count();
        }
        doubts
    }
}

/// What a person answers who has looked into the ledger.
fn what_the_ledger_says(act: &Act, gate: &GateView) -> AnswerGate {
    let call = format!("pay {}", gate.arguments.as_ref().expect("of the call")["n"]);
    let is_done = ledger(&act.workspace).iter().any(|line| line.ends_with(&format!(" {call}")));
    if is_done {
        answer(Action::Answer, Some(&format!("{call} is done")))
    } else {
        answer(Action::Approve, None)
    }
}

/// A person whose server is gone looks again.
fn unreached(problem: &Problem) -> bool {
    assert_eq!(problem.code, Code::Unreachable, "{problem:?}");
    false
}
