//! `check`: everything that is judged without running the product, the quickest first.

mod absent;
mod layers;
mod purity;
mod table;

use std::fs;

use crate::{
    fmt, setup,
    step::{Failure, run as run_step, say, step},
    workspace::{cargo, metadata, root},
};

/// Where the tables of layers and of absent crates are written.
const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// Checks formatting, layers, lints, documentation, error pages and dependencies.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    setup::for_checks()?;
    fmt::check()?;
    step("layers", || none("layers", &graph()?))?;
    step("purity of core", || none("purity of core", &purity::findings(&root())?))?;
    run_step(
        "clippy",
        &mut cargo(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
    )?;
    run_step(
        "docs",
        cargo(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    run_step(
        "error pages",
        &mut cargo(["test", "--quiet", "--package=mainspring-types", "--test=error_pages"]),
    )?;
    run_step(
        "dependencies",
        &mut cargo(["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]),
    )
}

/// What the manifests do that `ARCHITECTURE.md` does not say.
fn graph() -> Result<Vec<String>, Failure> {
    let path = root().join(ARCHITECTURE);
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("read `{ARCHITECTURE}`: {error}"), "it holds the table of layers; restore it")
    })?;
    let unreadable = |why| Failure::new(format!("{ARCHITECTURE}: {why}"), "see xtask/src/check/table.rs");
    let metadata = metadata()?;
    let mut findings = layers::findings(&table::read(&text, "layers").map_err(unreadable)?, &metadata);
    findings.extend(absent::findings(&table::read(&text, "absent").map_err(unreadable)?, &metadata));
    Ok(findings)
}

/// Prints each finding; passes when there is none.
fn none(title: &str, findings: &[String]) -> Result<(), Failure> {
    for finding in findings {
        say(&format!("    {finding}"));
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::new(
            format!("{title} failed with {count} finding(s)"),
            "mend each as its line says, then repeat with `cargo xtask check`",
        )),
    }
}
