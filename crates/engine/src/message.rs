//! What the driver is asked, and what it answers.

use mainspring_core::{Created, Principal, Refusal, Request};
use mainspring_store::{Fault, Key, RunKey, Unit, Version};
use mainspring_types::{AttemptNo, Digest, Hash, RequestId, RunId, StepId, TenantId, Value};
use tokio::sync::oneshot;

/// Where an answer goes, once what it says is durable.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// One message to the driver.
pub enum Message {
    /// Begin a run.
    Create(Box<Create>),
    /// Ask something of a run.
    Ask {
        /// The run.
        key: RunKey,
        /// What is asked.
        request: Box<Request>,
        /// The value the request brings with it.
        body: Option<Body>,
        /// Where the answer goes.
        reply: Reply<()>,
    },
    /// Note what a worker said about an attempt; nobody waits for it.
    Note(RunNote),
    /// Note that a worker has taken an attempt. It is written sooner or later, whatever becomes of this message.
    Claimed {
        /// The run.
        key: RunKey,
        /// The step.
        step: StepId,
        /// The attempt.
        attempt: AttemptNo,
        /// The number of the worker's ticket.
        nonce: u64,
        /// Where the answer goes, if anyone waits for it.
        reply: Option<Reply<()>>,
    },
    /// Put a version into the catalogue.
    Catalogue {
        /// The tenant.
        tenant: TenantId,
        /// The version.
        version: Version,
        /// Where the answer goes.
        reply: Reply<()>,
    },
    /// Pin a blob before its file is written.
    Pin {
        /// The tenant.
        tenant: TenantId,
        /// The blob.
        digest: Digest,
        /// Where the answer goes.
        reply: Reply<()>,
    },
    /// Something that only shares the transaction. The driver never sees it.
    Unit(Box<dyn Unit>),
    /// Take up every run that was left unfinished.
    Recover {
        /// Where the answer goes: how many attempts were taken up.
        reply: Reply<usize>,
    },
}

/// A run to begin.
pub struct Create {
    /// The tenant it will belong to.
    pub tenant: TenantId,
    /// What it carries with it.
    pub created: Created,
    /// Its input.
    pub input: Body,
    /// The method, for a package: shown in lists.
    pub method: Option<String>,
    /// On whose behalf.
    pub by: Principal,
    /// Which request this is.
    pub request: RequestId,
    /// The idempotency key and the hash of the whole request, when the caller gave one.
    pub key: Option<(Key, Hash)>,
    /// Where the answer goes.
    pub reply: Reply<Accepted>,
}

/// The answer to a creation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// The run is durable and was not there before.
    New(RunId),
    /// An earlier delivery of the same request made this run.
    Known(RunId),
}

impl Accepted {
    /// The run.
    pub const fn run(self) -> RunId {
        match self {
            Self::New(run) | Self::Known(run) => run,
        }
    }
}

/// A value and its digest, computed once. A [`Value::Blob`] was stored before.
#[derive(Clone, Debug)]
pub struct Body {
    /// What the value is.
    pub digest: Digest,
    /// The value.
    pub value: Value,
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self { digest: value.digest(), value }
    }
}

/// Something a worker noted about an attempt.
#[derive(Clone, Debug)]
pub struct RunNote {
    /// The run.
    pub key: RunKey,
    /// One JSON object with a `type`.
    pub envelope: String,
}

/// Why the driver did not do what it was asked. Nothing has changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// The core declined.
    #[error(transparent)]
    Declined(#[from] Refusal),
    /// The tenant has no such run.
    #[error("there is no such run")]
    NoSuchRun,
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request, which made {run}")]
    KeyUsed {
        /// The run that request made.
        run: RunId,
    },
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A stored run cannot be read by this version.
    #[error("{run} cannot be opened: {detail}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// Why.
        detail: String,
    },
}
