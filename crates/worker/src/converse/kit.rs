//! The tools of one run: its own, its author's, and those of its MCP servers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mainspring_agent::{Assistant, CustomTool, McpServer, Transport};
use mainspring_api::worker::{Note, ToolEnd, ToolOutcome};
use mainspring_mcp::{Call, Changes, Listing, Outcome, Servers};
use mainspring_runtimes::default::{self as runtime, Brief, Message, ToolSpec};
use mainspring_sandbox::{Access, Confined, Launcher, Spec, Visible};
use mainspring_tools::{self as tools, Ended, Surroundings, manifest, web::Reach};
use mainspring_types::{Problem, Value};
use tokio_util::sync::CancellationToken;

use super::{Ground, place::Place, secrets::Secrets};
use crate::execute::Scribe;

/// What an attempt's tools need. Its servers are started when they are first needed and end with it.
pub(super) struct Kit {
    assistant: Assistant,
    place: Place,
    launcher: Launcher,
    hidden: Vec<PathBuf>,
    reach: Reach,
    servers: Servers,
    secrets: Secrets,
}

impl Kit {
    pub(super) fn new(
        ground: &Ground,
        launcher: &Launcher,
        place: Place,
        (assistant, secrets): (Assistant, Secrets),
    ) -> Self {
        let assistant = secrets.given_to(assistant);
        let around = surroundings(&place, launcher, &ground.hidden, &ground.reach, &assistant);
        let servers = Servers::new(launcher, &room(&around), &found(&assistant.mcp_servers, &place.agent));
        let (hidden, reach) = (ground.hidden.clone(), ground.reach.clone());
        Self { assistant, place, launcher: launcher.clone(), hidden, reach, servers, secrets }
    }

    pub(super) fn assistant(&self) -> &Assistant {
        &self.assistant
    }

    /// What the loop is told before a turn. A server that does not list its tools is left out, and why is told.
    pub(super) async fn brief(&self, turn: u32, scribe: &Scribe) -> Brief {
        let mut served = Vec::new();
        for server in self.assistant.mcp_servers.keys() {
            match self.listing(turn, server, scribe).await {
                Ok(listing) => served.extend(listing.tools.iter().map(|tool| ToolSpec {
                    name: tool.name.clone(),
                    description: tool.description.clone(),
                    parameters: tool.parameters.clone(),
                })),
                Err(problem) => tell(scribe, &words(&problem)),
            }
        }
        Brief::of(&self.assistant, served)
    }

    /// The tools of a server for this turn: those that an earlier attempt of it went by, else those of now.
    async fn listing(&self, turn: u32, server: &str, scribe: &Scribe) -> Result<Arc<Listing>, Problem> {
        if let Some(pinned) = self.place.pinned(turn, server) {
            self.servers.pin(server, pinned.clone()).await?;
            return Ok(Arc::new(pinned));
        }
        let listed = self.listed(turn, server, scribe).await;
        // One that does not answer has no tools in this turn, whatever becomes of it: a repeated attempt says the same.
        let listing = listed.as_ref().map_or_else(|_| Arc::default(), Arc::clone);
        self.place.pin(turn, server, &listing).map_err(|error| {
            Problem::new(mainspring_types::Code::DataInaccessible, "pin a list of tools").because(&error)
        })?;
        listed
    }

    /// The tools that a server lists now, with what changed since the turn before.
    async fn listed(&self, turn: u32, server: &str, scribe: &Scribe) -> Result<Arc<Listing>, Problem> {
        let listing = match turn.checked_sub(1).and_then(|before| self.place.pinned(before, server)) {
            None => self.servers.list(server).await?,
            Some(before) => {
                self.servers.pin(server, before).await?;
                let changes = self.servers.changes(server).await?;
                if !changes.is_empty() {
                    tell(scribe, &format!("MCP server `{server}` changed its tools: {}", named(&changes)));
                }
                self.servers.list(server).await?
            }
        };
        listing.left_out.iter().for_each(|why| tell(scribe, &format!("MCP server `{server}`: {why}")));
        Ok(listing)
    }

    /// Makes one call. When `cancel` fires nothing of it is left running.
    pub(super) async fn run(
        &self,
        tool: &str,
        key: &str,
        arguments: &serde_json::Value,
        cancel: &CancellationToken,
    ) -> ToolEnd {
        self.secrets.hidden(self.make(tool, key, arguments, cancel).await)
    }

    async fn make(
        &self,
        tool: &str,
        key: &str,
        arguments: &serde_json::Value,
        cancel: &CancellationToken,
    ) -> ToolEnd {
        if let Some((server, _)) = self.served(tool) {
            let timeout = self.assistant.mcp_servers[server].timeout.unwrap_or(self.patience());
            let call = Call { tool, arguments, key, timeout };
            return match self.servers.call(server, &call, cancel).await {
                Outcome::Returned { text, error } => ToolEnd::Returned(ToolOutcome { text, error }),
                Outcome::Failed { message } => ToolEnd::Failed { message },
                Outcome::Unknown { message } => ToolEnd::Unknown { message },
            };
        }
        let around = self.around(key);
        let made = async {
            match self.custom(tool) {
                Some(own) => {
                    let around = Surroundings { timeout: own.timeout.unwrap_or(self.patience()), ..around };
                    manifest::run(own, arguments, &around).await
                }
                None => tools::run(tool, arguments, &around).await,
            }
        };
        tokio::select! {
            ended = made => match ended {
                Ended::Returned { text, error } => ToolEnd::Returned(ToolOutcome { text, error }),
                Ended::Failed { message } => ToolEnd::Failed { message },
                Ended::Unknown { message } => ToolEnd::Unknown { message },
            },
            () = cancel.cancelled() => ToolEnd::Unknown { message: format!("`{tool}` was stopped while it ran") },
        }
    }

    /// Asks a tool whether the try with that key took place.
    pub(super) async fn probe(&self, tool: &str, key: &str, arguments: &serde_json::Value) -> ToolEnd {
        let Some(own) = self.custom(tool) else {
            return ToolEnd::Unknown { message: format!("`{tool}` has nothing that could tell") };
        };
        self.secrets.hidden(match manifest::probe(own, key, arguments, &self.around(key)).await {
            manifest::Probe::Done { text } => ToolEnd::Returned(ToolOutcome { text, error: false }),
            manifest::Probe::NotDone => ToolEnd::NotDone {},
            manifest::Probe::Unsure { why } => ToolEnd::Unknown { message: why },
        })
    }

    /// What the conversation came to so far, as the run's result.
    pub(super) fn output_of(&self, history: &[Message]) -> serde_json::Value {
        runtime::outcome(history, self.assistant.output.as_ref())
    }

    /// Ends the servers; when this returns, nothing of them is left.
    pub(super) async fn close(&self) {
        self.servers.close().await;
    }

    fn custom(&self, tool: &str) -> Option<&CustomTool> {
        self.assistant.tools.iter().find(|own| own.name == tool)
    }

    fn served<'a>(&self, tool: &'a str) -> Option<(&'a str, &'a str)> {
        tool.split_once("__").filter(|(server, _)| self.assistant.mcp_servers.contains_key(*server))
    }

    fn patience(&self) -> Duration {
        self.assistant.bounds.tool_timeout
    }

    fn around<'a>(&'a self, key: &'a str) -> Surroundings<'a> {
        let around = surroundings(&self.place, &self.launcher, &self.hidden, &self.reach, &self.assistant);
        Surroundings { idempotency_key: key, ..around }
    }
}

/// What a server finds around it. It is a program of the definition's author, trusted as a step's program is: it finds its
/// own files wherever they lie, and what calls bring to it is checked by it. Of the data folder it sees what tools see.
fn room(around: &Surroundings<'_>) -> Spec {
    let room = tools::room(around);
    let Confined { read, write, tmp } = room.confined.unwrap_or_default();
    let read = read.into_iter().map(|path| Visible { path, access: Access::Read });
    let write = write.into_iter().chain(tmp).map(|path| Visible { path, access: Access::Write });
    Spec { visible: read.chain(write).collect(), confined: None, ..room }
}

/// The servers with the words of their commands that begin with `./` as files of the agent's folder: they start in the
/// workspace, as all that works for the run does.
fn found(servers: &BTreeMap<String, McpServer>, agent: &Path) -> BTreeMap<String, McpServer> {
    let found = |word: &String| match word.strip_prefix("./") {
        Some(file) => agent.join(file).display().to_string(),
        None => word.clone(),
    };
    let mut servers = servers.clone();
    for server in servers.values_mut() {
        if let Transport::Stdio { command, .. } = &mut server.transport {
            *command = command.iter().map(found).collect();
        }
    }
    servers
}

fn surroundings<'a>(
    place: &'a Place,
    launcher: &'a Launcher,
    hidden: &'a [PathBuf],
    reach: &'a Reach,
    assistant: &'a Assistant,
) -> Surroundings<'a> {
    Surroundings {
        workspace: place.workspace.files(),
        home: place.workspace.home(),
        tmp: place.workspace.tmp(),
        agent_folder: &place.agent,
        hidden,
        launcher,
        limits: &assistant.limits,
        env: &assistant.env,
        timeout: assistant.bounds.tool_timeout,
        idempotency_key: "",
        read: assistant.capabilities.read.as_deref(),
        write: assistant.capabilities.write.as_deref(),
        reach,
        hosts: assistant.capabilities.hosts.as_deref(),
    }
}

fn tell(scribe: &Scribe, message: &str) {
    scribe.note(Note::Remark { kind: "mcp".to_owned(), message: message.to_owned() });
}

fn words(problem: &Problem) -> String {
    let suggestion = problem.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default();
    let detail = problem.detail.as_ref().map(|text| format!("\n{text}")).unwrap_or_default();
    format!("{}{suggestion}{detail}", problem.message)
}

fn named(changes: &Changes) -> String {
    let all = [("new", &changes.came), ("gone", &changes.went), ("altered", &changes.altered)];
    let named = all.iter().filter(|(_, tools)| !tools.is_empty());
    let named: Vec<String> = named.map(|(what, tools)| format!("{what}: `{}`", tools.join("`, `"))).collect();
    named.join("; ")
}

/// The run's result as it travels: text, or the document that its schema describes.
pub(super) fn result(output: serde_json::Value) -> Value {
    match output {
        serde_json::Value::String(text) => Value::Text(text),
        document => Value::json(&document).expect("JSON serialises"),
    }
}
