//! One server of a run: connected when it is first needed, and anew when it is gone.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    time::Duration,
};

use mainspring_agent::Glob;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, GetMeta as _, ListToolsRequest,
    PaginatedRequestParams,
};
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Call,
    connection::{Connection, Silence, Unmet, Way},
    fault::{Doing, Fault, Trouble},
    listing::{Changes, Listing, Reader, ToolSpec},
    outcome::Outcome,
};

/// How often a server is started within a minute: once, and three times again.
const STARTS_MAX: usize = 4;
const MINUTE: Duration = Duration::from_mins(1);

/// How many pages a list of tools may have.
const PAGES_MAX: usize = 50;

/// The field of a call's `_meta` that holds its idempotency key.
const KEY: &str = "mainspring/idempotency-key";

/// One server of a run.
pub(crate) struct Server {
    name: String,
    way: Way,
    grant: Option<Vec<Glob>>,
    patience: Duration,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    live: Option<Arc<Connection>>,
    starts: VecDeque<Instant>,
    pinned: Option<Pinned>,
}

/// The tools that hold until the next turn.
struct Pinned {
    listing: Arc<Listing>,
    /// The connection they were read from.
    from: Weak<Connection>,
}

impl Server {
    pub(crate) fn new(name: &str, way: Way, grant: Option<Vec<Glob>>, patience: Duration) -> Self {
        Self { name: name.to_owned(), way, grant, patience, slot: Mutex::default() }
    }

    /// The pinned tools; the first time, those that the server lists now.
    pub(crate) async fn list(&self) -> Result<Arc<Listing>, Fault> {
        let mut slot = self.slot.lock().await;
        if let Some(pinned) = &slot.pinned {
            return Ok(Arc::clone(&pinned.listing));
        }
        let live = self.connect(&mut slot).await?;
        self.read(&mut slot, &live).await
    }

    /// Pins tools that were listed before.
    pub(crate) async fn pin(&self, listing: Listing) {
        self.slot.lock().await.pinned = Some(Pinned { listing: Arc::new(listing), from: Weak::new() });
    }

    /// Pins the tools anew, if they may be others, and tells how they differ.
    pub(crate) async fn changes(&self) -> Result<Changes, Fault> {
        let mut slot = self.slot.lock().await;
        let live = self.connect(&mut slot).await?;
        let before = match &slot.pinned {
            Some(pinned) if pinned.from.as_ptr() == Arc::as_ptr(&live) && !live.may_have_changed() => {
                return Ok(Changes::default());
            }
            pinned => pinned.as_ref().map(|pinned| Arc::clone(&pinned.listing)),
        };
        let now = self.read(&mut slot, &live).await?;
        Ok(before.unwrap_or_default().changes(&now))
    }

    /// Calls a tool, once.
    pub(crate) async fn call(&self, call: &Call<'_>, cancel: &CancellationToken) -> Outcome {
        let doing = || Doing::Call(call.tool.to_owned());
        let ready = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(self.fault(doing(), Trouble::Cancelled)),
            ready = self.ready(call.tool) => ready,
        };
        let (live, tool) = match ready {
            Ok(ready) => ready,
            Err(fault) => return Outcome::Failed { message: fault.told() },
        };
        let request = match request(&tool, call) {
            Ok(request) => request,
            Err(trouble) => {
                return Outcome::Failed { message: self.fault(doing(), trouble).told() };
            }
        };
        match live.ask(request, call.timeout, cancel).await {
            Ok(answer) => Outcome::read(&self.name, &tool, &answer),
            Err(Silence::Unasked(trouble)) => {
                Outcome::Failed { message: self.fault_of(&live, doing(), trouble).told() }
            }
            Err(Silence::Unanswered(trouble)) => {
                Outcome::Unknown { message: self.fault_of(&live, doing(), trouble).told() }
            }
            Err(Silence::Said { code, message }) => {
                let fault = self.fault(doing(), Trouble::Said { code, message });
                Outcome::Returned { text: fault.told(), error: true }
            }
        }
    }

    /// Ends the connection; nothing of a program is left.
    pub(crate) async fn close(&self) {
        let live = self.slot.lock().await.live.take();
        if let Some(live) = live {
            live.close().await;
        }
    }

    /// What a call needs: a connection, and the tool as it was listed.
    async fn ready(&self, tool: &str) -> Result<(Arc<Connection>, ToolSpec), Fault> {
        let listing = self.list().await?;
        let Some(spec) = listing.find(tool) else {
            let known = listing.tools.iter().map(|tool| tool.own_name.clone()).collect();
            return Err(self.fault(Doing::Call(tool.to_owned()), Trouble::NoTool { known }));
        };
        let live = self.connect(&mut *self.slot.lock().await).await?;
        Ok((live, spec.clone()))
    }

    /// The live connection, made now where there is none.
    async fn connect(&self, slot: &mut Slot) -> Result<Arc<Connection>, Fault> {
        if let Some(live) = slot.live.take_if(|live| live.is_over()) {
            // Calls that still wait on it keep it until they end.
            drop(live);
        }
        if let Some(live) = &slot.live {
            return Ok(Arc::clone(live));
        }
        self.count_start(slot)?;
        match Connection::open(&self.way, self.patience).await {
            Ok(live) => Ok(Arc::clone(slot.live.insert(Arc::new(live)))),
            Err(Unmet { trouble, evidence }) => Err(Fault {
                complaints: evidence.complaints(),
                stray: evidence.strayed(),
                ..self.fault(Doing::Start, trouble)
            }),
        }
    }

    fn count_start(&self, slot: &mut Slot) -> Result<(), Fault> {
        let now = Instant::now();
        slot.starts.retain(|start| now.duration_since(*start) < MINUTE);
        if slot.starts.len() >= STARTS_MAX {
            return Err(self.fault(Doing::Start, Trouble::Restarts));
        }
        slot.starts.push_back(now);
        Ok(())
    }

    /// Reads the list of tools and pins it.
    async fn read(&self, slot: &mut Slot, live: &Arc<Connection>) -> Result<Arc<Listing>, Fault> {
        let listing = self.pages(live).await.map_err(|silence| {
            let trouble = match silence {
                Silence::Unasked(trouble) | Silence::Unanswered(trouble) => trouble,
                Silence::Said { code, message } => Trouble::Said { code, message },
            };
            self.fault_of(live, Doing::List, trouble)
        })?;
        let listing = Arc::new(listing);
        slot.pinned = Some(Pinned { listing: Arc::clone(&listing), from: Arc::downgrade(live) });
        Ok(listing)
    }

    async fn pages(&self, live: &Connection) -> Result<Listing, Silence> {
        let deadline = Instant::now() + self.patience;
        let mut reader = Reader::new(&self.name, self.grant.as_deref());
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let request = ListToolsRequest { params: Some(page), ..ListToolsRequest::default() };
            let left = deadline.saturating_duration_since(Instant::now());
            let request = ClientRequest::ListToolsRequest(request);
            let page = live.ask(request, left, &CancellationToken::new()).await?;
            let next = reader.take(&page);
            cursor = next.map_err(|reason| Silence::Unanswered(Trouble::Nonsense { reason }))?;
            if cursor.is_none() {
                return Ok(reader.finish());
            }
        }
        reader.give_up();
        Ok(reader.finish())
    }

    fn fault(&self, doing: Doing, trouble: Trouble) -> Fault {
        Fault { secrets: self.way.secrets(), ..Fault::new(&self.name, doing, trouble) }
    }

    /// The fault, with what was seen of the server.
    fn fault_of(&self, live: &Connection, doing: Doing, trouble: Trouble) -> Fault {
        let (complaints, stray) = match trouble {
            // These are explained by what they are, and what the server said long ago would only mislead.
            Trouble::Cancelled | Trouble::Said { .. } => (None, None),
            _ => (live.evidence().complaints(), live.evidence().strayed()),
        };
        Fault { complaints, stray, ..self.fault(doing, trouble) }
    }
}

fn request(tool: &ToolSpec, call: &Call<'_>) -> Result<ClientRequest, Trouble> {
    let Value::Object(arguments) = call.arguments else { return Err(Trouble::Arguments) };
    let params = CallToolRequestParams::new(tool.own_name.clone()).with_arguments(arguments.clone());
    let mut request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
    request.get_meta_mut().insert(KEY.to_owned(), call.key.into());
    Ok(request)
}
