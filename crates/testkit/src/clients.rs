//! The providers' own Python clients, as wheels on this machine, so that tests install them without a network.
//!
//! Which versions is told by `clients.txt`, whole with what they need. `cargo xtask setup` puts them there.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::Missing;

/// The versions, one `NAME==VERSION` a line.
pub const VERSIONS: &str = include_str!("../clients.txt");

const MISSING: Missing = Missing { what: "the providers' Python clients", remedy: "run `cargo xtask setup`" };

/// Variables with which pip and uv install the clients, and nothing from elsewhere.
pub fn installers() -> Result<Vec<(&'static str, PathBuf)>, Missing> {
    let tools = tools();
    let wheels = tools.join("wheels");
    let is_whole = fs::read_to_string(wheels.join("clients.txt")).is_ok_and(|had| had == VERSIONS);
    if !is_whole {
        return Err(MISSING);
    }
    let uv = env::var_os("MAINSPRING_UV").map_or_else(|| tools.join("uv/bin/uv"), PathBuf::from);
    let uv = uv.is_file().then_some(("MAINSPRING_UV", uv));
    let away = [("PIP_NO_INDEX", "1"), ("UV_NO_INDEX", "1"), ("UV_OFFLINE", "1")];
    let away = away.map(|(name, value)| (name, PathBuf::from(value)));
    let here = [("PIP_FIND_LINKS", wheels.clone()), ("UV_FIND_LINKS", wheels)];
    Ok(here.into_iter().chain(away).chain(uv).collect())
}

/// Where `cargo xtask setup` puts what belongs to this project.
pub(crate) fn tools() -> PathBuf {
    let own = || env::home_dir().unwrap_or_else(env::temp_dir).join(Path::new(".cache/mainspring/tools"));
    env::var_os("MAINSPRING_TOOLS").map_or_else(own, PathBuf::from)
}
