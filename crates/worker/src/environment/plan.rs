//! What has to be installed, decided before anything is built: which commands run, and what of the agent's tree they
//! read.
//!
//! Only what decides the outcome is part of it, so that an edit of the agent's code does not build its environment
//! again: requirements files count by their content, and the whole tree counts only when a command installs from it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use mainspring_agent::{InstallCommand, Requirements};
use mainspring_types::{Code, Problem};

use super::settings::AllowInstall;

/// What has to be installed.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// In order, without those that ours has done already.
    pub(super) commands: Vec<InstallCommand>,
    /// The requirements files that commands read, by their path below the tree.
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Whether commands install from the tree.
    pub(super) tree: Tree,
}

/// Whether commands install from the agent's tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tree {
    /// The environment is the same whatever the tree holds.
    Unused,
    /// The environment holds, or points into, a copy of the tree.
    Installed,
}

/// Options that choose the environment, which is ours to choose; without them the command means the same.
const DROPPED: [&str; 3] = ["--system", "--user", "--break-system-packages"];

/// Options that would install, or look, somewhere else.
const ELSEWHERE: [&str; 6] = ["--target", "--prefix", "--root", "--python", "--directory", "--project"];

/// The same, for options whose value may follow at once.
const ELSEWHERE_SHORT: [&str; 2] = ["-t", "-p"];

impl Plan {
    /// The plan for `requirements` of an agent whose tree lies in `snapshot`.
    pub(super) fn of(
        requirements: &Requirements,
        snapshot: &Path,
        allow: AllowInstall,
    ) -> Result<Self, Problem> {
        let commands = commands(requirements);
        if let (AllowInstall::Recognised, Some(refused)) =
            (allow, commands.iter().find(|each| !is_ours(each)))
        {
            return Err(refuse(refused));
        }
        let mut plan = Self { commands, files: BTreeMap::new(), tree: Tree::Unused };
        for command in plan.commands.clone() {
            match command {
                InstallCommand::Install(words) => plan.read_words(&words, snapshot, Path::new("")),
                _ => plan.tree = Tree::Installed,
            }
        }
        Ok(plan)
    }

    /// Notes what the arguments of an install command, or the words of a requirements file in `folder`, read.
    fn read_words(&mut self, words: &[String], snapshot: &Path, folder: &Path) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match Word::of(word) {
                Word::File("") => {
                    words.next().into_iter().for_each(|name| self.read_file(name, snapshot, folder));
                }
                Word::File(name) => self.read_file(name, snapshot, folder),
                Word::Tree => self.tree = Tree::Installed,
                Word::Plain => {}
            }
        }
    }

    fn read_file(&mut self, name: &str, snapshot: &Path, folder: &Path) {
        if name.contains("://") {
            return;
        }
        let Some(path) = below(&folder.join(name)) else { return };
        if self.files.contains_key(&path) {
            return;
        }
        // A file that is missing is for the tool to complain of.
        let content = fs::read(snapshot.join(&path)).unwrap_or_default();
        let text = String::from_utf8_lossy(&content).into_owned();
        let inner = path.parent().unwrap_or(Path::new("")).to_owned();
        self.files.insert(path, content);
        for line in text.lines() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if !line.starts_with('#') {
                let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
                self.read_words(&words, snapshot, &inner);
            }
        }
    }
}

/// The commands to run: those of the manifest, else its packages, else its requirements file.
fn commands(requirements: &Requirements) -> Vec<InstallCommand> {
    if !requirements.commands.is_empty() {
        return requirements.commands.iter().filter_map(normal).collect();
    }
    if !requirements.packages.is_empty() {
        return vec![InstallCommand::Install(requirements.packages.clone())];
    }
    let file = requirements.requirements_file.iter();
    file.map(|path| InstallCommand::Install(vec!["-r".into(), path.to_string_lossy().into_owned()])).collect()
}

fn normal(command: &InstallCommand) -> Option<InstallCommand> {
    match command {
        InstallCommand::CreateVenv | InstallCommand::Bootstrap => None,
        InstallCommand::Install(words) => {
            let kept = words.iter().filter(|word| !DROPPED.contains(&word.as_str()));
            Some(InstallCommand::Install(kept.cloned().collect()))
        }
        other => Some(other.clone()),
    }
}

/// Whether the command puts packages into our environment and nowhere else, as far as its form tells.
fn is_ours(command: &InstallCommand) -> bool {
    match command {
        InstallCommand::Install(words) | InstallCommand::Sync(words) => {
            !words.iter().any(|word| leads_elsewhere(word))
        }
        InstallCommand::CreateVenv | InstallCommand::Bootstrap => true,
        InstallCommand::Other(_) => false,
    }
}

fn leads_elsewhere(word: &str) -> bool {
    let option = word.split('=').next().unwrap_or_default();
    ELSEWHERE.contains(&option) || ELSEWHERE_SHORT.iter().any(|short| word.starts_with(short))
}

fn refuse(command: &InstallCommand) -> Problem {
    let why = match command {
        InstallCommand::Other(_) => "is neither `pip install`, `uv pip install` nor `uv sync`",
        _ => "names a place of its own to install to",
    };
    Problem::new(Code::InstallRefused, format!("the install command `{command}` is not run: it {why}"))
        .suggest("read it; when you trust it, run again with `--allow-install`, else list the packages under `dependencies`")
}

/// What a word of an install command or of a requirements file reads.
#[derive(PartialEq, Eq, Debug)]
enum Word<'a> {
    /// A file of requirements or constraints; without a name, the next word is its name.
    File(&'a str),
    /// Something in the tree, or something on disk that cannot be told from it.
    Tree,
    /// Nothing of ours.
    Plain,
}

/// Options whose value is a file of requirements, constraints or overrides.
const FILE_OPTIONS: [&str; 8] = [
    "--requirements",
    "--requirement",
    "--constraints",
    "--constraint",
    "--overrides",
    "--override",
    "-r",
    "-c",
];

impl<'a> Word<'a> {
    fn of(word: &'a str) -> Self {
        for option in FILE_OPTIONS {
            if let Some(rest) = word.strip_prefix(option) {
                return Self::File(rest.strip_prefix('=').unwrap_or(rest).trim());
            }
        }
        let remote = word.contains("://") && !word.contains("file:");
        let local = word.starts_with('.')
            || word.starts_with("-e")
            || word.starts_with("--editable")
            || word.contains('/')
            || [".whl", ".zip", ".tar.gz"].iter().any(|ending| word.ends_with(ending))
            || word.contains("file:");
        if local && !remote { Self::Tree } else { Self::Plain }
    }
}

/// The path without `.` and `..`; `None` when it leads out of the tree.
fn below(path: &Path) -> Option<PathBuf> {
    let mut kept = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => kept.push(name),
            Component::CurDir => {}
            Component::ParentDir if kept.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests;
