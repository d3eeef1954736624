//! Gates: what waits for a person, and the answer.

use mainspring_types::{GateId, Problem};

use super::{Client, json, query};
use crate::{
    gate::{AnswerGate, GateView, ListGates},
    run::Page,
};

impl Client {
    /// One page of gates, oldest first; open ones unless told otherwise.
    pub async fn list_gates(&self, list: &ListGates) -> Result<Page<GateView>, Problem> {
        let (run, limit) = (list.run.map(|run| run.to_string()), list.limit.map(|limit| limit.to_string()));
        let query =
            query(&[("state", &list.state), ("run", &run), ("limit", &limit), ("cursor", &list.cursor)]);
        self.get(&format!("/api/v1/gates?{query}")).await
    }

    /// A gate, whole.
    pub async fn gate(&self, gate: GateId) -> Result<GateView, Problem> {
        self.get(&format!("/api/v1/gates/{gate}")).await
    }

    /// Decides, durable once this returns; a gate that was answered before is a conflict.
    pub async fn answer_gate(&self, gate: GateId, answer: &AnswerGate) -> Result<GateView, Problem> {
        self.post(&format!("/api/v1/gates/{gate}/answer"), json(answer)).await
    }
}
