//! Real MCP servers on this machine, so that tests start them without a network.
//!
//! Which versions is told by `mcp_servers/package-lock.json`, whole with what they need. `cargo xtask setup` puts them
//! there; they are Node programs.

use std::{env, fs, path::PathBuf};

use crate::{Missing, clients::tools};

/// The versions, as npm keeps them.
pub const LOCK: &str = include_str!("../mcp_servers/package-lock.json");

/// A server of the protocol's owners that has one tool for everything: over stdio with the argument `stdio`, over HTTP
/// on the port `PORT`, at `/mcp`, with `streamableHttp`.
pub fn everything() -> Result<Vec<String>, Missing> {
    command("@modelcontextprotocol/server-everything")
}

/// A server of the protocol's owners for files below the folders that are its arguments.
pub fn filesystem() -> Result<Vec<String>, Missing> {
    command("@modelcontextprotocol/server-filesystem")
}

/// Where all of them are, for a sandbox that is to let them read themselves.
pub fn folder() -> PathBuf {
    tools().join("mcp_servers")
}

/// The command, with full paths: it works in an environment of its own.
fn command(package: &str) -> Result<Vec<String>, Missing> {
    let path = env::var_os("PATH").unwrap_or_default();
    let node = env::split_paths(&path).map(|folder| folder.join("node")).find(|program| program.is_file());
    let node = node.ok_or(Missing { what: "`node`", remedy: "install Node.js 20 or newer, with npm" })?;
    let folder = folder();
    if !fs::read_to_string(folder.join("installed.json")).is_ok_and(|had| had == LOCK) {
        return Err(Missing { what: "MCP servers from npm", remedy: "run `cargo xtask setup`" });
    }
    let program = folder.join("node_modules").join(package).join("dist/index.js");
    Ok([node, program].map(|path| path.to_string_lossy().into_owned()).into())
}
