//! Conversations: what is said to a run or in a session, and what was said before.

use bytes::Bytes;
use mainspring_types::{Problem, RunId, SessionId};

use super::{Client, json, query};
use crate::{
    run::{Page, RunView},
    session::{AddMessage, CreateSession, ListSessions, MessageAdded, SessionView, TurnView},
};

impl Client {
    /// Says something to a run, which takes it up with its next turn.
    pub async fn message_run(&self, run: RunId, message: &AddMessage) -> Result<MessageAdded, Problem> {
        self.post(&format!("/api/v1/runs/{run}/messages"), json(message)).await
    }

    /// Lets a run end when it has taken up what was said to it.
    pub async fn done(&self, run: RunId) -> Result<RunView, Problem> {
        self.post(&format!("/api/v1/runs/{run}/done"), Bytes::new()).await
    }

    /// Says something in a session: to its live run, or to a new one.
    pub async fn message_session(
        &self,
        session: SessionId,
        message: &AddMessage,
    ) -> Result<MessageAdded, Problem> {
        self.post(&format!("/api/v1/sessions/{session}/messages"), json(message)).await
    }

    /// Begins a session, empty or with the turns of another.
    pub async fn create_session(&self, create: &CreateSession) -> Result<SessionView, Problem> {
        self.post("/api/v1/sessions", json(create)).await
    }

    /// A session.
    pub async fn session(&self, session: SessionId) -> Result<SessionView, Problem> {
        self.get(&format!("/api/v1/sessions/{session}")).await
    }

    /// One page of sessions, newest first.
    pub async fn list_sessions(&self, list: &ListSessions) -> Result<Page<SessionView>, Problem> {
        self.get(&format!("/api/v1/sessions?{}", page(list))).await
    }

    /// One page of a session's concluded turns, oldest first.
    pub async fn turns(&self, session: SessionId, list: &ListSessions) -> Result<Page<TurnView>, Problem> {
        self.get(&format!("/api/v1/sessions/{session}/turns?{}", page(list))).await
    }
}

fn page(list: &ListSessions) -> String {
    let limit = list.limit.map(|limit| limit.to_string());
    query(&[("limit", &limit), ("cursor", &list.cursor)])
}
