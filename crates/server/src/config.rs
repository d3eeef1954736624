//! Settings: file, then environment, then flags, the later winning; resolved once into [`Config`].
//!
//! [`SETTINGS`], [`PROVIDER_FIELDS`], [`VARIABLES`], [`BUDGET_FIELDS`], [`AGENT_FIELDS`] and [`WEB_FIELDS`] are the
//! tables of what can be set; `docs/configuration.md` is written from them. What does not exist or has a value it cannot have is refused with its
//! place (E1406), never passed over. Keys are held as secrets: they show in no message and no debug output.

mod agents;
mod budget;
mod fields;
mod file;
mod node;
mod reference;
mod setting;
mod upstream;

use std::{
    collections::BTreeMap, net::SocketAddr, num::NonZeroU32, path::Path, path::PathBuf, thread,
    time::Duration,
};

use mainspring_agent::Overlay;
use mainspring_types::{ByteSize, Code, Location, Problem, parse_duration};
use mainspring_worker::Reach;
use tracing::level_filters::LevelFilter;

pub use self::{
    agents::{AGENT_FIELDS, WEB_FIELDS},
    budget::BUDGET_FIELDS,
    fields::Field,
    reference::reference,
    setting::{Key, SETTINGS, Setting},
    upstream::{Credential, Origin, PROVIDER_FIELDS, Upstream, VARIABLES, Variable},
};
use crate::data::Environment;
pub use mainspring_boundary::{
    Divergence,
    budget::{Meter, Policy, Rule, Whom, Window},
    price::NanoUsd,
    provider::{Place, Provider},
};

const SLOTS_MAX: u32 = 512;

/// The settings of one process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HTTP is spoken over TCP.
    pub listen: SocketAddr,
    /// How many attempts run at once.
    pub slots: NonZeroU32,
    /// Which log lines are written.
    pub log: LevelFilter,
    /// How large an environment may grow.
    pub environment_cap: ByteSize,
    /// Whether install commands of any form may run.
    pub install: Install,
    /// How long a background server stays with nothing to do.
    pub idle_shutdown: Duration,
    /// The interpreter to use; otherwise the first that satisfies the manifest.
    pub python: Option<PathBuf>,
    /// What builds environments.
    pub uv: Uv,
    /// What happens when a repeated agent asks for something other than what is recorded.
    pub divergence: Divergence,
    /// The providers of models in the order in which they are tried; [`Config::providers`] has their keys.
    pub upstreams: Vec<Upstream>,
    /// What model calls may use, in the order of the file.
    pub budgets: Vec<Rule>,
    /// The model that agents are told to use, where they ask their environment.
    pub model: Option<String>,
    /// What is laid over every agent that is a model with tools.
    pub overlay: Overlay,
    /// The private places that the tool `web_fetch` may reach.
    pub reach: Reach,
}

/// Which install commands of a manifest run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Install {
    /// Those of a form we know, which run without a shell.
    Known,
    /// Any.
    Any,
}

/// What builds environments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Uv {
    /// `uv` where it is found, else pip.
    Search,
    /// This `uv`.
    At(PathBuf),
    /// Never `uv`: pip.
    Off,
}

/// Where the value of a setting stands, and the value.
struct Given {
    text: String,
    source: Source,
}

enum Source {
    File(Location),
    Variable,
    Flag,
}

impl Config {
    /// The settings of a process with these flags in this environment; `file` need not exist.
    pub fn resolve(
        file: &Path,
        environment: Environment<'_>,
        flags: &[(Key, String)],
    ) -> Result<Self, Problem> {
        let mut file = file::read(file, environment)?;
        let others = upstream::from_environment(&file.upstreams, environment)?;
        file.upstreams.extend(others);
        let mut given = Values(file.settings);
        for setting in &SETTINGS {
            if let Some(value) = environment(setting.variable).filter(|value| !value.is_empty()) {
                given.set(setting.key, value.to_string_lossy().into_owned(), Source::Variable);
            }
        }
        for (key, value) in flags {
            given.set(*key, value.clone(), Source::Flag);
        }
        let model = environment(upstream::LLM_MODEL.name).filter(|model| !model.is_empty());
        let model = model.map(|model| model.to_string_lossy().into_owned());
        // A name without a provider is for agents that ask their environment.
        let of_overlay = model.as_deref().and_then(|model| model.parse().ok()).or(file.overlay.model);
        let overlay = Overlay { model: of_overlay, place: Some("config.toml".into()), ..file.overlay };
        let reach = file.reach;
        Ok(Self { model, overlay, reach, ..given.config(file.upstreams, file.budgets)? })
    }
}

/// What was given of each setting, from the source that wins.
struct Values(BTreeMap<Key, Given>);

impl Values {
    fn set(&mut self, key: Key, text: String, source: Source) {
        self.0.insert(key, Given { text, source });
    }

    fn config(&self, upstreams: Vec<Upstream>, budgets: Vec<Rule>) -> Result<Config, Problem> {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        Ok(Config {
            listen: self.get(Key::Listen, |text| text.parse().ok())?.unwrap_or(setting::LISTEN),
            slots: self.get(Key::Slots, slots)?.unwrap_or_else(processors),
            log: self.get(Key::Log, level)?.unwrap_or(LevelFilter::INFO),
            environment_cap: self.get(Key::EnvironmentCap, size)?.unwrap_or(setting::ENVIRONMENT_CAP),
            install: self.get(Key::AllowInstall, install)?.unwrap_or(Install::Known),
            idle_shutdown: self
                .get(Key::IdleShutdown, |text| parse_duration(text).ok())?
                .unwrap_or(setting::IDLE_SHUTDOWN),
            python: self.get(Key::Python, path)?,
            uv: self.get(Key::Uv, uv)?.unwrap_or(Uv::Search),
            divergence: self.get(Key::Divergence, divergence)?.unwrap_or_default(),
            upstreams,
            budgets,
            model: None,
            overlay: Overlay::default(),
            reach: Reach::default(),
        })
    }

    /// The value of a setting, if it was given; a value that cannot be read is a problem.
    fn get<T>(&self, key: Key, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(given) = self.0.get(&key) else { return Ok(None) };
        match read(&given.text) {
            Some(value) => Ok(Some(value)),
            None => Err(given.refused(key.setting())),
        }
    }
}

impl Given {
    fn refused(&self, setting: &Setting) -> Problem {
        let (name, place) = match &self.source {
            Source::File(location) => (setting.name, Some(location)),
            Source::Variable => (setting.variable, None),
            Source::Flag => (setting.flag.unwrap_or(setting.name), None),
        };
        let message = format!("`{name}` must be {}, not `{}`", setting.takes, self.text);
        let problem = Problem::new(Code::InvalidConfiguration, message)
            .suggest(format!("{}; the default is {}", setting.meaning, setting.default));
        place.map_or(problem.clone(), |place| problem.at(place.clone()))
    }
}

fn slots(text: &str) -> Option<NonZeroU32> {
    text.parse().ok().filter(|slots: &NonZeroU32| slots.get() <= SLOTS_MAX)
}

/// One slot for each processor, and a second where there is only one: most of an agent's time is waiting.
fn processors() -> NonZeroU32 {
    let processors = thread::available_parallelism().map_or(2, |processors| processors.get().max(2));
    slots(&processors.to_string()).unwrap_or(NonZeroU32::MIN)
}

fn level(text: &str) -> Option<LevelFilter> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    known.contains(&text).then(|| text.parse().ok()).flatten()
}

fn size(text: &str) -> Option<ByteSize> {
    text.parse().ok().filter(|size: &ByteSize| size.0 > 0)
}

fn install(text: &str) -> Option<Install> {
    match text {
        "true" => Some(Install::Any),
        "false" => Some(Install::Known),
        _ => None,
    }
}

fn uv(text: &str) -> Option<Uv> {
    match text {
        "" => None,
        "off" => Some(Uv::Off),
        path => Some(Uv::At(path.into())),
    }
}

fn divergence(text: &str) -> Option<Divergence> {
    Divergence::ALL.into_iter().find(|policy| policy.as_str() == text)
}

#[cfg(test)]
mod tests;
