//! The boundary of a data folder: the gateway on its two sockets, and what it knows of attempts.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mainspring_agent::Assistant;
use mainspring_api::worker;
use mainspring_boundary::{
    Divergence, Pass,
    broker::{Broker, Charter},
    gateway::{Gateway, Held, HeldFor, Order, Parting, Settings, Warden},
    price::Prices,
};
use mainspring_core::{AttemptEnd, CancelLevel, Failure, FailureClass, Reason, Used};
use mainspring_engine::{Assignment, Embedded, Kept};
use mainspring_store::Blobs;
use mainspring_types::{Code, Problem, Timestamp};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config::Config, data::Folder};

/// How long is waited before the second try of a call.
const RETRY_WAIT: Duration = Duration::from_secs(1);

/// The longest path a UNIX socket can have.
const SOCKET_PATH_MAX: usize = 107;

/// The gateway, and where agents find it. Clones share it.
#[derive(Clone)]
pub(crate) struct Boundary {
    gateway: Gateway,
    broker: Broker,
    url: String,
    socket: Option<PathBuf>,
    families: Vec<String>,
    model: Option<String>,
    divergence: Divergence,
    listeners: TaskTracker,
}

impl Boundary {
    /// Opens the gateway and answers agents until `stop` is cancelled.
    pub(crate) async fn open(
        engine: &Embedded,
        (folder, config): (&Folder, &Config),
        blobs: Blobs,
        stop: &CancellationToken,
    ) -> Result<Self, Problem> {
        let settings = Settings {
            providers: config.providers()?,
            prices: Prices::read(&folder.prices())?,
            rules: config.budgets.clone(),
            retry_wait: RETRY_WAIT,
            blobs,
            submit: engine.submit(),
            warden: Arc::new(EngineWarden { engine: engine.clone() }),
        };
        let gateway = Gateway::open(settings).await?;
        let families = gateway.families().into_iter().map(|family| family.as_str().to_owned()).collect();
        let listeners = TaskTracker::new();
        let tcp = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| unheard("a port", &error))?;
        let url = format!("http://{}", tcp.local_addr().map_err(|error| unheard("a port", &error))?);
        let serving = (gateway.clone(), stop.clone());
        listeners.spawn(async move { serving.0.serve_tcp(tcp, serving.1).await });
        let socket = folder.gateway_socket();
        let socket = match listen(&socket)? {
            Some(unix) => {
                let serving = (gateway.clone(), stop.clone());
                listeners.spawn(async move { serving.0.serve_unix(unix, serving.1).await });
                Some(socket)
            }
            None => None,
        };
        let (house, stop) = (gateway.clone(), stop.clone());
        listeners.spawn(async move {
            tokio::select! {
                () = house.keep_house() => {}
                () = stop.cancelled() => {}
            }
        });
        Ok(Self {
            broker: Broker::new(gateway.clone()),
            gateway,
            url,
            socket,
            families,
            model: config.model.clone(),
            divergence: config.divergence,
            listeners,
        })
    }

    /// Lets an attempt call out; says how its agent does.
    pub(crate) fn admit(&self, assignment: &Assignment, nonce: u64) -> worker::Boundary {
        let pass = Pass {
            key: assignment.key.clone(),
            step: assignment.step.clone(),
            attempt: assignment.attempt,
            nonce,
            agent: assignment.agent.clone(),
            ancestors: serde_json::from_value(assignment.work["ancestors"].clone()).unwrap_or_default(),
            divergence: self.divergence,
        };
        if let Some(assistant) = assistant_of(&assignment.work) {
            self.broker.admit(pass.clone(), Charter { assistant, work: assignment.work.clone() });
        }
        worker::Boundary {
            url: self.url.clone(),
            socket: self.socket.clone(),
            token: self.gateway.admit(pass),
            families: self.families.clone(),
            model: self.model.clone(),
            providers: self
                .gateway
                .providers()
                .map(|(name, family)| (name.to_owned(), family.as_str().to_owned()))
                .collect(),
        }
    }

    /// The attempt did its work. One that holds a conversation was never to ask for what earlier turns recorded.
    pub(crate) fn sum_up(&self, nonce: u64) {
        if !self.broker.is_chartered(nonce) {
            self.gateway.sum_up(nonce);
        }
    }

    /// The attempt is over.
    pub(crate) fn release(&self, nonce: u64, parting: Parting) {
        self.broker.release(nonce);
        self.gateway.release(nonce, parting);
    }

    /// The broker of tool calls and conversations.
    pub(crate) fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The gateway itself.
    pub(crate) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Once its listeners were told to stop: waits for the answers under way, for a while.
    pub(crate) async fn close(&self) {
        self.listeners.close();
        self.listeners.wait().await;
        self.gateway.close().await;
    }
}

/// The model with tools that the step is, if it is one.
pub(crate) fn assistant_of(work: &serde_json::Value) -> Option<Assistant> {
    let assistant = work.pointer("/step/work/converse/assistant")?;
    serde_json::from_value(assistant.clone()).ok()
}

/// Binds the socket; `None` where its path is longer than the system takes.
fn listen(socket: &std::path::Path) -> Result<Option<UnixListener>, Problem> {
    if socket.as_os_str().len() > SOCKET_PATH_MAX {
        tracing::warn!(socket = %socket.display(), "too long a path for a socket; agents have the TCP port");
        return Ok(None);
    }
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unheard(&format!("`{}`", socket.display()), &error));
        }
        // A former owner's: it is gone, or we would not own the folder.
        _ => {}
    }
    UnixListener::bind(socket).map(Some).map_err(|error| unheard(&format!("`{}`", socket.display()), &error))
}

fn unheard(place: &str, error: &std::io::Error) -> Problem {
    Problem::new(Code::DataInaccessible, format!("listen for agents on {place}")).because(error)
}

/// What the engine knows of attempts, for the gateway.
struct EngineWarden {
    engine: Embedded,
}

impl Warden for EngineWarden {
    fn hold(&self, pass: &Pass, held: Option<&Held>) {
        let kept = held.map(|held| Kept {
            reason: match held.what {
                HeldFor::Gate => Reason::Gate,
                HeldFor::Budget => Reason::Budget,
                HeldFor::Quota => Reason::Quota,
            },
            detail: held.detail.clone(),
            way_out: held.way_out.clone(),
            since: Timestamp::now(),
        });
        self.engine.desk().keep(&pass.key, &pass.step, (pass.attempt, pass.nonce), kept);
    }

    fn order(&self, pass: &Pass) -> Order {
        match self.engine.desk().ending(&pass.key, &pass.step, (pass.attempt, pass.nonce)) {
            None => Order::GoOn,
            Some(CancelLevel::Interrupt) => Order::Interrupt,
            Some(CancelLevel::Stop | CancelLevel::Kill) => Order::End,
        }
    }

    fn end(&self, pass: &Pass, problem: Problem) {
        let (engine, pass) = (self.engine.clone(), pass.clone());
        tokio::spawn(async move {
            let end = AttemptEnd::Failed(Failure { class: FailureClass::Permanent, problem });
            let at = (pass.step, pass.attempt);
            if let Err(error) =
                engine.end_attempt(&pass.key, "boundary", at, (end, Used::default()), None).await
            {
                tracing::debug!(run = %pass.key.run, %error, "an attempt that was to end had ended");
            }
        });
    }
}
