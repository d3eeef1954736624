//! The traffic of the clients, kept for tests that have no Python: see `crates/boundary/src/request/cases/recorded.rs`.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use serde_json::json;

use crate::heard::Heard;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../boundary/src/request/cases/recorded");

/// Compares what the client sent with what is kept; `cargo xtask bless` keeps it instead.
pub(crate) fn compare(client: &str, heard: &Heard) {
    let file = PathBuf::from(FOLDER).join(client).with_extension("jsonl");
    let mut lines = String::new();
    for (said, exchange) in
        heard.said.iter().zip(&heard.exchanges).filter(|(_, exchange)| !exchange.sent.is_empty())
    {
        let line = json!({"call": said.call, "path": exchange.path, "body": exchange.sent});
        let _ = writeln!(lines, "{line}");
    }
    if env::var("INSTA_UPDATE").is_ok_and(|word| word == "always") {
        fs::write(&file, &lines).expect("writes");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(lines, kept, "the client sends something else than {}; bless it if it should", file.display());
}
