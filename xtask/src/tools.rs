//! Programs that tests use and this repository does not hold: where each is looked for.
//!
//! Nothing is installed here; that is the part of [`crate::setup`].

use std::{env, path::PathBuf};

/// The folder of tools that belong to this project: `$MAINSPRING_TOOLS`, or `~/.cache/mainspring/tools`.
pub(crate) fn folder() -> PathBuf {
    env::var_os("MAINSPRING_TOOLS").map_or_else(
        || env::home_dir().unwrap_or_else(env::temp_dir).join(".cache/mainspring/tools"),
        PathBuf::from,
    )
}

/// `uv`: what `MAINSPRING_UV` names, else the project's own, else the first on the path.
///
/// A shim of pyenv is passed over: it is there for every version and works only in some.
pub(crate) fn uv() -> Option<PathBuf> {
    let named = env::var_os("MAINSPRING_UV").map(PathBuf::from);
    let own = folder().join("uv/bin/uv");
    let on_path = on_path("uv").filter(|path| !path.components().any(|part| part.as_os_str() == "shims"));
    named.into_iter().chain([own]).chain(on_path).find(|path| path.is_file())
}

/// Whether PostgreSQL is there, by the places in which `mainspring-testkit` looks for it.
pub(crate) fn has_postgres() -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = env::var_os("PATH").unwrap_or_default();
    debian
        .map(|version| version.path().join("bin"))
        .chain(env::split_paths(&path))
        .chain(["/usr/local/bin".into()])
        .any(|folder| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file()))
}

/// The first program of this name on the path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}
