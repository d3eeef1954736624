//! The typed client of the HTTP API.
//!
//! It speaks HTTP/1.1 over the control socket of a data folder or over TCP, and keeps connections for the next call.
//! Every failure is a [`Problem`]: the server's own, or E1507 when no server could be asked. Nothing is sent twice
//! except what only reads or never left this process; [`Client::follow`] alone reconnects.

mod address;
mod answer;
mod events;
mod follow;
mod gates;
mod sessions;
pub mod socket;
mod wire;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::Stream;
use hyper::Method;
use mainspring_types::{Problem, RunId, SecretString};
use serde::{Serialize, de::DeserializeOwned};

pub use self::events::Live;

use self::{
    address::Address,
    answer::{first, read},
    wire::{Ask, Wires},
};
use crate::{
    effect::{EffectView, ListEffects},
    event::EventView,
    limit::{DivergeRun, RaiseRun},
    run::{CancelRun, CreateRun, Health, ListRuns, Page, RunSummary, RunView},
};

/// A client of one server; clones share its connections.
#[derive(Clone, Debug)]
pub struct Client {
    wires: Arc<Wires>,
}

impl Client {
    /// A client of the owner of a data folder, who knows this user by the socket: no key is sent.
    pub fn unix(socket: impl Into<PathBuf>) -> Self {
        Self::to(Address::Socket(socket.into()))
    }

    /// A client of the server at `address`, which is sent `key` with every request.
    pub fn tcp(address: SocketAddr, key: SecretString) -> Self {
        Self::to(Address::Tcp { address, key })
    }

    fn to(address: Address) -> Self {
        Self { wires: Arc::new(Wires::new(address)) }
    }

    /// Starts a run, durable once this returns. With `key`, the same call again gives the same run.
    ///
    /// An agent's definition may have several problems: the first stands for the call, the others follow.
    pub async fn create_run(&self, request: &CreateRun, key: Option<&str>) -> Result<RunView, Vec<Problem>> {
        let ask = Ask { key, ..Ask::post("/api/v1/runs", json(request)) };
        read(&self.wires.ask(ask).await.map_err(|problem| vec![problem])?)
    }

    /// A run, whole.
    pub async fn run(&self, run: RunId) -> Result<RunView, Problem> {
        self.get(&format!("/api/v1/runs/{run}")).await
    }

    /// One page of runs, newest first.
    pub async fn list_runs(&self, list: &ListRuns) -> Result<Page<RunSummary>, Problem> {
        let limit = list.limit.map(|limit| limit.to_string());
        let query = query(&[("status", &list.status), ("limit", &limit), ("cursor", &list.cursor)]);
        self.get(&format!("/api/v1/runs?{query}")).await
    }

    /// Ends a run early; the run's status says whether it had ended before.
    pub async fn cancel(&self, run: RunId, cancel: &CancelRun) -> Result<RunView, Problem> {
        self.post(&format!("/api/v1/runs/{run}/cancel"), json(cancel)).await
    }

    /// Dispatches nothing more of the run until it is resumed.
    pub async fn pause(&self, run: RunId) -> Result<RunView, Problem> {
        self.post(&format!("/api/v1/runs/{run}/pause"), Bytes::new()).await
    }

    /// Dispatches again.
    pub async fn resume(&self, run: RunId) -> Result<RunView, Problem> {
        self.post(&format!("/api/v1/runs/{run}/resume"), Bytes::new()).await
    }

    /// One page of a run's effects, in the order in which they were made.
    pub async fn effects(&self, run: RunId, list: &ListEffects) -> Result<Page<EffectView>, Problem> {
        let limit = list.limit.map(|limit| limit.to_string());
        let query = query(&[("limit", &limit), ("cursor", &list.cursor)]);
        self.get(&format!("/api/v1/runs/{run}/effects?{query}")).await
    }

    /// Sets what the run may use from now on; what is held for its budget looks again at once.
    pub async fn raise(&self, run: RunId, raise: &RaiseRun) -> Result<RunView, Problem> {
        self.post(&format!("/api/v1/runs/{run}/raise"), json(raise)).await
    }

    /// Decides what happens when the run's agent leaves the recorded path.
    pub async fn diverge(&self, run: RunId, diverge: &DivergeRun) -> Result<RunView, Problem> {
        self.post(&format!("/api/v1/runs/{run}/diverge"), json(diverge)).await
    }

    /// The entries of a run after `after`, until its last or until the connection ends.
    pub async fn events(
        &self,
        run: RunId,
        after: u64,
    ) -> Result<impl Stream<Item = Result<EventView, Problem>> + Send + use<>, Problem> {
        events::open(&self.wires, run, after).await
    }

    /// The same with what its models are just saying, which is no part of the journal.
    pub async fn events_live(
        &self,
        run: RunId,
        after: u64,
    ) -> Result<impl Stream<Item = Result<Live, Problem>> + Send + use<>, Problem> {
        events::open_live(&self.wires, run, after).await
    }

    /// The entries of a run after `after` until its last, across restarts of the server.
    ///
    /// Ends with the error once the server has been out of reach for as long as `patience`.
    pub fn follow(
        &self,
        run: RunId,
        after: u64,
        patience: Duration,
    ) -> impl Stream<Item = Result<EventView, Problem>> + Send + use<> {
        follow::follow(self.clone(), run, after, patience)
    }

    /// Whether the server answers at all, and its version.
    pub async fn health(&self) -> Result<Health, Problem> {
        self.get("/health").await
    }

    /// Whether runs are accepted, and what each part says; a server that is not ready answers too.
    pub async fn ready(&self) -> Result<Health, Problem> {
        let reply = self.wires.ask(Ask::get("/ready")).await?;
        match serde_json::from_slice(&reply.body) {
            Ok(health) => Ok(health),
            Err(_) => read(&reply).map_err(first),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        read(&self.wires.ask(Ask::get(path)).await?).map_err(first)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: Bytes) -> Result<T, Problem> {
        read(&self.wires.ask(Ask::post(path, body)).await?).map_err(first)
    }
}

impl<'a> Ask<'a> {
    const fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, body: Bytes::new(), key: None }
    }

    const fn post(path: &'a str, body: Bytes) -> Self {
        Self { method: Method::POST, path, body, key: None }
    }
}

fn json<T: Serialize>(request: &T) -> Bytes {
    serde_json::to_vec(request).expect("requests have string keys only").into()
}

fn query(fields: &[(&str, &Option<String>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        query.extend_pairs(value.iter().map(|value| (name, value)));
    }
    query.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_request_travels_escaped() {
        let (limit, cursor) = (Some("20".to_owned()), Some("a b&c".to_owned()));
        assert_eq!(
            query(&[("status", &None), ("limit", &limit), ("cursor", &cursor)]),
            "limit=20&cursor=a+b%26c"
        );
    }
}
