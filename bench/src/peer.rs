//! Processes of their own: what is measured, and what stands around it, each on its own processor time.
//!
//! A peer is this binary, started again in a role. It says in one line of JSON where it is, and ends when its standard
//! input does, so that none outlives the benchmark. All of them run on the same runtime with the same settings.

mod agents;
mod house;
mod http;
pub(crate) mod model;
pub(crate) mod proxy;
mod upstream;

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
};

use serde::{Deserialize, Serialize};

/// Where a peer answers, and who may ask it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Door {
    /// Its address without a path, such as `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// What is shown in place of a key, one for each attempt that may call; empty where nobody asks for it.
    pub(crate) tokens: Vec<String>,
}

/// A running peer. Dropped, it ends.
pub(crate) struct Peer {
    process: Child,
    pub(crate) door: Door,
}

impl Peer {
    /// A bare server that answers every chat with the same words.
    pub(crate) fn upstream() -> Self {
        Self::start("upstream", &[])
    }

    /// A bare server that leads agents through their tools.
    pub(crate) fn model() -> Self {
        Self::start("model", &[])
    }

    /// The product on a data folder in `folder`, with the settings `config` and workers that hold conversations.
    pub(crate) fn agents(folder: &Path, config: &str) -> Self {
        Self::start("agents", &[folder.as_os_str(), config.as_ref()])
    }

    /// A bare proxy in front of `upstream`.
    pub(crate) fn proxy(upstream: &Self) -> Self {
        Self::start("proxy", &[upstream.door.url.as_ref()])
    }

    /// The product on a data folder in `folder`, with live attempts and the settings `config`.
    pub(crate) fn product(folder: &Path, config: &str) -> Self {
        Self::start("product", &[folder.as_os_str(), config.as_ref()])
    }

    fn start(role: &str, arguments: &[&OsStr]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args(["peer", role]).args(arguments).env_clear();
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        Self { door: serde_json::from_str(&line).expect("a peer says where it is"), process }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It leaves nothing behind that has to be waited for: its folder goes with the benchmark's.
        let _ = self.process.wait();
    }
}

/// What a process of this binary does that was started as a peer.
pub(crate) fn entered(mut words: impl Iterator<Item = String>) -> ExitCode {
    let role = words.next().unwrap_or_default();
    let mut word = || words.next().expect("a peer is told what it needs");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match role.as_str() {
        "upstream" => runtime.block_on(async { stay(&upstream::open().await) }),
        "proxy" => runtime.block_on(async { stay(&proxy::open(word()).await) }),
        "model" => runtime.block_on(async { stay(&model::open(|_| {}).await) }),
        "agents" => runtime.block_on(agents::keep(word().as_ref(), &word())),
        "product" => runtime.block_on(house::keep(word().as_ref(), &word())),
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}

/// Says where the peer is, and blocks until nobody needs it any more. Its tasks go on meanwhile.
fn stay(door: &Door) {
    let mut line = serde_json::to_vec(door).expect("plain data");
    line.push(b'\n');
    std::io::stdout().write_all(&line).expect("somebody listens");
    let mut rest = Vec::new();
    // However it ends, the benchmark has gone.
    let _ = std::io::stdin().read_to_end(&mut rest);
}
