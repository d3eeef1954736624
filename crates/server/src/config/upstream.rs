//! Providers of models: from the tables of the settings file, and from the variables that client libraries use.
//!
//! A provider of the file replaces the one of the same name from the environment, and stands before the others. A key
//! that is not to be had is no mistake by itself, since most commands call no model: it is one for those who ask for
//! [`Config::providers`].

mod address;
mod environment;
mod file;
mod key;
mod variables;

use std::time::Duration;

use mainspring_boundary::{provider::SILENCE_MAX, route::Family};
use mainspring_types::Problem;

pub(super) use self::{environment::from_environment, file::from_file, variables::LLM_MODEL};
pub use self::{
    file::PROVIDER_FIELDS,
    key::Credential,
    variables::{VARIABLES, Variable},
};
use super::{Config, Place, Provider};

/// A provider as it is set up; its key need not be there.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// What it speaks and where it is.
    pub place: Place,
    /// Where its key comes from, and the key.
    pub credential: Credential,
    /// Which models it is asked for; empty for all.
    pub models: Vec<String>,
    /// At most so many calls a minute.
    pub calls_per_minute: Option<u32>,
    /// How long it may be silent.
    pub silence_max: Duration,
    /// What set it up.
    pub origin: Origin,
}

/// What set a provider up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A table of the settings file.
    File,
    /// Variables of the environment.
    Environment,
}

impl Config {
    /// The providers in the order in which they are tried, each with its key; the first key that is not to be had is
    /// the problem.
    pub fn providers(&self) -> Result<Vec<Provider>, Problem> {
        self.upstreams.iter().map(Upstream::provider).collect()
    }
}

impl Upstream {
    /// The provider with its key.
    pub fn provider(&self) -> Result<Provider, Problem> {
        Ok(Provider {
            name: self.name.clone(),
            place: self.place.clone(),
            key: self.credential.key()?.cloned(),
            models: self.models.clone(),
            calls_per_minute: self.calls_per_minute,
            silence_max: self.silence_max,
        })
    }

    /// A server that the environment names, with nothing special about it.
    fn server(name: &str, family: Family, base_url: String) -> Self {
        Self {
            name: name.to_owned(),
            place: Place::Server { family, base_url },
            credential: Credential::None,
            models: Vec::new(),
            calls_per_minute: None,
            silence_max: SILENCE_MAX,
            origin: Origin::Environment,
        }
    }
}

/// A family as those who offer it are set up: the variables of its client libraries, and where it is served.
struct Usual {
    family: Family,
    /// The variables that may hold the key; the first that is set wins.
    keys: &'static [&'static str],
    /// The variable of another base URL.
    address: &'static Variable,
    /// Where it is served otherwise.
    home: &'static str,
}

const USUAL: [Usual; 3] = [
    Usual {
        family: Family::Anthropic,
        keys: &["ANTHROPIC_API_KEY"],
        address: &variables::ANTHROPIC_BASE_URL,
        home: "https://api.anthropic.com",
    },
    Usual {
        family: Family::OpenAi,
        keys: &["OPENAI_API_KEY"],
        address: &variables::OPENAI_BASE_URL,
        home: "https://api.openai.com",
    },
    Usual {
        family: Family::Gemini,
        keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        address: &variables::GOOGLE_GEMINI_BASE_URL,
        home: "https://generativelanguage.googleapis.com",
    },
];

impl Usual {
    fn of(family: Family) -> &'static Self {
        &USUAL[family as usize]
    }
}

fn calls(text: &str) -> Option<u32> {
    text.parse().ok().filter(|calls| *calls > 0)
}

fn silence(text: &str) -> Option<Duration> {
    mainspring_types::parse_duration(text).ok().filter(|silence| !silence.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_finds_its_own_variables() {
        assert!(Family::ALL.iter().all(|family| Usual::of(*family).family == *family));
    }
}
