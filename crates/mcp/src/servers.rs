//! The servers of one run.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use mainspring_agent::McpServer;
use mainspring_sandbox::{Launcher, Spec};
use mainspring_types::Problem;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    connection::Way,
    fault::{Doing, Fault, Trouble},
    listing::{Changes, Listing},
    outcome::Outcome,
    server::Server,
};

/// How long a server may take to start, and to list its tools. Some install themselves when they are first started.
const PATIENCE: Duration = Duration::from_mins(1);

/// The servers of one run, each started when it is first needed. Dropping them kills their programs.
pub struct Servers {
    servers: BTreeMap<String, Server>,
}

/// One call of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The tool, with the server's name or without.
    pub tool: &'a str,
    /// Its arguments; an object.
    pub arguments: &'a Value,
    /// The idempotency key that the server finds in `_meta`, as `mainspring/idempotency-key`.
    pub key: &'a str,
    /// How long the answer is waited for.
    pub timeout: Duration,
}

impl Servers {
    /// The servers of a definition. Their programs get `room` (the workspace, a clean environment, limits), to which
    /// each adds its command and its variables. None is started yet.
    pub fn new(launcher: &Launcher, room: &Spec, definition: &BTreeMap<String, McpServer>) -> Self {
        Self::with_patience(launcher, room, definition, PATIENCE)
    }

    /// The same, with the time that each may take to start and to list its tools.
    pub fn with_patience(
        launcher: &Launcher,
        room: &Spec,
        definition: &BTreeMap<String, McpServer>,
        patience: Duration,
    ) -> Self {
        let servers = definition.iter().map(|(name, server)| {
            let transport = server.transport.clone();
            let way = Way { launcher: launcher.clone(), room: room.clone(), transport };
            (name.clone(), Server::new(name, way, server.tools.clone(), patience))
        });
        Self { servers: servers.collect() }
    }

    /// The tools of a server that are granted. They stay the same until [`changes`](Self::changes) is asked for, also
    /// when the server has others by then.
    pub async fn list(&self, server: &str) -> Result<Arc<Listing>, Problem> {
        Ok(self.server(server, Doing::List)?.list().await?)
    }

    /// Makes a listing of an earlier time the one that holds, as for a turn that is repeated.
    pub async fn pin(&self, server: &str, listing: Listing) -> Result<(), Problem> {
        self.server(server, Doing::List)?.pin(listing).await;
        Ok(())
    }

    /// Between two turns: lists the tools anew, where the server said that they changed or was started again since,
    /// and tells what came and went.
    pub async fn changes(&self, server: &str) -> Result<Changes, Problem> {
        Ok(self.server(server, Doing::List)?.changes().await?)
    }

    /// Calls a tool, once. A server that is gone is started again first, at most three times a minute.
    ///
    /// When `cancel` fires, the call returns at once and the server is told.
    pub async fn call(&self, server: &str, call: &Call<'_>, cancel: &CancellationToken) -> Outcome {
        match self.server(server, Doing::Call(call.tool.to_owned())) {
            Ok(server) => server.call(call, cancel).await,
            Err(fault) => Outcome::Failed { message: fault.told() },
        }
    }

    /// Ends all connections; when this returns, nothing of any program is left.
    pub async fn close(&self) {
        join_all(self.servers.values().map(Server::close)).await;
    }

    fn server(&self, name: &str, doing: Doing) -> Result<&Server, Fault> {
        self.servers.get(name).ok_or_else(|| {
            let known = self.servers.keys().cloned().collect();
            Fault::new(name, doing, Trouble::Unknown { known })
        })
    }
}
