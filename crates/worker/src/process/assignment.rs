//! What a task asks for, read from the form in which the control plane keeps it.

use std::path::Path;

use mainspring_agent::{Limits, Requirements, StepWork, Work};
use mainspring_api::worker::Task;
use mainspring_runtimes::{Given, Invocation, Transcript, command, package, script};
use mainspring_types::{Code, Problem, Value};
use serde::Deserialize;

/// One step and what its agent brings. Fields of a newer control plane are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Assignment {
    pub(super) step: StepWork,
    #[serde(default)]
    pub(super) limits: Limits,
    /// What its environment must contain; `None` when it brings none.
    #[serde(default)]
    pub(super) requirements: Option<Requirements>,
}

impl Assignment {
    pub(super) fn of(task: &Task) -> Result<Self, Problem> {
        serde_json::from_str(task.work.get()).map_err(|error| {
            Problem::new(Code::Internal, format!("read the work of step `{}`", task.ticket.step))
                .because(&error)
                .suggest("use a worker of the control plane's version")
        })
    }

    /// What starts the step's program. `python` is the interpreter of its environment.
    pub(super) fn invocation(&self, task: &Task, python: Option<&Path>) -> Result<Invocation, Problem> {
        let own = self.step.input.as_ref().map(Value::json).transpose().expect("JSON serialises");
        let given = Given { input: own.as_ref().unwrap_or(&task.input), previous: task.previous.as_ref() };
        match (&self.step.work, python) {
            (Work::Method { method }, Some(python)) => package::invocation(python, method, given),
            (Work::Script { file }, Some(python)) => script::invocation(python, file, given),
            (Work::Method { method: name } | Work::Script { file: name }, None) => Err(unprovided(name)),
            (Work::Command { argv, .. }, _) => command::invocation(argv, given),
            (Work::Converse { .. }, _) => Err(no_program()),
        }
    }

    /// The output of the step's program.
    pub(super) fn answer(&self, seen: &Transcript<'_>) -> Result<Value, Problem> {
        match &self.step.work {
            Work::Method { .. } => package::answer(seen),
            Work::Script { .. } => script::answer(seen),
            Work::Command { output, .. } => command::answer(*output, seen),
            Work::Converse { .. } => Err(no_program()),
        }
    }
}

fn unprovided(name: &str) -> Problem {
    let message = format!("`{name}` was handed out without what its environment must contain");
    Problem::new(Code::Internal, message).suggest("use a worker of the control plane's version")
}

fn no_program() -> Problem {
    Problem::new(Code::Internal, "a step of the default runtime was handed to the wrong executor")
        .suggest("use a worker of the control plane's version")
}
