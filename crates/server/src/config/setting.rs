//! The table of everything that can be set.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use mainspring_types::ByteSize;

pub(super) const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7117);
pub(super) const ENVIRONMENT_CAP: ByteSize = ByteSize(2_000_000_000);
pub(super) const IDLE_SHUTDOWN: Duration = Duration::from_mins(1);

/// Names a setting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Key {
    /// Where HTTP is spoken over TCP.
    Listen,
    /// How many attempts run at once.
    Slots,
    /// Which log lines are written.
    Log,
    /// How large an environment may grow.
    EnvironmentCap,
    /// Whether install commands of any form may run.
    AllowInstall,
    /// How long a background server stays with nothing to do.
    IdleShutdown,
    /// The interpreter of packages.
    Python,
    /// What builds environments.
    Uv,
    /// What happens when a repeated agent leaves the recorded path.
    Divergence,
}

/// What there is to know about a setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Which one.
    pub key: Key,
    /// Its name in `config.toml`.
    pub name: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// Its flag, if it has one.
    pub flag: Option<&'static str>,
    /// What it takes, after "must be".
    pub takes: &'static str,
    /// What holds when it is not given.
    pub default: &'static str,
    /// What it is for, without a full stop.
    pub meaning: &'static str,
}

/// Every setting, in the order of [`Key`].
pub const SETTINGS: [Setting; 9] = [
    Setting {
        key: Key::Listen,
        name: "listen",
        variable: "MAINSPRING_LISTEN",
        flag: Some("--listen"),
        takes: "an address with a port, such as `127.0.0.1:7117`",
        default: "`127.0.0.1:7117`",
        meaning: "where the server speaks HTTP; beyond loopback, agents are taken by name only, not by path",
    },
    Setting {
        key: Key::Slots,
        name: "slots",
        variable: "MAINSPRING_SLOTS",
        flag: Some("--slots"),
        takes: "a whole number from 1 to 512",
        default: "one for each processor, at least 2",
        meaning: "how many attempts run at once",
    },
    Setting {
        key: Key::Log,
        name: "log",
        variable: "MAINSPRING_LOG",
        flag: Some("--log"),
        takes: "`off`, `error`, `warn`, `info`, `debug` or `trace`",
        default: "`info`",
        meaning: "which lines the server writes to its log",
    },
    Setting {
        key: Key::EnvironmentCap,
        name: "environment_cap",
        variable: "MAINSPRING_ENVIRONMENT_CAP",
        flag: None,
        takes: "a size such as `500MB` or `2GB`",
        default: "`2GB`",
        meaning: "how large the environment of one agent may grow",
    },
    Setting {
        key: Key::AllowInstall,
        name: "allow_install",
        variable: "MAINSPRING_ALLOW_INSTALL",
        flag: Some("--allow-install"),
        takes: "`true` or `false`",
        default: "`false`",
        meaning: "whether install commands run whatever their form; without it, only uv and pip forms that need no shell",
    },
    Setting {
        key: Key::IdleShutdown,
        name: "idle_shutdown",
        variable: "MAINSPRING_IDLE_SHUTDOWN",
        flag: None,
        takes: "a duration such as `30s` or `5m`",
        default: "`60s`",
        meaning: "how long a background server stays when it has nothing to do",
    },
    Setting {
        key: Key::Python,
        name: "python",
        variable: "MAINSPRING_PYTHON",
        flag: None,
        takes: "the path of a Python interpreter",
        default: "the first interpreter that satisfies the agent's manifest",
        meaning: "which interpreter packages are built for",
    },
    Setting {
        key: Key::Uv,
        name: "uv",
        variable: "MAINSPRING_UV",
        flag: None,
        takes: "the path of uv, or `off` for pip",
        default: "`uv` where it is found, else pip",
        meaning: "what builds environments",
    },
    Setting {
        key: Key::Divergence,
        name: "divergence",
        variable: "MAINSPRING_DIVERGENCE",
        flag: None,
        takes: "`fail`, `live` or `ask`",
        default: "`live`",
        meaning: "what happens when a repeated agent asks a model for something other than what is recorded: its run \
                  ends, goes on with new calls, or waits for you",
    },
];

impl Key {
    /// What there is to know about it.
    pub const fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }

    /// The setting of that name in `config.toml`.
    pub fn from_name(name: &str) -> Option<Self> {
        SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_finds_its_own_setting_and_defaults_read_as_they_are_told() {
        assert!(SETTINGS.iter().all(|setting| setting.key.setting().name == setting.name));
        let told = |key: Key| key.setting().default.trim_matches('`');
        assert_eq!(told(Key::Listen), LISTEN.to_string());
        assert_eq!(told(Key::Listen), mainspring_api::DEFAULT_LISTEN);
        assert_eq!(told(Key::Divergence), mainspring_boundary::Divergence::default().as_str());
        assert_eq!(told(Key::EnvironmentCap).parse(), Ok(ENVIRONMENT_CAP));
        assert_eq!(mainspring_types::parse_duration(told(Key::IdleShutdown)), Ok(IDLE_SHUTDOWN));
    }
}
