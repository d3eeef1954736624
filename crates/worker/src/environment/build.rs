//! Builds one environment in its place, under its exclusive lock.
//!
//! ```text
//! nothing, or a torn build -> wiped -> created -> installed -> checked -> env.json
//! ```
//! Killed anywhere before `env.json`, it leaves what the next builder wipes. Failing or cancelled, it leaves nothing.

mod failure;
mod shell;

use std::{ffi::OsString, fs, ops::ControlFlow, path::Path};

use mainspring_agent::InstallCommand;
use mainspring_types::{Problem, Timestamp};

use self::shell::Network;
use super::{
    cancel::Cancel,
    fault::fault,
    interpreter::Interpreter,
    layout::{Home, Layout},
    orphans,
    plan::{Plan, Tree},
    process::{self, Bounds, End, Ended},
    progress::{Reporter, Stage},
    record::Record,
    settings::Settings,
    staging::copy_tree,
    tool::{self, Tool},
    weight,
};

/// Everything a build needs to know.
pub(super) struct Build<'a> {
    pub(super) layout: &'a Layout,
    pub(super) home: Home,
    pub(super) settings: &'a Settings,
    pub(super) interpreter: &'a Interpreter,
    pub(super) tool: &'a Tool,
    pub(super) plan: &'a Plan,
    pub(super) snapshot: &'a Path,
    pub(super) cancel: &'a Cancel,
}

impl Build<'_> {
    /// Builds the environment, or leaves nothing behind.
    pub(super) fn run(&self, progress: &mut Reporter) -> Result<(), Problem> {
        wipe(self.home.path())?;
        let built =
            self.create(progress).and_then(|()| self.install(progress)).and_then(|()| self.check(progress));
        if built.is_err() {
            wipe(self.home.path())?;
        }
        built
    }

    fn create(&self, progress: &mut Reporter) -> Result<(), Problem> {
        progress.say(Stage::Create, 10, format!("creating an environment with {}", self.interpreter));
        for folder in [&self.home.scratch(), &self.layout.cache("home")] {
            fs::create_dir_all(folder).map_err(fault("create", folder))?;
        }
        let words = if self.plan.commands.is_empty() {
            tool::bare_creation(&self.interpreter.path, &self.home.venv())
        } else {
            self.tool.creation(&self.interpreter.path, &self.home.venv())
        };
        let ended = self.start(&words, self.home.path(), Network::AsItIs)?;
        self.judge(&ended, &format!("creating an environment with {}", self.interpreter))
    }

    fn install(&self, progress: &mut Reporter) -> Result<(), Problem> {
        let commands = &self.plan.commands;
        if !commands.is_empty() {
            let source = self.home.source();
            copy_tree(self.snapshot, &source).map_err(fault("copy the agent's files to", &source))?;
        }
        for (done, command) in commands.iter().enumerate() {
            let percent = 20 + 70 * done / commands.len();
            let message = format!("installing, {} of {}: `{command}`", done + 1, commands.len());
            progress.say(Stage::Install, u8::try_from(percent).ok(), message);
            self.install_one(command)?;
        }
        Ok(())
    }

    fn install_one(&self, command: &InstallCommand) -> Result<(), Problem> {
        let no_lock =
            !matches!(command, InstallCommand::Sync(_)) || !self.home.source().join("uv.lock").exists();
        let words =
            self.tool.invocation(command, &self.home.python()).filter(|_| *self.tool != Tool::Pip || no_lock);
        let Some(words) = words else { return Err(failure::needs_uv(command)) };
        let mut ended = self.start(&words, &self.home.source(), Network::AsItIs)?;
        if *self.tool != Tool::Pip && shell::lacks_network(&ended) {
            let again = self.start(&words, &self.home.source(), Network::Unused)?;
            // The first failure is the one to tell of, unless the cache was enough.
            if !matches!(again.end, End::Exited(status) if !status.success()) {
                ended = again;
            }
        }
        self.judge(&ended, &format!("the install command `{command}`"))
    }

    fn check(&self, progress: &mut Reporter) -> Result<(), Problem> {
        progress.say(Stage::Check, 95, "checking that the environment starts");
        let words: Vec<OsString> = vec![self.home.python().into(), "-I".into(), "-c".into(), "pass".into()];
        let ended = self.start(&words, self.home.path(), Network::AsItIs)?;
        self.judge(&ended, "starting the environment's interpreter")?;
        self.tidy()?;
        let size = weight::weigh(self.home.path());
        if size > self.settings.cap {
            return Err(self.too_large());
        }
        let packages = weight::installed(&self.home.packages(self.interpreter));
        let (major, minor, patch) = self.interpreter.version;
        let record = Record {
            interpreter: self.interpreter.path.clone(),
            python: format!("{major}.{minor}.{patch}"),
            tool: self.tool.name().to_owned(),
            commands: self.plan.commands.iter().map(ToString::to_string).collect(),
            packages,
            size,
            created: Timestamp::now(),
        };
        record.write(self.home.path()).map_err(fault("complete", self.home.path()))
    }

    /// Removes what only the building needed.
    fn tidy(&self) -> Result<(), Problem> {
        let source = (self.plan.tree == Tree::Unused).then(|| self.home.source());
        for folder in
            [Some(self.home.scratch()), source].into_iter().flatten().filter(|folder| folder.exists())
        {
            fs::remove_dir_all(&folder).map_err(fault("remove", &folder))?;
        }
        Ok(())
    }

    /// Runs a program in `folder` until it ends, or must.
    fn start(&self, words: &[OsString], folder: &Path, network: Network) -> Result<Ended, Problem> {
        let command = shell::command(self, words, folder, network);
        let over = || weight::weigh(self.home.path()) > self.settings.cap;
        let mut watch = || if over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let mut bounds = Bounds { time: self.settings.command_time, cancel: self.cancel, watch: &mut watch };
        process::run(command, &mut bounds).map_err(|error| failure::not_started(&words[0], &error))
    }

    fn judge(&self, ended: &Ended, what: &str) -> Result<(), Problem> {
        match ended.end {
            End::Exited(status) if status.success() => Ok(()),
            End::Exited(status) => Err(failure::failed(what, status, &ended.output)),
            End::OutOfTime => Err(failure::out_of_time(what, self.settings.command_time, &ended.output)),
            End::Stopped => Err(self.too_large()),
            End::Cancelled => Err(failure::cancelled()),
        }
    }

    fn too_large(&self) -> Problem {
        let packages = weight::largest(&self.home.packages(self.interpreter), 3);
        failure::too_large(weight::weigh(self.home.path()), self.settings.cap, &packages)
    }
}

/// Ends what an earlier builder left running in `home`, and removes what it left lying.
///
/// Only for the holder of the environment's exclusive lock.
pub(super) fn wipe(home: &Path) -> Result<(), Problem> {
    if home.exists() {
        orphans::end(home);
        Record::remove(home).and_then(|()| fs::remove_dir_all(home)).map_err(fault("remove", home))?;
    }
    Ok(())
}
