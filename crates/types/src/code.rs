//! The error catalogue: every code this product can print, what it is called and how severe it is.
//!
//! A code, once released, keeps its meaning. E2000 to E2103 keep the meaning seed 001 gave them; ours are E11xx
//! definition, E12xx input, E13xx environment, E14xx data folder, E15xx API, E16xx boundary, E17xx tools and gates.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Who has to act on a code; decides the exit code and the HTTP status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// The run itself went wrong: the agent failed, ran out of time or was stopped.
    Run,
    /// The caller's input or definition is wrong.
    Input,
    /// The thing asked for does not exist.
    Missing,
    /// The caller may not do this.
    Denied,
    /// The request contradicts the state it meets.
    Conflict,
    /// The machine or its configuration cannot do what was asked.
    Configuration,
    /// The server failed.
    Server,
    /// The server could not be reached.
    Unreachable,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $name:literal, $family:ident;)+) => {
        /// A stable error code.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code of the catalogue, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code as printed, such as `E1201`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The name in words, such as `MethodNotFoundError`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Who has to act.
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)+ }
            }

            /// One sentence on what the code means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// No agent was found at the path or under the name.
    AgentNotFound = "E1100", "AgentNotFoundError", Missing;
    /// A definition or manifest is not readable YAML.
    InvalidYaml = "E1101", "InvalidManifestError", Input;
    /// A definition or manifest has a field that is missing, unknown or of the wrong type.
    InvalidManifest = "E1102", "InvalidManifestError", Input;
    /// The agent is of a kind that this version recognises and does not run.
    UnsupportedAgent = "E1103", "UnsupportedAgentError", Input;
    /// The agent's folder cannot be taken as a version: too large, or a link leaves it.
    InvalidTree = "E1104", "InvalidAgentTreeError", Input;
    /// The manifest does not list the method.
    MethodNotFound = "E1201", "MethodNotFoundError", Input;
    /// A required parameter was not given.
    MissingParameter = "E1202", "MissingParameterError", Input;
    /// A parameter has the wrong type or a value that is not allowed.
    InvalidParameter = "E1203", "InvalidParameterError", Input;
    /// A parameter was given that the method does not declare.
    UnknownParameter = "E1204", "UnknownParameterError", Input;
    /// The input is too large for the way the agent takes it.
    InputTooLarge = "E1205", "InputTooLargeError", Input;
    /// The input is not what the agent takes, or is not JSON.
    InvalidInput = "E1206", "InvalidInputError", Input;
    /// No interpreter on this machine satisfies the manifest.
    InterpreterNotFound = "E1301", "EnvironmentError", Configuration;
    /// An install command failed.
    InstallFailed = "E1302", "EnvironmentError", Run;
    /// The environment grew over its size cap.
    EnvironmentTooLarge = "E1303", "EnvironmentError", Run;
    /// An install command is of a form that is not run without being allowed.
    InstallRefused = "E1304", "InstallRefusedError", Denied;
    /// The environment could not be built in its time.
    InstallTimeout = "E1305", "EnvironmentError", Run;
    /// Another process owns the data folder.
    DataLocked = "E1401", "DataFolderLockedError", Conflict;
    /// The data folder was written by a newer version.
    DataNewer = "E1402", "DataFolderNewerError", Configuration;
    /// The data folder is damaged.
    DataCorrupt = "E1403", "DataFolderCorruptError", Server;
    /// The disk under the data folder is full.
    DiskFull = "E1404", "DiskFullError", Server;
    /// The data folder cannot be read or written.
    DataInaccessible = "E1405", "DataFolderError", Configuration;
    /// A configuration file, variable or flag is wrong.
    InvalidConfiguration = "E1406", "InvalidConfigurationError", Configuration;
    /// The request carries no valid key.
    Unauthorized = "E1501", "UnauthorizedError", Denied;
    /// The request's host or origin is foreign.
    ForeignOrigin = "E1502", "ForeignOriginError", Denied;
    /// The run, agent or page does not exist.
    NotFound = "E1503", "NotFoundError", Missing;
    /// The idempotency key was used with another request.
    IdempotencyConflict = "E1504", "IdempotencyConflictError", Conflict;
    /// The request is malformed.
    BadRequest = "E1505", "BadRequestError", Input;
    /// A path is taken over HTTP only while the server listens on loopback.
    PathRefused = "E1506", "PathRefusedError", Denied;
    /// The server did not answer.
    Unreachable = "E1507", "UnreachableError", Unreachable;
    /// The run's state does not allow this.
    StateConflict = "E1508", "StateConflictError", Conflict;
    /// The server failed in a way it did not foresee.
    Internal = "E1509", "InternalError", Server;
    /// No provider serves the model that the agent asked for.
    NoProvider = "E1601", "NoProviderError", Configuration;
    /// The provider of the model failed, however often it was asked.
    ProviderFailed = "E1602", "ProviderError", Run;
    /// The attempt's token does not count, or does not count any more.
    TokenRefused = "E1603", "TokenRefusedError", Denied;
    /// A budget leaves no room for the model call.
    BudgetExhausted = "E1604", "BudgetExhaustedError", Run;
    /// The repeated agent asked for something other than what is recorded.
    Diverged = "E1605", "DivergenceError", Run;
    /// The gateway does not speak the API that was called.
    UnsupportedCall = "E1606", "UnsupportedCallError", Input;
    /// A model call is not of the form of its API.
    MalformedCall = "E1607", "MalformedCallError", Input;
    /// Whether a call that cannot be taken back took place is unknown.
    EffectUnknown = "E1608", "EffectUnknownError", Run;
    /// The provider's quota for the model is used up.
    QuotaExhausted = "E1609", "QuotaExhaustedError", Run;
    /// A person interrupted the turn, and nothing new is begun in it.
    Interrupted = "E1610", "InterruptedError", Conflict;
    /// The gate was answered before, or its deadline has passed.
    GateSettled = "E1701", "GateSettledError", Conflict;
    /// A rule speaks against the tool call.
    ToolDenied = "E1702", "ToolDeniedError", Denied;
    /// A run is live in the session.
    SessionBusy = "E1703", "SessionBusyError", Conflict;
    /// The agent ended with an error.
    ExecutionFailed = "E2001", "ExecutionError", Run;
    /// The agent ran longer than it may.
    ExecutionTimeout = "E2002", "ExecutionTimeoutError", Run;
    /// The agent's answer is not what its contract promises.
    InvalidAnswer = "E2003", "InvalidAnswerError", Run;
    /// The run was cancelled.
    Cancelled = "E2004", "CancelledError", Run;
    /// The agent's process could not be started.
    SpawnFailed = "E2020", "SpawnFailedError", Run;
    /// The agent's process did not start in its time.
    SpawnTimeout = "E2021", "SpawnTimeoutError", Run;
    /// The agent could not be ended cleanly.
    TerminateFailed = "E2022", "TerminateFailedError", Run;
    /// The agent was restarted as often as it may be.
    RestartLimit = "E2025", "RestartLimitError", Run;
    /// The isolation the agent needs is not to be had here.
    SandboxUnavailable = "E2040", "SandboxUnavailableError", Configuration;
    /// The processor limit is out of range.
    InvalidCpuLimit = "E2041", "InvalidCpuLimitError", Input;
    /// The memory limit is out of range.
    InvalidMemoryLimit = "E2042", "InvalidMemoryLimitError", Input;
    /// The agent asked for what its security context forbids.
    SecurityViolation = "E2044", "SecurityViolationError", Denied;
    /// The agent used more memory than it may.
    MemoryExceeded = "E2070", "MemoryExceededError", Run;
}

impl Code {
    /// The exit code of a command that ends with this code.
    pub const fn exit_code(self) -> u8 {
        match self.family() {
            Family::Run => 1,
            Family::Input | Family::Missing | Family::Conflict => 2,
            Family::Denied => 3,
            Family::Server => 4,
            Family::Unreachable => 5,
            Family::Configuration => 6,
        }
    }

    /// The status of an HTTP answer that carries this code.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::DiskFull => 507,
            _ => match self.family() {
                Family::Input => 400,
                Family::Denied => 403,
                Family::Missing => 404,
                Family::Conflict => 409,
                Family::Run | Family::Configuration => 422,
                Family::Server => 500,
                Family::Unreachable => 503,
            },
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no code of the catalogue.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no error code of this version")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| UnknownCode(text.into()))
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }
}
