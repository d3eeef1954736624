//! One connection to a server, from the greeting to its end.
//!
//! ```text
//!  greeting ── initialize ──┬── taken ───────────────────> open ──┬── closed by us
//!                           └── refused ── discover ──┬──>        ├── over: hung up, broke a bound, mute
//!                                                     └── failed  └── (a program is killed with it)
//! ```
//!
//! A question either has an answer, or is known to never have reached the server, or nobody knows. That is told apart
//! here, since only the second may be asked again.

mod greet;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainspring_sandbox::Child;
use rmcp::{
    RoleClient,
    model::ClientRequest,
    service::{PeerRequestOptions, RequestHandle, RunningService, ServiceError},
};
use serde_json::Value;
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{client::Client, evidence::Evidence, fault::Trouble};

pub(crate) use greet::{Unmet, Way};

/// How long is waited for a program that hung up to end, and for a session to be closed.
const MOMENT: Duration = Duration::from_millis(500);

/// A server that took our greeting.
pub(crate) struct Connection {
    session: RunningService<RoleClient, Client>,
    evidence: Arc<Evidence>,
    program: Option<Mutex<Child>>,
    era: Era,
    /// It let a question time out and said nothing at all meanwhile.
    mute: AtomicBool,
}

/// Which revision of the protocol a server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Era {
    /// With `initialize`; changes are announced to everyone.
    Sessions,
    /// With `server/discover`; changes are announced to subscribers only.
    Stateless,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum Silence {
    /// It never reached the server, or was turned away unread.
    Unasked(Trouble),
    /// It was on its way; what the server made of it is unknown.
    Unanswered(Trouble),
    /// The answer is an error of the protocol.
    Said { code: i32, message: String },
}

impl Connection {
    /// What was seen of the server.
    pub(crate) fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Whether nothing more is to be had from it.
    pub(crate) fn is_over(&self) -> bool {
        self.session.is_transport_closed()
            || self.evidence.breach().is_some()
            || self.mute.load(Ordering::Relaxed)
    }

    /// Whether its tools may be others now. Asking forgets what it announced.
    pub(crate) fn may_have_changed(&self) -> bool {
        self.evidence.take_change() || self.era == Era::Stateless
    }

    /// Asks, and waits for the answer no longer than told.
    pub(crate) async fn ask(
        &self,
        request: ClientRequest,
        patience: Duration,
        cancel: &CancellationToken,
    ) -> Result<Value, Silence> {
        let heard = self.evidence.heard();
        let sent = self.session.send_cancellable_request(request, PeerRequestOptions::no_options()).await;
        let Ok(mut handle) = sent else { return Err(Silence::Unasked(self.end().await)) };
        let answer = tokio::select! {
            biased;
            answer = &mut handle.rx => answer.unwrap_or(Err(ServiceError::TransportClosed)),
            () = cancel.cancelled() => {
                retract(handle, "cancelled");
                return Err(Silence::Unanswered(Trouble::Cancelled));
            }
            () = sleep(patience) => {
                retract(handle, "timed out");
                self.mute.fetch_or(self.evidence.heard() == heard, Ordering::Relaxed);
                return Err(Silence::Unanswered(Trouble::Slow { after: patience }));
            }
        };
        match answer {
            Ok(result) => serde_json::to_value(result)
                .map_err(|error| Silence::Unanswered(Trouble::Nonsense { reason: error.to_string() })),
            Err(error) => Err(self.silence(error).await),
        }
    }

    async fn silence(&self, error: ServiceError) -> Silence {
        match error {
            ServiceError::McpError(error) => {
                Silence::Said { code: error.code.0, message: error.message.into_owned() }
            }
            ServiceError::TransportSend(error) => match greet::of_http(&*error.error) {
                Some(silence) => self.unless_breach(silence),
                // A pipe that breaks while a line is written has no reader for the rest of it.
                None => Silence::Unasked(self.end().await),
            },
            _ => Silence::Unanswered(self.end().await),
        }
    }

    /// A bound that was broken explains more than what followed from it.
    fn unless_breach(&self, silence: Silence) -> Silence {
        match (self.evidence.breach(), silence) {
            (Some(breach), Silence::Unanswered(_)) => Silence::Unanswered(Trouble::Unruly(breach)),
            (_, silence) => silence,
        }
    }

    /// How it ended.
    async fn end(&self) -> Trouble {
        match (&self.program, self.evidence.breach()) {
            (_, Some(breach)) => Trouble::Unruly(breach),
            (None, None) => Trouble::Gone { exit: None },
            (Some(program), None) => {
                let program = program.lock().await;
                Trouble::Gone { exit: timeout(MOMENT, program.wait()).await.ok() }
            }
        }
    }

    /// Ends it; nothing of a program is left afterwards. Those who still wait for answers have none.
    pub(crate) async fn close(self: Arc<Self>) {
        if let Some(program) = &self.program {
            program.lock().await.kill().await;
        }
        self.session.cancellation_token().cancel();
        // Who still waits for an answer holds on to the connection, and lets go soon.
        if let Some(mut connection) = Arc::into_inner(self) {
            // An HTTP server hears that its session is over, if it listens.
            let _ = connection.session.close_with_timeout(MOMENT).await;
        }
    }
}

/// Tells the server that an answer is no longer waited for. Nobody waits until it has heard.
fn retract(handle: RequestHandle<RoleClient>, reason: &'static str) {
    tokio::spawn(async move {
        // A server that does not read does not hear it.
        let _ = timeout(MOMENT, handle.cancel(Some(reason.to_owned()))).await;
    });
}
