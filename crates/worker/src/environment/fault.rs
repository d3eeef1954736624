//! What the disk refused, as a problem.

use std::{io, path::Path};

use mainspring_types::{Code, Problem};

/// Turns the error of doing `verb` to `path` into a problem; for use with `map_err`.
pub(super) fn fault(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Problem {
    let what = format!("cannot {verb} `{}`", path.display());
    move |error| match error.kind() {
        io::ErrorKind::StorageFull => disk_full(what).because(&error),
        _ => Problem::new(Code::DataInaccessible, what)
            .because(&error)
            .suggest("see that the folder of environments can be written"),
    }
}

/// The disk under the folder of environments is full.
pub(super) fn disk_full(what: String) -> Problem {
    Problem::new(Code::DiskFull, what)
        .suggest("free some space; `mainspring env prune` removes environments that nobody uses")
}
