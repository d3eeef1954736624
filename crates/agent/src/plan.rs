//! What a run will do: its steps, resolved once and stored in the run's record for ever.
//!
//! A field is never renamed or removed here, and a record with a field this version does not know refuses to open.

use std::{collections::BTreeMap, time::Duration};

use mainspring_types::{ByteSize, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::assistant::Assistant;
use crate::millis;

/// One step of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepWork {
    /// The step's name, unique in the run.
    pub id: StepId,
    /// What the step does.
    pub work: Work,
    /// When a failed attempt is followed by another.
    #[serde(default)]
    pub retry: Retry,
    /// How long one attempt may take.
    #[serde(rename = "timeout_ms", with = "millis")]
    pub timeout: Duration,
    /// The step's own input, in place of the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
}

/// What a step does.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// Calls a method of the package; the step's input holds its parameters, already checked.
    Method {
        /// The method's name.
        method: String,
    },
    /// Runs a Python program of the version with the prompt of the step's input as its argument.
    Script {
        /// The program's file.
        file: String,
    },
    /// Runs a program, which reads `{"input": ..., "previous": ...}` on its standard input.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Variables of its environment beyond the minimal ones.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        env: BTreeMap<String, String>,
        /// How its standard output is read.
        #[serde(default)]
        output: Output,
    },
    /// Lets a model work with the tools granted to it, until it has answered.
    Converse {
        /// Who works, and with what.
        assistant: Box<Assistant>,
    },
}

/// How a program's standard output is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// As one JSON document when it is one, else as text.
    #[default]
    Auto,
    /// As one JSON document; anything else fails the step.
    Json,
    /// As text, whatever it holds.
    Text,
}

/// When a failed attempt is followed by another. One attempt unless the definition says so.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How many attempts may fail in all, the first included.
    pub attempts: u32,
    /// The wait before the second attempt.
    #[serde(rename = "delay_ms", with = "millis")]
    pub delay: Duration,
    /// By how much each wait is longer than the one before.
    pub factor: f64,
    /// The longest wait.
    #[serde(rename = "max_delay_ms", with = "millis")]
    pub max_delay: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, delay: Duration::from_secs(1), factor: 2.0, max_delay: Duration::from_mins(1) }
    }
}

/// What one attempt may use; enforced by the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory of all processes together.
    pub memory: ByteSize,
    /// Processes and threads at once.
    pub processes: u32,
    /// Open files of one process.
    pub open_files: u32,
    /// The largest file a process may write.
    pub file_size: ByteSize,
    /// Processor time of one process; unlimited when absent.
    #[serde(rename = "time_ms", default, skip_serializing_if = "Option::is_none", with = "millis::optional")]
    pub time: Option<Duration>,
}

impl Default for Limits {
    /// 1024 MiB, 64 processes (Python's tooling starts a few dozen), 1024 files, files up to 1 GB.
    fn default() -> Self {
        Self {
            memory: ByteSize(1 << 30),
            processes: 64,
            open_files: 1024,
            file_size: ByteSize(1_000_000_000),
            time: None,
        }
    }
}

/// How far an agent's code is trusted; decides the isolation it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Code of one's own.
    #[default]
    Trusted,
    /// Code from a known source.
    Standard,
    /// Code from anywhere.
    Untrusted,
    /// Code whose data must not leave the machine.
    Confidential,
}

/// A run's rules and what it is asked, ready to be admitted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// The steps, each following the last; at least one.
    pub steps: Vec<StepWork>,
    /// The run's input; for a method, its parameters with the defaults filled in.
    pub input: Value,
    /// What each attempt may use.
    pub limits: Limits,
    /// The trust level asked for; whether it can be honoured is decided at admission.
    pub trust: Trust,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> StepWork {
        StepWork {
            id: StepId::new("fetch").expect("a step name"),
            work: Work::Command { argv: vec!["./fetch".into()], env: BTreeMap::new(), output: Output::Auto },
            retry: Retry::default(),
            timeout: Duration::from_mins(10),
            input: None,
        }
    }

    #[test]
    fn the_stored_form_is_stable() {
        assert_eq!(
            serde_json::to_string(&command()).expect("serialises"),
            concat!(
                r#"{"id":"fetch","work":{"command":{"argv":["./fetch"],"output":"auto"}},"#,
                r#""retry":{"attempts":1,"delay_ms":1000,"factor":2.0,"max_delay_ms":60000},"timeout_ms":600000}"#
            )
        );
        assert_eq!(
            serde_json::to_string(&Limits::default()).expect("serialises"),
            r#"{"memory":1073741824,"processes":64,"open_files":1024,"file_size":1000000000}"#
        );
    }

    #[test]
    fn a_stored_step_reads_back_and_an_unknown_field_refuses() {
        let stored = serde_json::to_string(&command()).expect("serialises");
        assert_eq!(serde_json::from_str::<StepWork>(&stored).expect("reads"), command());
        let newer = stored.replacen("{\"id\"", "{\"after\":[],\"id\"", 1);
        assert!(serde_json::from_str::<StepWork>(&newer).is_err());
        assert!(serde_json::from_str::<Work>(r#"{"method":{"method":"add","nice":1}}"#).is_err());
    }
}
