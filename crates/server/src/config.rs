//! Settings: file, then environment, then flags, the later winning; resolved once into [`Config`].
//!
//! [`SETTINGS`] is the one table of what can be set; `docs/configuration.md` is written from it. A setting that does
//! not exist or has a value it cannot have is refused with its place (E1406), never passed over.

mod file;
mod reference;
mod setting;

use std::{
    collections::BTreeMap, net::SocketAddr, num::NonZeroU32, path::Path, path::PathBuf, thread,
    time::Duration,
};

use mainspring_types::{ByteSize, Code, Location, Problem, parse_duration};
use tracing::level_filters::LevelFilter;

pub use self::{
    reference::reference,
    setting::{Key, SETTINGS, Setting},
};
use crate::data::Environment;

const SLOTS_MAX: u32 = 512;

/// The settings of one process.
#[derive(Clone, PartialEq, Eq, Debug)]
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
        let mut given = Values(file::read(file)?);
        for setting in &SETTINGS {
            if let Some(value) = environment(setting.variable).filter(|value| !value.is_empty()) {
                given.set(setting.key, value.to_string_lossy().into_owned(), Source::Variable);
            }
        }
        for (key, value) in flags {
            given.set(*key, value.clone(), Source::Flag);
        }
        given.config()
    }
}

/// What was given of each setting, from the source that wins.
struct Values(BTreeMap<Key, Given>);

impl Values {
    fn set(&mut self, key: Key, text: String, source: Source) {
        self.0.insert(key, Given { text, source });
    }

    fn config(&self) -> Result<Config, Problem> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(file: &str, variables: &[(&str, &str)], flags: &[(Key, &str)]) -> Result<Config, Problem> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        std::fs::write(&path, file).expect("writes");
        let flags: Vec<_> = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Config::resolve(&path, &|name| find(name).map(|(_, value)| value.into()), &flags)
    }

    fn told(problem: &Problem) -> String {
        let place = problem.location.as_ref().map(|place| format!("{:?}:{:?} ", place.line, place.column));
        format!("{}{}", place.unwrap_or_default(), problem.message)
    }

    #[test]
    fn later_sources_win() {
        let file = "slots = 3\nlog = \"debug\"\nenvironment_cap = \"1GB\"\n";
        let variables = [("MAINSPRING_SLOTS", "4"), ("MAINSPRING_LOG", "warn"), ("MAINSPRING_UV", "")];
        let config = resolve(file, &variables, &[(Key::Slots, "5")]).expect("valid");
        assert_eq!((config.slots.get(), config.log), (5, LevelFilter::WARN));
        assert_eq!((config.environment_cap, config.uv), (ByteSize(1_000_000_000), Uv::Search));
        assert_eq!(config.listen.to_string(), mainspring_api::DEFAULT_LISTEN);
    }

    #[test]
    fn a_file_need_not_exist() {
        let config = Config::resolve(Path::new("/nowhere/config.toml"), &|_| None, &[]).expect("defaults");
        assert_eq!(config.install, Install::Known);
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused_at_its_place() {
        let problem = resolve("listen = \"127.0.0.1:1\"\nslotz = 3\n", &[], &[]).expect_err("unknown");
        assert_eq!(told(&problem), "Some(2):Some(1) there is no setting `slotz`");
        assert_eq!(problem.code, Code::InvalidConfiguration);
        assert_eq!(problem.suggestion.as_deref(), Some("did you mean `slots`?"));
        let problem = resolve("colour = true", &[], &[]).expect_err("unknown");
        assert_eq!(
            problem.suggestion.as_deref(),
            Some(
                "there are `listen`, `slots`, `log`, `environment_cap`, `allow_install`, `idle_shutdown`, `python`, `uv`"
            )
        );
    }

    #[test]
    fn a_value_is_refused_under_the_name_it_was_given_by() {
        let cases = [
            resolve("\n\nslots = 0", &[], &[]),
            resolve("", &[("MAINSPRING_SLOTS", "many")], &[]),
            resolve("", &[], &[(Key::Listen, "7117")]),
            resolve("allow_install = \"yes\"", &[], &[]),
            resolve("slots = [1]", &[], &[]),
            resolve("slots = ", &[], &[]),
        ];
        let texts = cases.map(|case| told(&case.expect_err("refused")));
        assert_eq!(texts[0], "Some(3):Some(9) `slots` must be a whole number from 1 to 512, not `0`");
        assert_eq!(texts[1], "`MAINSPRING_SLOTS` must be a whole number from 1 to 512, not `many`");
        assert_eq!(
            texts[2],
            "`--listen` must be an address with a port, such as `127.0.0.1:7117`, not `7117`"
        );
        assert_eq!(texts[3], "Some(1):Some(17) `allow_install` must be `true` or `false`, not `yes`");
        assert_eq!(
            texts[4],
            "Some(1):Some(9) `slots` must be a whole number from 1 to 512, not a list or table"
        );
        assert!(
            texts[5].starts_with("Some(1):Some(9) the settings file is not readable TOML: "),
            "{}",
            texts[5]
        );
    }
}
