//! A stage with a provider for each client, and the programs of `programs/` on both ways to it.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use mainspring_api::run::{CreateRun, RunStatus};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::Timestamp;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    harness::{Server, Stage, ended},
    heard::Heard,
};

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fidelity/programs/");

const MODEL: &str = include_str!("model.yaml");

/// When everything is said to happen.
const TIME: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// The provider's key: the gateway has it, and a program that speaks to the provider itself.
const KEY: &str = "sk-of-the-provider";

/// A stage and all clients.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) clients: [Client; 3],
}

/// A client with its provider.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) upstream: Upstream,
    /// The variables in which it looks for its key and for the provider.
    variables: [(&'static str, String); 2],
}

impl Scene {
    pub(crate) fn new() -> Self {
        let clients = [
            Client::new("anthropic", "ANTHROPIC_API_KEY", ("ANTHROPIC_BASE_URL", "")),
            Client::new("google", "GEMINI_API_KEY", ("GOOGLE_GEMINI_BASE_URL", "")),
            Client::new("openai", "OPENAI_API_KEY", ("OPENAI_BASE_URL", "/v1")),
        ];
        Self { stage: Stage::new(), clients }
    }

    /// Starts a server that knows every provider, and installs packages as it is told.
    pub(crate) fn serve(&self, installers: &[(&'static str, PathBuf)]) -> Server {
        let providers = self.clients.iter().flat_map(|client| &client.variables);
        let providers = providers.map(|(name, value)| (*name, value.as_str()));
        let installers = installers.iter().map(|(name, value)| (*name, value.to_str().expect("plain")));
        self.stage.serve_with(&providers.chain(installers).collect::<Vec<_>>())
    }
}

impl Client {
    fn new(name: &'static str, key: &'static str, (base, path): (&'static str, &str)) -> Self {
        let upstream = Upstream::start_at(TIME, MODEL);
        let variables = [(key, KEY.to_owned()), (base, format!("{}{path}", upstream.base_url()))];
        Self { name, upstream, variables }
    }

    /// What its program hears as an agent: in its first attempt, at whose end it dies, and in its second.
    pub(crate) fn through_the_gateway(&self, stage: &Stage) -> (Heard, Heard) {
        let folder = stage.path(self.name);
        fs::create_dir(&folder).expect("makes a folder");
        let input = Some(json!({ "prompt": folder }));
        let request = CreateRun { agent: self.program(), input, ..CreateRun::default() };
        let run = Runtime::new().expect("starts").block_on(async {
            let client = stage.client();
            let run = client.create_run(&request, None).await.expect("accepted").run_id;
            ended(&client, run).await
        });
        assert_eq!(
            (run.status, run.error.as_ref(), run.attempts),
            (RunStatus::Completed, None, 2),
            "{run:#?}"
        );
        (Heard::read(&folder, "1"), Heard::read(&folder, "2"))
    }

    /// What it hears from the provider itself.
    pub(crate) fn directly(&self, stage: &Stage, python: &str) -> Heard {
        let folder = stage.path(self.name);
        let ran = Command::new(python)
            .arg(self.program())
            .arg(&folder)
            .env_clear()
            .envs([("LANG", "C.UTF-8"), ("PYTHONDONTWRITEBYTECODE", "1")])
            .envs(self.variables.clone())
            .stdin(Stdio::null())
            .output()
            .expect("the interpreter starts");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Heard::read(&folder, "direct")
    }

    fn program(&self) -> String {
        format!("{PROGRAMS}{}_client.py", self.name)
    }
}
