//! A provider's key stays in the gateway: it is nowhere that an agent can look, and in nothing that is written.

use std::{fs, os::unix::process::ExitStatusExt as _};

use mainspring_api::{client::Client, run::RunStatus};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::RunId;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::{Value, json};

use crate::{
    harness::{Secrets, Server, Stage, ended, request, wire::Ask},
    scene::AGENTS,
};

/// How every key of this test begins.
const BEGINNING: &str = "canary-of-the-boundary";

/// A stage, a provider that repeats the keys it is shown, and those keys.
struct Cage {
    stage: Stage,
    upstream: Upstream,
    secrets: Secrets,
}

impl Cage {
    fn new() -> Self {
        let stage = Stage::new();
        let key = |family| (family, format!("{BEGINNING}-{family}-{}", stage.address()));
        let secrets = Secrets(["anthropic", "gemini", "openai"].map(key).to_vec());
        // What does not pack well.
        let noise: String =
            (1..20_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_string()).collect();
        let script = include_str!("echoes.yaml").replace("NOISE", &noise);
        Self { stage, upstream: Upstream::start(&script), secrets }
    }

    fn serve(&self) -> Server {
        let base = self.upstream.base_url();
        let key = |family: usize| self.secrets.0[family].1.as_str();
        self.stage.serve_with(&[
            ("ANTHROPIC_API_KEY", key(0)),
            ("ANTHROPIC_BASE_URL", &base),
            ("GEMINI_API_KEY", key(1)),
            ("GOOGLE_GEMINI_BASE_URL", &base),
            ("OPENAI_API_KEY", key(2)),
            ("OPENAI_BASE_URL", &base),
            ("MAINSPRING_LOG", "trace"),
        ])
    }

    /// Has the agent look for them; says what it told.
    async fn snoop(&self, client: &Client) -> (RunId, Value) {
        let mut snoop = request(format!("{AGENTS}snoop.py").as_ref());
        snoop.input = Some(json!({ "backwards": BEGINNING.chars().rev().collect::<String>() }));
        let run = client.create_run(&snoop, None).await.expect("accepted").run_id;
        let run = ended(client, run).await;
        assert_eq!((run.status, run.error.as_ref()), (RunStatus::Completed, None), "{run:#?}");
        (run.run_id, run.result.expect("it completed"))
    }

    /// Panics when a key is in what the API or a command says about the run, or in anything that was written.
    fn assert_kept(&self, run: RunId) {
        for page in ["", "/events", "/effects"] {
            let path = format!("/api/v1/runs/{run}{page}");
            let reply = Ask::to(&self.stage, &format!("GET {path}")).send(self.stage.address());
            assert_eq!(reply.status, 200, "{path}");
            self.secrets.assert_absent(&path, reply.body.as_bytes());
        }
        self.secrets.assert_absent_below(self.stage.path("").as_path(), &[]);
    }
}

#[tokio::test]
async fn a_key_is_in_nothing_that_an_agent_sees_or_that_is_written() {
    let cage = Cage::new();
    let server = cage.serve();
    let (run, told) = cage.snoop(&cage.stage.client()).await;
    assert_eq!(told["found"], json!([]));
    assert!(told["looked"].as_u64().is_some_and(|looked| looked > 20), "{told}");
    let answers = told["answers"].as_array().expect("a list");
    let answers: Vec<&str> = answers.iter().map(|answer| answer.as_str().expect("text")).collect();
    assert!(answers.iter().all(|answer| answer.contains("[key]")), "it was not repeated: {answers:#?}");

    let shown: Vec<String> = cage.upstream.log().iter().filter_map(|entry| shown(&entry.headers)).collect();
    assert!(cage.secrets.0.iter().all(|(_, key)| shown.contains(key)), "the provider had them: {shown:?}");
    assert!(fs::read_dir(cage.stage.data().join("blobs")).expect("kept").next().is_some(), "no blob");
    // While it runs, with the write-ahead log of its database, and after its end, with what that leaves.
    cage.assert_kept(run);
    assert!(server.terminate().success());
    cage.secrets.assert_absent_below(cage.stage.path("").as_path(), &[]);
}

#[tokio::test]
async fn a_server_that_aborts_leaves_no_core() {
    let most = getrlimit(Resource::Core).maximum;
    setrlimit(Resource::Core, Rlimit { current: most, maximum: most }).expect("up to the limit");
    let cage = Cage::new();
    let server = cage.serve();
    cage.snoop(&cage.stage.client()).await;
    let status = server.abort();
    assert_eq!((status.signal(), status.core_dumped()), (Some(Signal::ABORT.as_raw()), false));
    cage.secrets.assert_absent_below(cage.stage.path("").as_path(), &[]);
    let cores = fs::read_dir(cage.stage.path("")).expect("lists").flatten();
    let cores: Vec<_> =
        cores.filter(|entry| entry.file_name().to_string_lossy().starts_with("core")).collect();
    assert!(cores.is_empty(), "{cores:?}");
}

/// The key with which a request came.
fn shown(headers: &[(String, String)]) -> Option<String> {
    let is_key = |name: &str| ["authorization", "x-api-key", "x-goog-api-key"].contains(&name);
    let (_, value) = headers.iter().find(|(name, _)| is_key(name))?;
    Some(value.trim_start_matches("Bearer ").to_owned())
}
