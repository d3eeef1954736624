//! What requests say, each element stored once a run however often it is sent.

use mainspring_types::Hash;
use rusqlite::OptionalExtension;

use super::{Pen, run_bytes};
use crate::{Fault, RunKey};

const HAS: &str = "SELECT 1
FROM messages
WHERE tenant = $1 AND run = $2 AND node = $3";
const PUT: &str = "INSERT INTO messages (tenant, run, node, before, packed, body)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant, run, node) DO NOTHING";

pub(crate) const STATEMENTS: &[&str] = &[HAS, PUT];

/// One element of a request, named by the hash of itself and all before it.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// Its name.
    pub node: Hash,
    /// The name of the element before it.
    pub before: Option<Hash>,
    /// Whether `body` is compressed.
    pub packed: bool,
    /// The element.
    pub body: &'a [u8],
}

/// Elements of requests.
impl Pen<'_> {
    /// Whether the run has the element, and so all before it.
    pub fn has_node(&self, key: &RunKey, node: &Hash) -> Result<bool, Fault> {
        let values = (key.tenant.as_str(), run_bytes(key.run), node.as_bytes());
        Ok(self.connection.prepare_cached(HAS)?.query_row(values, |_| Ok(())).optional()?.is_some())
    }

    /// Keeps an element; nothing happens when the run has it.
    pub fn put_node(&mut self, key: &RunKey, is: &Node<'_>) -> Result<(), Fault> {
        self.execute(
            PUT,
            &[
                &key.tenant.as_str(),
                &run_bytes(key.run),
                is.node.as_bytes(),
                &is.before.as_ref().map(Hash::as_bytes),
                &is.packed,
                &is.body,
            ],
        )
    }
}
