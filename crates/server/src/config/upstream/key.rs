//! Keys of providers: named in the settings, never written there, and never told to anybody.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use mainspring_types::{Code, Problem};
use secrecy::{SecretString, zeroize::Zeroizing};

use crate::{config::node::Node, data::Environment};

/// Longer than any key; keeps a file that never ends from being read for ever.
const KEY_BYTES_MAX: usize = 16 * 1024;

/// Where the key of a provider comes from, and the key.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The provider asks for none.
    None,
    /// The environment held it.
    Variable {
        /// The variable.
        name: String,
        /// The key.
        key: SecretString,
    },
    /// A file held it.
    File {
        /// The file.
        path: PathBuf,
        /// The key.
        key: SecretString,
    },
    /// It is named and not to be had.
    Lacking(Problem),
}

impl Credential {
    /// The key, if one is needed; the problem, if that is not to be had.
    pub fn key(&self) -> Result<Option<&SecretString>, Problem> {
        match self {
            Self::None => Ok(None),
            Self::Variable { key, .. } | Self::File { key, .. } => Ok(Some(key)),
            Self::Lacking(problem) => Err(problem.clone()),
        }
    }

    /// The key in the first of these variables that is set; `None` when none is.
    pub(super) fn in_variable(names: &[&str], environment: Environment<'_>) -> Option<Self> {
        let (name, value) = names.iter().find_map(|name| {
            let value = environment(name).filter(|value| !value.is_empty())?;
            Some(((*name).to_owned(), value))
        })?;
        Some(match key(&value.to_string_lossy()) {
            Some(key) => Self::Variable { name, key },
            None => Self::Lacking(no_key(&format!("the value of `{name}`"))),
        })
    }

    /// The key in the variable that an entry of the file names.
    pub(super) fn named(names: &[&str], node: &Node<'_>, environment: Environment<'_>) -> Self {
        Self::in_variable(names, environment).unwrap_or_else(|| {
            let variables = names.join("` or `");
            let problem = node
                .problem(format!("the key of `{}` is not there: `{variables}` is not set", node.path))
                .suggest(format!("set `{}` where the server is started", names[0]));
            Self::Lacking(problem)
        })
    }

    /// The key in the file that an entry names.
    pub(super) fn in_file(path: &Path, node: &Node<'_>) -> Self {
        // Large enough from the start: growing would leave copies behind that nobody wipes.
        let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES_MAX));
        let read =
            File::open(path).and_then(|file| file.take(KEY_BYTES_MAX as u64).read_to_string(&mut text));
        match (read, key(&text)) {
            (Ok(_), Some(key)) => Self::File { path: path.to_owned(), key },
            (Ok(_), None) => Self::Lacking(no_key(&format!("the file of `{}`", node.path)).at(node.place())),
            // The path is not told: it may be a key that was written in its place.
            (Err(error), _) => {
                let message = format!("the file of `{}` cannot be read", node.path);
                let problem = node.problem(message).because(&error).at(node.place());
                Self::Lacking(problem.suggest("check that it is there and who may read it"))
            }
        }
    }
}

fn key(text: &str) -> Option<SecretString> {
    let text = text.trim_end_matches(['\r', '\n']);
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.into())
}

fn no_key(what: &str) -> Problem {
    Problem::new(Code::InvalidConfiguration, format!("{what} is no key"))
        .suggest("a key is one line of letters, digits and signs, without blanks or quotes")
}
