//! The product as a peer whose workers hold conversations; it is talked to over its control socket.

use std::path::Path;

use super::{Door, stay};
use crate::agents::Agents;

/// Starts the product on the data folder in `folder` and keeps it until nobody needs it.
pub(super) async fn keep(folder: &Path, config: &str) {
    let _agents = Agents::start(folder, config).await;
    stay(&Door { url: String::new(), tokens: Vec::new() });
}
