//! Programs that tests use and this repository does not hold: where each is looked for.
//!
//! Nothing is installed here; that is the part of [`crate::setup`].

use std::{
    env,
    path::{Path, PathBuf},
};

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

/// The folder of `initdb` and `postgres`: on the path, else the newest of Debian's.
pub(crate) fn postgres() -> Option<PathBuf> {
    let complete = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let on_path = on_path("initdb").and_then(|initdb| Some(initdb.parent()?.to_owned()));
    let mut packaged: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    packaged.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    on_path.into_iter().chain(packaged).find(|folder| complete(folder))
}

/// The first program of this name on the path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The number in `/usr/lib/postgresql/15/bin`.
fn version(folder: &Path) -> u32 {
    let name = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}
