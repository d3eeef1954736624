//! `screenshot`: the picture of a session in the documentation, taken of the real program.
//!
//! The program runs in a terminal of ours on `examples/reviewer`, its model being the script of `examples/offline`;
//! what is typed is listed here. What the terminal then shows becomes `docs/images/terminal.svg`. Only the times in it
//! differ from one taking to the next.

mod picture;
mod terminal;

use std::{
    fs,
    num::NonZero,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use self::terminal::{Size, Terminal};
use crate::{
    step::{Failure, run as run_step, step},
    workspace::{cargo, root},
};

const PICTURE: &str = "docs/images/terminal.svg";
const COMMAND: &str = "mainspring chat reviewer.yaml --workspace till";
// Rows enough for the whole session: nothing of it may scroll away.
const SIZE: Size =
    Size { rows: NonZero::new(60).expect("it is not 0"), columns: NonZero::new(96).expect("it is not 0") };

/// What the person waits for, and what they type then.
struct Act {
    /// Somewhere on the screen.
    shown: &'static str,
    /// In its last line, which says whose turn it is.
    last: &'static str,
    types: &'static str,
}

const ACTS: &[Act] = &[
    Act { shown: "reviewer", last: "/help", types: "Review till.py. What would you change first?\r" },
    Act { shown: "check.py", last: "[e]dit", types: "a" },
    Act { shown: "Who pays it", last: "answer:", types: "1" },
    Act { shown: "tokens", last: "/help", types: "Commit it.\r" },
    Act { shown: "git commit", last: "[e]dit", types: "" },
];

/// Builds the program, plays the session and writes the picture.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    run_step("build", &mut cargo(["build", "--package=mainspring-cli"]))?;
    step("session", || {
        let stage = Stage::new().map_err(|error| failed(&format!("set the stage: {error}")))?;
        let screen = play(stage.command()).map_err(|error| failed(&error.to_string()))?;
        let picture = root().join(PICTURE);
        let written = fs::create_dir_all(picture.parent().expect("it lies in a folder"))
            .and_then(|()| fs::write(&picture, picture::svg(&screen, COMMAND)));
        written.map_err(|error| failed(&format!("write `{PICTURE}`: {error}")))
    })
}

fn failed(why: &str) -> Failure {
    Failure::new(why, "repeat with `cargo xtask screenshot`")
}

/// The screen at the end of the session.
fn play(command: Command) -> Result<vt100::Screen, terminal::PlayError> {
    let mut terminal = Terminal::start(command, SIZE)?;
    for act in ACTS {
        terminal.wait_for(act.shown, act.last)?;
        terminal.write(act.types)?;
    }
    Ok(terminal.screen())
}

/// A folder with the example as a reader has it, and a data folder whose models are the script.
struct Stage(TempDir);

impl Stage {
    fn new() -> std::io::Result<Self> {
        let stage = Self(tempfile::tempdir()?);
        let examples = root().join("examples");
        copy(&examples.join("reviewer"), stage.0.path())?;
        copy(&examples.join("offline"), &stage.data())?;
        fs::set_permissions(stage.data(), fs::Permissions::from_mode(0o700))?;
        Ok(stage)
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn command(&self) -> Command {
        let words = COMMAND.split(' ').skip(1);
        // Only a program that opens a session may take a terminal as its own, and this one does both.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(built()).args(words).current_dir(&self.0);
        command.env_clear().env("TERM", "xterm-256color").env("MAINSPRING_HOME", self.data());
        command.envs(["HOME", "PATH"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command
    }
}

/// The program as `cargo build` leaves it.
fn built() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug/mainspring")
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
