//! W4: live streams of a thousand tokens, journaled and resumable, beside a bare server of events.
//!
//! Each client reads a stream of its own to the end, which comes once the answer is durable, and asks for the next.
//! `product` has the model in process, from a script; `over upstream` has it behind a connection, the same bare server
//! that is the ceiling. At the end of each round one stream is asked for again and has to come from the journal.

use std::{fs, path::Path, time::Duration};

use serde_json::json;

use crate::{
    Options,
    board::{Board, Column},
    contest::CONCURRENCIES,
    gateway::settings,
    load::{Caller, EVENTS, Heard, Talk, drive},
    peer::Peer,
    report::{Gate, Verdict, judge},
    scratch::scratch,
};

const COLUMNS: &[Column] = &[
    Column { key: "events_per_s", title: "events/s", decimals: 0 },
    Column { key: "first_event_p50_ms", title: "first event p50 ms", decimals: 2 },
    Column { key: "cpu_us_per_event", title: "CPU us/event", decimals: 2 },
];

const PATH: &str =
    "HTTP, the stream read frame by frame, kept whole and durable before its last frames, resumable";

/// Measures all three in interleaved rounds and judges the gate.
pub(crate) fn run(options: Options) -> Verdict {
    let mut board = Board::new(COLUMNS);
    let length = Duration::from_secs_f64(options.seconds);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for _ in options.each_round() {
        let (scripted, wired) = (scratch(), scratch());
        let upstream = Peer::upstream();
        let over = Peer::product(wired.path(), &settings(&upstream.door.url));
        let product = Peer::product(scripted.path(), &script(scripted.path()));
        runtime.block_on(async {
            for concurrency in CONCURRENCIES {
                for (name, peer) in [("product", &product), ("over upstream", &over), ("ceiling", &upstream)]
                {
                    hold(&mut board, (name, peer), concurrency, length).await;
                }
            }
            for peer in [&product, &over] {
                let mut caller = Caller::connect(&peer.door.url, peer.door.tokens.clone()).await;
                assert!(caller.resumes().await, "a stream that is asked for again comes from the journal");
            }
        });
    }
    board.show();
    let gates =
        vec![Gate::at_least("events/s over 64 clients", board.median("product", 64, "events_per_s"), 1e5)];
    let report = json!({
        "product": board.medians("product"), "over_upstream": board.medians("over upstream"),
        "ceiling": board.medians("ceiling"), "gates": gates, "others": board.others(), "path": PATH,
    });
    options.print(&report);
    judge(&gates, board.others())
}

/// Settings whose only provider is a script in `folder`: the same word a thousand times, without a wait.
fn script(folder: &Path) -> String {
    let file = folder.join("model.yaml");
    let rule = format!("{{reply: {{text: \" word\", repeat: {EVENTS}}}}}");
    fs::write(&file, format!("version: 1\nrules: [{rule}]\n")).expect("the script is written");
    format!("[providers.bench]\nkind = \"scripted\"\nscript = \"{}\"\n", file.display())
}

async fn hold(board: &mut Board, (name, peer): (&'static str, &Peer), concurrency: usize, length: Duration) {
    let load = drive(peer, concurrency, Talk::Streams, length).await;
    let first = load.quantile_ms(|heard: &Heard| heard.first, 0.50);
    let figures = vec![load.events_per_s(), first, load.cpu_us_per_event()];
    board.add(name, load.point(concurrency, figures));
}
