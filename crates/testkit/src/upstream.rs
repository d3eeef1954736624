//! A provider of models on loopback that answers from a script, with everything that can go wrong on the way.
//!
//! It takes any credentials and writes them down as they came, so that a test can say which key was used. The script's
//! faults happen on the socket: a reset is one, and a hang holds the connection until the client leaves. It stops with
//! its value. What scripts look like is told by [`mainspring_scripted`].

mod exchange;
mod log;
mod serve;

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use mainspring_scripted::{Ids, Script, State};
use mainspring_types::Timestamp;
use tokio::sync::oneshot;

pub use log::{Logged, Outcome};

use log::Log;

/// A running provider.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What may differ from what most tests want.
#[derive(Debug)]
pub struct Settings {
    /// Where to listen; 0 is any free port.
    pub port: u16,
    /// What the ids in answers look like.
    pub ids: Ids,
    /// The time in every answer, where it is not that of the clock.
    pub time: Option<Timestamp>,
    /// Where every request is written as a line of JSON when it comes, and another when it ends.
    pub log: Option<File>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { port: 0, ids: Ids::Seeded(0), time: None, log: None }
    }
}

/// What the connections and the test look at.
#[derive(Debug)]
struct Shared {
    model: Mutex<Arc<Model>>,
    ids: Ids,
    time: Option<Timestamp>,
    log: Log,
}

/// A script and what it has answered; a request keeps the one it came in under.
#[derive(Debug)]
struct Model {
    script: Arc<Script>,
    state: State,
}

impl Shared {
    fn model(&self) -> Arc<Model> {
        Arc::clone(&self.model.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins anew with `script`.
    fn begin(&self, script: Arc<Script>) {
        let model = Arc::new(Model { script, state: State::new(self.ids) });
        *self.model.lock().unwrap_or_else(PoisonError::into_inner) = model;
    }
}

impl Upstream {
    /// Starts with a script on a free port; one that is wrong fails the test with its place.
    pub fn start(script: &str) -> Self {
        Self::start_with(read(script), Settings::default())
    }

    /// The same, where answers are to be compared to the byte: in each of them it is `time`.
    pub fn start_at(time: Timestamp, script: &str) -> Self {
        Self::start_with(read(script), Settings { time: Some(time), ..Settings::default() })
    }

    /// Starts with a script that has been read.
    pub fn start_with(script: impl Into<Arc<Script>>, settings: Settings) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).expect("the port is free");
        let address = listener.local_addr().expect("it was bound");
        let model = Arc::new(Model { script: script.into(), state: State::new(settings.ids) });
        let Settings { ids, time, log, .. } = settings;
        let shared = Arc::new(Shared { model: Mutex::new(model), ids, time, log: Log::new(log) });
        let (stop, stopped) = oneshot::channel();
        let serving = {
            let shared = Arc::clone(&shared);
            move || serve::until(stopped, listener, &shared)
        };
        // A thread and a runtime of its own: it answers while the test, whatever its runtime, is blocked.
        let thread = thread::Builder::new().name("upstream".into()).spawn(serving).expect("a thread");
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// The address without a path: what `ANTHROPIC_BASE_URL` takes, and `OPENAI_BASE_URL` with `/v1` after it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request since the start, in the order in which they came.
    pub fn log(&self) -> Vec<Logged> {
        self.shared.log.entries()
    }

    /// How many requests came in which a model is to speak: counts, embeddings and lists of models are not such.
    pub fn calls(&self) -> usize {
        self.log().iter().filter(|entry| entry.is_call()).count()
    }

    /// Waits until the log is as `wanted` and returns it; fails the test with the log after `within`.
    pub fn wait_until(&self, within: Duration, wanted: impl Fn(&[Logged]) -> bool) -> Vec<Logged> {
        self.shared.log.wait_until(within, wanted)
    }

    /// Forgets what was answered and logged; connections that are open stay so.
    pub fn reset(&self) {
        self.shared.begin(Arc::clone(&self.shared.model().script));
        self.shared.log.clear();
    }

    /// Answers from another script from now on, which begins anew; the log goes on.
    pub fn load(&self, script: &str) {
        self.shared.begin(read(script));
    }
}

fn read(script: &str) -> Arc<Script> {
    match Script::parse(script, "script") {
        Ok(script) => Arc::new(script),
        Err(problem) => {
            let place = problem.location.as_ref().map(ToString::to_string).unwrap_or_default();
            panic!("{place}: {problem}; {}", problem.suggestion.as_deref().unwrap_or_default())
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
