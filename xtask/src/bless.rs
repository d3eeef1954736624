//! `bless`: accepts the snapshots as the code makes them now. Read the difference before you commit it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    step::{Failure, run as run_step},
    test::tests,
    workspace::{cargo, root},
};

/// Runs the tests, writing snapshots instead of comparing them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let blessing = [("INSTA_UPDATE", "always"), ("INSTA_FORCE_PASS", "1")];
    run_step("bless", tests(&arguments).envs(blessing))?;
    // A snapshot inside a source file is only noted beside it: rewriting sources is left to cargo-insta.
    match pending(&root().join("crates")).first() {
        None => Ok(()),
        Some(_) if cargo(["insta", "--version"]).output().is_ok_and(|output| output.status.success()) => {
            run_step("accept inline snapshots", &mut cargo(["insta", "accept"]))
        }
        Some(file) => Err(Failure::new(
            format!("snapshots inside sources changed too, such as `{}`", file.display()),
            "install cargo-insta with `cargo install --locked cargo-insta` and run this again",
        )),
    }
}

/// The notes that insta left about inline snapshots.
fn pending(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let notes = files.into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "pending-snap"));
    notes.chain(folders.iter().flat_map(|folder| pending(folder))).collect()
}
