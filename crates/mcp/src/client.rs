//! Who we are to a server: a client that offers it nothing.
//!
//! What a server may ask of a client is answered in the protocol's own way: a model, a list of folders and whatever
//! else are things we do not have, and a question to the user is declined.

#![expect(
    deprecated,
    reason = "the protocol retires models and roots of clients; servers ask for them still"
)]

use rmcp::{
    ClientHandler, ErrorData, RoleClient,
    model::{ClientCapabilities, ClientConfig, Implementation, ListRootsRequestMethod, ListRootsResult},
    service::RequestContext,
};

/// The client of every connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client;

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("mainspring", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), us)
    }

    // Models and questions are refused by default. Roots are not: an empty list would say that we have the notion.
    async fn list_roots(&self, _: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListRootsRequestMethod>())
    }
}
