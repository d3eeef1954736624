//! `cargo xtask`: the one developer command. Without arguments it lists its recipes.
//!
//! Each recipe is one file that names its steps in order; [`step`] times and reports them, and the first that
//! fails ends the command with the way to repeat it. Everything said here goes to standard error, so that the
//! output of what is run stays clean for scripts.

mod bench;
mod bless;
mod check;
mod dev;
mod fmt;
mod screenshot;
mod setup;
mod sim;
mod step;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use step::{Failure, say};

struct Recipe {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "setup",
        arguments: "",
        about: "install what checks and tests need, if absent",
        run: setup::run,
    },
    Recipe { name: "fmt", arguments: "", about: "format every crate", run: fmt::run },
    Recipe {
        name: "check",
        arguments: "",
        about: "formatting, layers, clippy, docs, error pages, dependencies",
        run: check::run,
    },
    Recipe {
        name: "test",
        arguments: "[--full] [--no-setup] [cargo test arguments]",
        about: "set up, then run every test",
        run: test::run,
    },
    Recipe {
        name: "sim",
        arguments: "--seeds N [--from S]",
        about: "run the simulators over N seeds",
        run: sim::run,
    },
    Recipe { name: "bench", arguments: "NAME [--json]", about: "run one benchmark", run: bench::run },
    Recipe {
        name: "bless",
        arguments: "[cargo test arguments]",
        about: "accept the snapshots as they are now",
        run: bless::run,
    },
    Recipe {
        name: "dev",
        arguments: "[serve arguments]",
        about: "serve from the sources on a data folder of its own",
        run: dev::run,
    },
    Recipe {
        name: "screenshot",
        arguments: "",
        about: "take the picture of a session in the documentation again",
        run: screenshot::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        list();
        return ExitCode::SUCCESS;
    };
    let Some(recipe) = RECIPES.iter().find(|recipe| recipe.name == name) else {
        say(&format!("error: no recipe `{name}`\n"));
        list();
        return ExitCode::from(2);
    };
    match (recipe.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("\nerror: {failure}"));
            ExitCode::from(failure.status)
        }
    }
}

fn list() {
    say("cargo xtask RECIPE");
    for Recipe { name, arguments, about, .. } in RECIPES {
        say(&format!("  {:<52} {about}", format!("{name} {arguments}")));
    }
}
