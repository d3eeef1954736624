//! The product with its default runtime: the embedded stack, whose worker holds conversations with models.
//!
//! In the path: all that a user has, from the control socket to the tools. Runs are asked for over that socket.

use std::{fs, path::Path, sync::Arc};

use mainspring_api::{client::Client, run::CreateRun};
use mainspring_sandbox::Launcher;
use mainspring_worker::{ConverseExecutor, Execute, Ground, Reach};
use serde_json::json;

use crate::product::Product;

/// What all these agents are: what is asked for decides which of its tools one of them calls.
const DEFINITION: &str = "\
kind: Agent
name: bench
runtime: default
model: bench/bench-1
instructions: You read what you are told to read, and you ask before you write.
toolsets: [file_system, ask_user]
approvals: {write_file: ask}
";

/// A product whose worker holds conversations.
pub(crate) struct Agents {
    pub(crate) product: Product,
}

impl Agents {
    /// Starts it on the data folder in `folder`, with these settings.
    pub(crate) async fn start(folder: &Path, config: &str) -> Self {
        let data = Product::data(folder);
        fs::create_dir_all(data.root()).expect("a folder");
        fs::write(data.config_file(), config).expect("the settings are written");
        let hidden = vec![data.root().to_owned()];
        let reach = Reach::default();
        let ground = Ground { versions: data.versions(), workspaces: data.workspaces(), hidden, reach };
        let executor: Arc<dyn Execute> = Arc::new(ConverseExecutor::new(ground, launcher()));
        Self { product: Product::start(folder, executor).await }
    }
}

/// Starts the tools that are processes.
pub(crate) fn launcher() -> Launcher {
    Launcher::probe(std::env::current_exe().expect("this binary"))
}

/// A client of the product in `folder`, as the command line is one.
pub(crate) fn client(folder: &Path) -> Client {
    Client::unix(Product::data(folder).control_socket())
}

/// Asks for a run; see [`crate::peer::model`] for what its first words lead to.
pub(crate) fn request(folder: &Path, (word, number): (&str, usize)) -> CreateRun {
    let agent = folder.join("bench.yaml");
    if !agent.exists() {
        fs::write(&agent, DEFINITION).expect("the definition is written");
    }
    CreateRun {
        agent: agent.display().to_string(),
        input: Some(json!(format!("{word} {number}"))),
        conversation: Some(word == "input"),
        ..CreateRun::default()
    }
}
