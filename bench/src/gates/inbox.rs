//! Sessions that wait, and the gates that they wait at.

use std::{collections::HashMap, path::Path, time::Duration};

use futures_util::{StreamExt as _, stream};
use mainspring_api::{
    client::Client,
    gate::{GateKind, ListGates},
    run::{ListRuns, RunStatus},
};
use mainspring_types::{GateId, RunId};
use tokio::time::sleep;

use crate::agents::request;

/// What sessions wait for, by turns.
const WORDS: [&str; 3] = ["approval", "question", "input"];

/// How many are begun at once.
const CLIENTS: usize = 16;

/// How often it is looked whether all of them wait.
const LOOK: Duration = Duration::from_millis(50);

/// As many as a page can hold.
const PAGE: u32 = 200;

/// One session that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) number: usize,
    pub(super) run: RunId,
    pub(super) gate: GateId,
    pub(super) kind: GateKind,
}

/// Begins so many sessions and returns once all of them are parked.
pub(super) async fn fill(client: &Client, folder: &Path, sessions: usize) -> Vec<Waiting> {
    let begin = |number: usize| async move {
        let request = request(folder, (WORDS[number % WORDS.len()], number));
        (client.create_run(&request, None).await.expect("accepted").run_id, number)
    };
    let numbers: HashMap<_, _> =
        stream::iter(0..sessions).map(begin).buffer_unordered(CLIENTS).collect().await;
    while waiting(client).await < sessions {
        sleep(LOOK).await;
    }
    open_gates(client, &numbers).await
}

/// How many runs wait.
async fn waiting(client: &Client) -> usize {
    let status = Some(RunStatus::Waiting.as_str().to_owned());
    let (mut count, mut list) = (0, ListRuns { status, limit: Some(PAGE), cursor: None });
    loop {
        let page = client.list_runs(&list).await.expect("a page");
        count += page.items.len();
        match page.next_cursor {
            Some(cursor) => list.cursor = Some(cursor),
            None => return count,
        }
    }
}

async fn open_gates(client: &Client, numbers: &HashMap<RunId, usize>) -> Vec<Waiting> {
    let (mut gates, mut list) = (Vec::new(), ListGates { limit: Some(PAGE), ..ListGates::default() });
    loop {
        let page = client.list_gates(&list).await.expect("a page");
        let waiting = page.items.iter().map(|gate| {
            let (number, run) = (numbers[&gate.run_id], gate.run_id);
            Waiting { number, run, gate: gate.gate_id, kind: gate.kind }
        });
        gates.extend(waiting);
        match page.next_cursor {
            Some(cursor) => list.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(gates.len(), numbers.len(), "every session waits at one gate");
    gates.sort_unstable_by_key(|waiting| waiting.number);
    gates
}
