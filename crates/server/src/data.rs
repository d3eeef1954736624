//! The data folder: everything a server keeps, in one place, owned by one process at a time.
//!
//! ```text
//!  lock          held by the owner for as long as it lives      mainspring.db  the record
//!  admin.key     the key of HTTP requests, mode 0600            blobs/         large values, by hash
//!  control.sock  where the owner answers on this machine        versions/      agents as they were accepted
//!  server.json   where the owner listens over TCP               envs/          built environments
//!  config.toml   settings                                       work/          working folders of attempts
//! ```
//!
//! Whoever holds the lock is the owner; all else in the folder only hints. The store decides on what is in the record.

mod files;
mod key;
mod lock;
mod owned;

use std::{
    ffi::OsString,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use mainspring_types::{Code, Problem};
use serde::{Deserialize, Serialize};

pub use self::{key::AdminKey, owned::Owned};

/// The variable that names the data folder.
pub const HOME_VARIABLE: &str = "MAINSPRING_HOME";

/// How variables of the environment are looked up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A data folder, which need not exist yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// Where the owner of a folder listens, as it noted itself; only a hint, for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Announcement {
    /// The address of its TCP listener.
    pub listen: SocketAddr,
    /// Its process.
    pub pid: u32,
}

impl Folder {
    /// The folder a flag names, else `MAINSPRING_HOME`, else `~/.mainspring`.
    pub fn resolve(flag: Option<&Path>, environment: Environment<'_>) -> Result<Self, Problem> {
        let set = |name| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let named = flag.map(Path::to_owned).or_else(|| set(HOME_VARIABLE));
        let root = named.or_else(|| set("HOME").map(|home| home.join(".mainspring"))).ok_or_else(|| {
            Problem::new(Code::DataInaccessible, "no data folder is named and there is no home folder")
                .suggest(format!("name one with `--data DIR` or the variable {HOME_VARIABLE}"))
        })?;
        Self::at(&root)
    }

    /// The folder at `root`, made absolute now: the working folder may change later.
    pub fn at(root: &Path) -> Result<Self, Problem> {
        match std::path::absolute(root) {
            Ok(root) => Ok(Self { root }),
            Err(error) => Err(files::inaccessible("find", root, &error)),
        }
    }

    /// Makes the folder if it is new, and owns it until the answer is dropped. `doing` tells others who the owner is.
    pub fn own(&self, doing: &str) -> Result<Owned, Problem> {
        Owned::take(self, doing)
    }

    /// The key that requests over TCP carry; made by the first owner.
    pub fn key(&self) -> Result<AdminKey, Problem> {
        AdminKey::read(&self.key_file())
    }

    /// Where the owner listens, if there is one that does.
    pub fn announced(&self) -> Option<Announcement> {
        serde_json::from_slice(&fs::read(self.announcement_file()).ok()?).ok()
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings file.
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The record.
    pub fn database(&self) -> PathBuf {
        self.root.join("mainspring.db")
    }

    /// Large values, by hash.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Agents as they were accepted, by version.
    pub fn versions(&self) -> PathBuf {
        self.root.join("versions")
    }

    /// Built environments.
    pub fn envs(&self) -> PathBuf {
        self.root.join("envs")
    }

    /// The folders that the tools of runs work in, kept as long as the runs.
    pub fn workspaces(&self) -> PathBuf {
        self.root.join("workspaces")
    }

    /// Working folders of attempts.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// What models cost, where that differs from the list.
    pub fn prices(&self) -> PathBuf {
        self.root.join("prices.toml")
    }

    /// Where agents without a network make their model calls.
    pub fn gateway_socket(&self) -> PathBuf {
        self.root.join("gateway.sock")
    }

    /// Where the owner answers on this machine.
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    fn key_file(&self) -> PathBuf {
        self.root.join("admin.key")
    }

    fn announcement_file(&self) -> PathBuf {
        self.root.join("server.json")
    }
}

/// Removes what a former owner left behind; nothing there is as good.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(flag: Option<&str>, variables: &[(&str, &str)]) -> Result<Folder, Problem> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Folder::resolve(flag.map(Path::new), &|name| find(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn a_flag_wins_over_the_variable_and_that_over_the_home_folder() {
        let variables = [("MAINSPRING_HOME", "/srv/ms"), ("HOME", "/home/ada")];
        let root = |folder: Result<Folder, Problem>| folder.expect("a folder").root;
        assert_eq!(root(resolved(Some("/data"), &variables)), Path::new("/data"));
        assert_eq!(root(resolved(None, &variables)), Path::new("/srv/ms"));
        assert_eq!(root(resolved(None, &variables[1..])), Path::new("/home/ada/.mainspring"));
    }

    #[test]
    fn an_empty_variable_names_nothing() {
        let problem = resolved(None, &[("MAINSPRING_HOME", ""), ("HOME", "")]).expect_err("no folder");
        assert_eq!(problem.message, "no data folder is named and there is no home folder");
        assert_eq!(
            problem.suggestion.as_deref(),
            Some("name one with `--data DIR` or the variable MAINSPRING_HOME")
        );
    }
}
