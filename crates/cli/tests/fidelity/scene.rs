//! A stage with a provider, and the programs of `programs/` on both ways to it.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use mainspring_api::run::{CreateRun, RunStatus};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::Timestamp;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    harness::{Stage, ended},
    heard::Heard,
};

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fidelity/programs/");

const MODEL: &str = include_str!("model.yaml");

/// When everything is said to happen.
const TIME: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// The provider's key: the gateway has it, and a program that speaks to the provider itself.
const KEY: &str = "sk-of-the-provider";

/// A stage and a provider.
pub(crate) struct Scene {
    stage: Stage,
    pub(crate) upstream: Upstream,
    /// What installers are told.
    installers: Vec<(&'static str, PathBuf)>,
}

impl Scene {
    pub(crate) fn new(installers: Vec<(&'static str, PathBuf)>) -> Self {
        Self { stage: Stage::new(), upstream: Upstream::start_at(TIME, MODEL), installers }
    }

    /// What a client's program hears as an agent: in its first attempt, at whose end it dies, and in its second.
    pub(crate) fn through_the_gateway(&self, client: &str) -> (Heard, Heard) {
        let providers = self.providers();
        let mut environment: Vec<_> = providers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        environment
            .extend(self.installers.iter().map(|(name, value)| (*name, value.to_str().expect("plain"))));
        let server = self.stage.serve_with(&environment);
        let folder = self.stage.path("");
        let input = Some(json!({ "prompt": folder }));
        let request = CreateRun { agent: program(client), input, ..CreateRun::default() };
        let run = Runtime::new().expect("starts").block_on(async {
            let client = self.stage.client();
            let run = client.create_run(&request, None).await.expect("accepted").run_id;
            ended(&client, run).await
        });
        assert_eq!(
            (run.status, run.error.as_ref(), run.attempts),
            (RunStatus::Completed, None, 2),
            "{run:#?}"
        );
        assert!(server.terminate().success());
        (Heard::read(&folder, "1"), Heard::read(&folder, "2"))
    }

    /// What it hears from the provider itself.
    pub(crate) fn directly(&self, client: &str, python: &str) -> Heard {
        let folder = self.stage.path("");
        let ran = Command::new(python)
            .arg(program(client))
            .arg(&folder)
            .env_clear()
            .envs([("LANG", "C.UTF-8"), ("PYTHONDONTWRITEBYTECODE", "1")])
            .envs(self.providers())
            .stdin(Stdio::null())
            .output()
            .expect("the interpreter starts");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Heard::read(&folder, "direct")
    }

    /// The variables that name the provider.
    fn providers(&self) -> [(&'static str, String); 6] {
        let base = self.upstream.base_url();
        [
            ("ANTHROPIC_API_KEY", KEY.to_owned()),
            ("ANTHROPIC_BASE_URL", base.clone()),
            ("OPENAI_API_KEY", KEY.to_owned()),
            ("OPENAI_BASE_URL", format!("{base}/v1")),
            ("GEMINI_API_KEY", KEY.to_owned()),
            ("GOOGLE_GEMINI_BASE_URL", base),
        ]
    }
}

fn program(client: &str) -> String {
    format!("{PROGRAMS}{client}_client.py")
}
