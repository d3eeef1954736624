//! The greeting: a program is started or an address is asked, and both sides agree on a revision of the protocol.

use std::sync::{Arc, atomic::AtomicBool};

use mainspring_agent::Transport;
use mainspring_sandbox::{Child, Launcher, Spec};
use rmcp::{
    RoleClient,
    model::ProtocolVersion,
    service::{ClientInitializeError, ClientLifecycleMode, serve_client_with_lifecycle},
    transport::{async_rw::AsyncRwTransport, streamable_http_client::StreamableHttpError},
};
use tokio::{
    sync::Mutex,
    time::{Duration, timeout},
};

use super::{Connection, Era, MOMENT, Silence};
use crate::{
    client::Client,
    evidence::Evidence,
    fault::Trouble,
    guard::Guard,
    http::{self, HttpFault},
    stdio,
};

/// How one server is reached.
pub(crate) struct Way {
    pub(crate) launcher: Launcher,
    /// What every program of the run is given; a server adds its command and its variables.
    pub(crate) room: Spec,
    pub(crate) transport: Transport,
}

/// Values shorter than this are hardly secrets, and hiding them would garble what is told.
const SECRET_MIN: usize = 8;

impl Way {
    /// What the server was given that may be a secret: its variables, and its headers with and without their scheme.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let values = match &self.transport {
            Transport::Stdio { env, .. } => env.values(),
            Transport::Http { headers, .. } => headers.values(),
        };
        let parts =
            values.flat_map(|value| [Some(value.as_str()), value.split_once(' ').map(|(_, key)| key)]);
        parts.flatten().filter(|part| part.len() >= SECRET_MIN).map(str::to_owned).collect()
    }
}

/// A server that was not met, and what was seen of it.
pub(crate) struct Unmet {
    pub(crate) trouble: Trouble,
    pub(crate) evidence: Arc<Evidence>,
}

impl Connection {
    /// Meets a server, within `patience`. A server that refuses the older greeting is offered the newer one.
    pub(crate) async fn open(way: &Way, patience: Duration) -> Result<Self, Unmet> {
        let evidence = Arc::default();
        let met = timeout(patience, async {
            match greet(way, Era::Sessions, &evidence).await {
                // A server that takes neither gave its reason the first time.
                Err(said @ Trouble::Said { .. }) => {
                    greet(way, Era::Stateless, &evidence).await.map_err(|_| said)
                }
                met => met,
            }
        });
        let met = met.await.unwrap_or(Err(Trouble::Slow { after: patience }));
        met.map_err(|trouble| Unmet { trouble: evidence.breach().map_or(trouble, Trouble::Unruly), evidence })
    }
}

async fn greet(way: &Way, era: Era, evidence: &Arc<Evidence>) -> Result<Connection, Trouble> {
    match &way.transport {
        Transport::Stdio { command, env } => {
            let program = stdio::start(&way.launcher, &way.room, command, env, evidence).await?;
            let transport = AsyncRwTransport::new_client(program.from, program.to);
            meet(transport, era, evidence, Some(program.child)).await
        }
        Transport::Http { url, headers } => {
            let transport = http::transport(url, headers, evidence)?;
            meet(transport, era, evidence, None).await
        }
    }
}

async fn meet<T: rmcp::transport::Transport<RoleClient> + 'static>(
    transport: T,
    era: Era,
    evidence: &Arc<Evidence>,
    program: Option<Child>,
) -> Result<Connection, Trouble> {
    let guarded = Guard::new(transport, Arc::clone(evidence));
    match serve_client_with_lifecycle(Client, guarded, era.lifecycle()).await {
        Ok(session) => Ok(Connection {
            session,
            evidence: Arc::clone(evidence),
            program: program.map(Mutex::new),
            era,
            mute: AtomicBool::new(false),
        }),
        Err(error) => Err(unmet(error, program.as_ref()).await),
    }
}

impl Era {
    fn lifecycle(self) -> ClientLifecycleMode {
        match self {
            Self::Sessions => ClientLifecycleMode::Initialize,
            Self::Stateless => {
                ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::LATEST] }
            }
        }
    }
}

async fn unmet(error: ClientInitializeError, program: Option<&Child>) -> Trouble {
    match error {
        ClientInitializeError::JsonRpcError(error) => {
            Trouble::Said { code: error.code.0, message: error.message.into_owned() }
        }
        ClientInitializeError::TransportError { error, .. } => match of_http(&*error.error) {
            Some(Silence::Unasked(trouble) | Silence::Unanswered(trouble)) => trouble,
            Some(Silence::Said { code, message }) => Trouble::Said { code, message },
            None => gone(program).await,
        },
        ClientInitializeError::ConnectionClosed(_) => gone(program).await,
        error => Trouble::Nonsense { reason: error.to_string() },
    }
}

async fn gone(program: Option<&Child>) -> Trouble {
    let Some(program) = program else { return Trouble::Gone { exit: None } };
    Trouble::Gone { exit: timeout(MOMENT, program.wait()).await.ok() }
}

/// What an error of the HTTP transport means; `None` for one of another transport.
pub(super) fn of_http(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<Silence> {
    let error = error.downcast_ref::<StreamableHttpError<HttpFault>>()?;
    Some(match error {
        StreamableHttpError::Client(fault) => of_request(fault),
        StreamableHttpError::SessionExpired => Silence::Unasked(Trouble::Gone { exit: None }),
        StreamableHttpError::ReinitializationFailed(error) => {
            Silence::Said { code: error.code.0, message: error.message.clone().into_owned() }
        }
        StreamableHttpError::TransportChannelClosed | StreamableHttpError::UnexpectedEndOfStream => {
            Silence::Unanswered(Trouble::Gone { exit: None })
        }
        error => Silence::Unanswered(Trouble::Nonsense { reason: error.to_string() }),
    })
}

/// Some statuses say that the request was turned away; behind any other, such as 303 or 500, it may have been served.
fn of_status(status: u16, trouble: Trouble) -> Silence {
    match status {
        307 | 308 | 400 | 401 | 403..=406 | 411 | 413..=415 | 429 => Silence::Unasked(trouble),
        _ => Silence::Unanswered(trouble),
    }
}

fn of_request(fault: &HttpFault) -> Silence {
    match fault {
        HttpFault::Unreachable(reason) => Silence::Unasked(Trouble::Unreachable { reason: reason.clone() }),
        HttpFault::Redirects { status, to } => of_status(*status, Trouble::Redirects { to: to.clone() }),
        HttpFault::Refused { status, body } => {
            of_status(*status, Trouble::Refused { status: *status, body: body.clone() })
        }
        HttpFault::Cut(_) => Silence::Unanswered(Trouble::Gone { exit: None }),
        HttpFault::Nonsense(reason) => Silence::Unanswered(Trouble::Nonsense { reason: reason.clone() }),
    }
}
