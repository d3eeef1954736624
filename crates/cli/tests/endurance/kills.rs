//! The server is killed again and again while runs are unfinished; every accepted run is completed, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::Path,
    thread,
    time::Duration,
};

use mainspring_api::{
    client::Client,
    run::{ListRuns, RunStatus, RunView},
};
use mainspring_types::{RunId, Timestamp};
use tokio::{runtime::Runtime, time::sleep};

use crate::harness::{PATIENCE, Server, Stage, events, request, wait_until};

const SEED: u64 = 3;
/// As `serve` is started by the harness.
const SLOTS: usize = 2;
/// Runs that are submitted ahead of the work, so that some are unfinished at every kill.
const AHEAD: usize = 6;
const PAUSE_MAX: Duration = Duration::from_millis(25);
const KILL_AFTER_MAX: Duration = Duration::from_millis(60);

/// Notes the run and its attempt, and works for 50 ms.
const WORK: &str = r#"#!/bin/sh
echo "$MAINSPRING_RUN_ID $MAINSPRING_ATTEMPT" >> "$STAGE/ledger"
sleep 0.05
echo '"done"'
"#;

/// How much is done: what issue 3 names, and three times that in the long form.
struct Size {
    runs: usize,
    kills: usize,
}

impl Size {
    fn here() -> Self {
        let times = if env::var_os("MAINSPRING_FULL").is_some() { 3 } else { 1 };
        Self { runs: 200 * times, kills: 20 * times }
    }
}

#[test]
fn every_accepted_run_is_completed_once_whenever_the_server_is_killed() {
    let (stage, size) = (Stage::new(), Size::here());
    let agent = stage.agent("worker", "steps: [{id: work, run: [./program]}]\n", WORK);
    let server = stage.serve();
    let runtime = Runtime::new().expect("starts");
    let client = stage.client();
    let (accepted, (server, kills)) = thread::scope(|scope| {
        let killer = scope.spawn(|| kill_again_and_again(&stage, server, &size));
        let accepted = runtime.block_on(submit(&stage, &client, &agent, size.runs));
        (accepted, killer.join().expect("every restart answers"))
    });
    runtime.block_on(async {
        let runs = settled(&client, &accepted).await;
        check_runs(&runs, &kills);
        check_listed(&client, &accepted).await;
        check_keys(&client, &agent, &accepted).await;
        check_events(&client, &accepted).await;
        check_ledger(&stage, &runs, kills.len());
    });
    assert!(server.terminate().success());
    stage.assert_nothing_left();
}

/// Submits runs one after the other, each until the server has said 202.
async fn submit(stage: &Stage, client: &Client, agent: &Path, runs: usize) -> Vec<RunId> {
    let (mut luck, mut accepted) = (Luck(SEED), Vec::new());
    while accepted.len() < runs {
        if accepted.len() >= begun(stage) + AHEAD {
            sleep(Duration::from_millis(5)).await;
            continue;
        }
        accepted.push(accept(client, agent, accepted.len()).await);
        sleep(luck.time(PAUSE_MAX)).await;
    }
    accepted
}

async fn accept(client: &Client, agent: &Path, number: usize) -> RunId {
    let key = format!("run-{number}");
    let accepted = async {
        loop {
            match client.create_run(&request(agent), Some(&key)).await {
                Ok(run) => return run.run_id,
                Err(problems) => assert_eq!(problems[0].code.as_str(), "E1507", "{problems:?}"),
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, accepted).await.expect("the server comes back")
}

/// Kills the server at points spread over the whole work, and says when.
fn kill_again_and_again(stage: &Stage, mut server: Server, size: &Size) -> (Server, Vec<Timestamp>) {
    let (mut luck, mut kills) = (Luck(SEED + 1), Vec::new());
    for number in 1..=size.kills {
        let point = number * (size.runs - AHEAD) / (size.kills + 1);
        wait_until("more work to have begun", || begun(stage) >= point);
        thread::sleep(luck.time(KILL_AFTER_MAX));
        kills.push(Timestamp::now());
        server.kill9();
        server = stage.serve();
    }
    (server, kills)
}

/// How many runs have begun, as the agents say.
fn begun(stage: &Stage) -> usize {
    stage.ledger().iter().filter_map(|line| line.split(' ').next()).collect::<BTreeSet<_>>().len()
}

/// The runs once all have ended.
async fn settled(client: &Client, accepted: &[RunId]) -> Vec<RunView> {
    let mut runs = Vec::new();
    for run in accepted {
        runs.push(crate::harness::ended(client, *run).await);
    }
    runs
}

fn check_runs(runs: &[RunView], kills: &[Timestamp]) {
    for run in runs {
        assert_eq!((run.status, run.error.as_ref()), (RunStatus::Completed, None), "{run:?}");
    }
    for kill in kills {
        let open = |run: &&RunView| run.created_at <= *kill && run.ended_at.is_some_and(|end| end > *kill);
        assert!(runs.iter().any(|run| open(&run)), "no run was unfinished at {kill}");
    }
}

/// One run a key, and no run beside them.
async fn check_listed(client: &Client, accepted: &[RunId]) {
    let mut listed = Vec::new();
    let mut list = ListRuns { limit: Some(50), ..ListRuns::default() };
    loop {
        let page = client.list_runs(&list).await.expect("a page");
        listed.extend(page.items.iter().map(|run| run.run_id));
        list.cursor = page.next_cursor;
        if list.cursor.is_none() {
            break;
        }
    }
    let unique: BTreeSet<_> = accepted.iter().copied().collect();
    assert_eq!((unique.len(), listed.len()), (accepted.len(), accepted.len()));
    assert_eq!(unique, listed.into_iter().collect());
}

/// Every key still means its run, and makes no other.
async fn check_keys(client: &Client, agent: &Path, accepted: &[RunId]) {
    for (number, run) in accepted.iter().enumerate() {
        assert_eq!(accept(client, agent, number).await, *run);
    }
}

/// Numbered 1 to n, with the one terminal event at the end.
async fn check_events(client: &Client, accepted: &[RunId]) {
    for run in accepted {
        let events = events(client, *run).await;
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
        let last: Vec<_> = events.iter().filter(|event| event.is_last()).map(|event| event.seq).collect();
        assert_eq!(last, [events.len() as u64], "{events:?}");
    }
}

/// Every run was worked on, and repeated only as often as the kills explain.
fn check_ledger(stage: &Stage, runs: &[RunView], kills: usize) {
    let mut begun: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for line in stage.ledger() {
        let (run, attempt) = line.split_once(' ').expect("two words");
        begun.entry(run.to_owned()).or_default().push(attempt.parse().expect("a number"));
    }
    assert_eq!(begun.len(), runs.len());
    for run in runs {
        let attempts = &begun[&run.run_id.to_string()];
        assert!(attempts.is_sorted_by(|one, next| one < next), "an attempt ran twice: {attempts:?}");
        assert!(attempts.iter().all(|attempt| (1..=run.attempts).contains(attempt)), "{attempts:?} {run:?}");
        assert!(run.attempts as usize <= 1 + kills, "{run:?}");
    }
    let attempts: usize = runs.iter().map(|run| run.attempts as usize).sum();
    assert!(attempts > runs.len(), "no kill hit an attempt");
    assert!(attempts <= runs.len() + SLOTS * kills, "{attempts} attempts of {} runs", runs.len());
}

/// Numbers that look random and are the same every time (splitmix64).
struct Luck(u64);

impl Luck {
    fn time(&mut self, max: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let micros = u64::try_from(max.as_micros()).expect("short");
        Duration::from_micros((mixed ^ (mixed >> 31)) % (micros + 1))
    }
}
