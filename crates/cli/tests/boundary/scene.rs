//! A stage with a model: agents of `agents/`, a server that knows the model, and runs of sums.

use std::path::PathBuf;

use mainspring_api::{
    client::Client,
    effect::{EffectView, ListEffects},
    run::{CreateRun, RunView},
};
use mainspring_testkit::upstream::{Logged, Outcome, Upstream};
use mainspring_types::RunId;
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server, Stage};

/// The folder of agents.
pub(crate) const AGENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boundary/agents/");

const MODEL: &str = include_str!("model.yaml");

/// What stands where the provider's key would.
const KEY: &str = "sk-of-the-provider";

/// A stage with a model that adds.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) upstream: Upstream,
    /// What installers are told.
    installers: Vec<(&'static str, PathBuf)>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { stage: Stage::new(), upstream: Upstream::start(MODEL), installers: Vec::new() }
    }

    /// A scene whose agents' packages are installed as `installers` says.
    pub(crate) fn with_packages(installers: Vec<(&'static str, PathBuf)>) -> Self {
        Self { installers, ..Self::new() }
    }

    /// Starts a server that has a key for every kind of provider.
    pub(crate) fn serve(&self) -> Server {
        let base = self.upstream.base_url();
        let mut environment: Vec<(&str, &str)> = vec![
            ("ANTHROPIC_API_KEY", KEY),
            ("ANTHROPIC_BASE_URL", &base),
            ("OPENAI_API_KEY", KEY),
            ("OPENAI_BASE_URL", &base),
            ("GEMINI_API_KEY", KEY),
            ("GOOGLE_GEMINI_BASE_URL", &base),
        ];
        environment
            .extend(self.installers.iter().map(|(name, value)| (*name, value.to_str().expect("plain"))));
        self.stage.serve_with(&environment)
    }

    /// Starts the agent with this sum to do.
    pub(crate) async fn start(&self, client: &Client, agent: &Agent, sum: &Sum) -> RunId {
        let path = format!("{AGENTS}{}", agent.file);
        let method = agent.method.map(str::to_owned);
        let input = Some(json!({ "prompt": sum.question() }));
        let request = CreateRun { agent: path, method, input, ..CreateRun::default() };
        client.create_run(&request, None).await.expect("accepted").run_id
    }

    /// What came upstream for this sum, in the order in which it came, once nothing of it is on its way.
    pub(crate) fn asked(&self, sum: &Sum) -> Vec<Logged> {
        let is_pending = |entry: &Logged| sum.is_of(entry) && entry.outcome == Outcome::Pending;
        let log = self.upstream.wait_until(PATIENCE, |log| !log.iter().any(is_pending));
        log.into_iter().filter(|entry| sum.is_of(entry)).collect()
    }

    /// Waits until as many calls of this sum have come upstream.
    pub(crate) fn wait_for_calls(&self, sum: &Sum, calls: usize) {
        let so_many = |log: &[Logged]| log.iter().filter(|entry| sum.is_of(entry)).count() >= calls;
        self.upstream.wait_until(PATIENCE, so_many);
    }
}

/// An agent of `agents/` and what it does with the model above.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) file: &'static str,
    pub(crate) method: Option<&'static str>,
    /// How many different calls it makes.
    pub(crate) calls: usize,
    /// The tokens of them together.
    pub(crate) tokens: u64,
}

impl Agent {
    /// A program that adds twice with its tool.
    pub(crate) const fn program(file: &'static str) -> Self {
        Self { file, method: None, calls: 3, tokens: 660 }
    }

    /// The package, which asks twice without a tool.
    pub(crate) const SUMS: Self = Self { file: "sums", method: Some("ask"), calls: 2, tokens: 990 };

    /// What it makes of the sum.
    pub(crate) fn answer(&self, sum: &Sum) -> Value {
        match self.method {
            Some(_) => json!("Many."),
            None => json!({ "final": format!("The sum is {}.", sum.0 + sum.1 + sum.2) }),
        }
    }
}

/// Three numbers that no other run of the test adds: by them its calls are known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum(pub(crate) u32, pub(crate) u32, pub(crate) u32);

impl Sum {
    pub(crate) fn question(&self) -> String {
        format!("What is {} + {} + {}?", self.0, self.1, self.2)
    }

    fn is_of(&self, entry: &Logged) -> bool {
        String::from_utf8_lossy(&entry.body).contains(&self.question())
    }
}

/// What the journal says about the run's calls.
pub(crate) async fn effects(client: &Client, run: &RunView) -> Vec<EffectView> {
    client.effects(run.run_id, &ListEffects::default()).await.expect("a page").items
}
