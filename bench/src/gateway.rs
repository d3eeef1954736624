//! What a journaled model call costs: the gateway beside a bare proxy, in front of the same bare server.
//!
//! In the product's path: the HTTP of both sides, the reading of the request, its key and lineage, the intent and the
//! settlement with a commit and fsync each, quota, prices and budgets, the answer read and kept. Callers, upstream,
//! product and proxy are a process each; processor time is that of product and proxy alone.

use std::{path::Path, time::Duration};

use serde_json::json;

use crate::{
    Options,
    board::{Board, Column},
    contest::CONCURRENCIES,
    load::{Heard, Load, Talk, drive},
    peer::Peer,
    report::{Gate, Verdict, judge},
    scratch::scratch,
};

const COLUMNS: &[Column] = &[
    Column { key: "calls_per_s", title: "calls/s", decimals: 0 },
    Column { key: "cpu_ms_per_call", title: "CPU ms/call", decimals: 3 },
    Column { key: "added_p50_ms", title: "added p50 ms", decimals: 2 },
    Column { key: "added_p99_ms", title: "added p99 ms", decimals: 2 },
];

const PATH: &str =
    "HTTP both ways, key and lineage, intent and settlement with fsync, quota, prices, the answer kept";

/// The second table: conversations at this concurrency, so long.
const CONVERSATIONS: (usize, Talk) = (8, Talk::Conversations { turns: 20 });

/// Three peers of one round.
struct Peers {
    upstream: Peer,
    proxy: Peer,
    product: Peer,
}

impl Peers {
    fn start(folder: &Path) -> Self {
        let upstream = Peer::upstream();
        let proxy = Peer::proxy(&upstream);
        let product = Peer::product(folder, &settings(&upstream.door.url));
        Self { upstream, proxy, product }
    }
}

/// The settings of a product whose only provider is the server at `url`.
pub(crate) fn settings(url: &str) -> String {
    format!("[providers.bench]\nkind = \"openai\"\nbase_url = \"{url}\"\n")
}

/// Measures both in interleaved rounds and judges the gate.
pub(crate) fn run(options: Options) -> Verdict {
    let (mut questions, mut conversations) = (Board::new(COLUMNS), Board::new(COLUMNS));
    let length = Duration::from_secs_f64(options.seconds);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for _ in options.each_round() {
        let folder = scratch();
        let peers = Peers::start(folder.path());
        runtime.block_on(async {
            for concurrency in CONCURRENCIES {
                hold(&mut questions, &peers, (concurrency, Talk::Questions), length).await;
            }
            hold(&mut conversations, &peers, CONVERSATIONS, length).await;
        });
    }
    questions.show();
    eprintln!("\nconversations of 20 turns, each call with all before it");
    conversations.show();
    let gates = gates(&questions);
    let report = json!({
        "product": questions.medians("product"), "ceiling": questions.medians("ceiling"),
        "conversations": {
            "product": conversations.medians("product"), "ceiling": conversations.medians("ceiling"),
        },
        "gates": gates, "others": questions.others(), "path": PATH,
    });
    options.print(&report);
    judge(&gates, questions.others())
}

fn gates(board: &Board) -> Vec<Gate> {
    let cpu = |contender| board.median(contender, 64, "cpu_ms_per_call");
    vec![Gate::at_most("CPU per call of the proxy at 64", cpu("product") / cpu("ceiling"), 3.0)]
}

async fn hold(board: &mut Board, peers: &Peers, (concurrency, talk): (usize, Talk), length: Duration) {
    let alone = drive(&peers.upstream, concurrency, talk, length).await;
    for (name, peer) in [("product", &peers.product), ("ceiling", &peers.proxy)] {
        let load = drive(peer, concurrency, talk, length).await;
        board.add(name, load.point(concurrency, figures(&load, &alone)));
    }
}

fn figures(load: &Load, alone: &Load) -> Vec<f64> {
    let whole = |heard: &Heard| heard.whole;
    let added = |q| load.quantile_ms(whole, q) - alone.quantile_ms(whole, q);
    vec![load.calls_per_s(), load.cpu_ms_per_call(), added(0.50), added(0.99)]
}
