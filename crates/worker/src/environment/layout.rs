//! Where things lie in the folder of environments.

use std::path::{Path, PathBuf};

use super::{interpreter::Interpreter, key::Key};

/// The folder of all environments.
#[derive(Clone, Debug)]
pub(super) struct Layout(pub(super) PathBuf);

impl Layout {
    pub(super) fn home(&self, key: &Key) -> Home {
        Home(self.0.join(key.as_str()))
    }

    pub(super) fn lock(&self, key: &Key) -> PathBuf {
        self.0.join(".locks").join(key.as_str())
    }

    /// What interpreters answered.
    pub(super) fn interpreters(&self) -> PathBuf {
        self.0.join(".interpreters.json")
    }

    /// What uv and pip keep of their downloads, and the home folder that install commands see.
    pub(super) fn cache(&self, name: &str) -> PathBuf {
        self.0.join(".cache").join(name)
    }
}

/// The folder of one environment.
#[derive(Clone, Debug)]
pub(super) struct Home(PathBuf);

impl Home {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The virtual environment. It is never moved: its scripts name their interpreter by this path.
    pub(super) fn venv(&self) -> PathBuf {
        self.0.join("venv")
    }

    pub(super) fn bin(&self) -> PathBuf {
        self.0.join("venv/bin")
    }

    pub(super) fn python(&self) -> PathBuf {
        self.0.join("venv/bin/python")
    }

    /// Where packages are installed.
    pub(super) fn packages(&self, interpreter: &Interpreter) -> PathBuf {
        let (major, minor, _) = interpreter.version;
        self.0.join(format!("venv/lib/python{major}.{minor}/site-packages"))
    }

    /// The copy of the agent's tree that install commands see; it stays when the environment points into it.
    pub(super) fn source(&self) -> PathBuf {
        self.0.join("src")
    }

    /// The temporary files of install commands.
    pub(super) fn scratch(&self) -> PathBuf {
        self.0.join("tmp")
    }
}
