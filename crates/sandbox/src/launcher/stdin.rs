//! The two ends of a program's standard input.

use std::{io, os::fd::OwnedFd};

use tokio::process::ChildStdin;

use crate::{error::StartError, spec::Input, wire::Stdin};

/// The program's end, and the caller's where the caller writes to it.
pub(super) fn ends(input: &Input) -> Result<(Stdin, Option<ChildStdin>), StartError> {
    match input {
        Input::Null => Ok((Stdin::Null, None)),
        Input::Bytes(bytes) => Ok((Stdin::Bytes(bytes.clone()), None)),
        Input::Piped => pipe().map_err(|source| StartError::Confine {
            doing: "make a pipe for its standard input".into(),
            source,
        }),
    }
}

fn pipe() -> io::Result<(Stdin, Option<ChildStdin>)> {
    let (theirs, ours) = io::pipe()?;
    let ours = ChildStdin::from_std(OwnedFd::from(ours).into())?;
    Ok((Stdin::Pipe(theirs.into()), Some(ours)))
}
