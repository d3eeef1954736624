//! From what was seen of a program to what is reported about its attempt.

use std::time::Duration;

use mainspring_api::worker::{End, Task, Used};
use mainspring_runtimes::{Ending, Transcript};
use mainspring_sandbox::{Enforcement, Exit, How, Isolation};
use mainspring_types::{Code, Family, Problem, Value};

use super::{
    assignment::Assignment,
    boundary,
    capture::Capture,
    follow::{Cause, Ended, Manner},
    log::Held,
};
use crate::execute::Outcome;

/// SIGKILL, which no program outlives.
const KILL: i32 = 9;
/// SIGXCPU, by which the kernel tells a program that its processor time is used up.
const XCPU: i32 = 24;

/// What was seen of a program.
pub(super) struct Seen {
    pub(super) ended: Ended,
    pub(super) isolation: Isolation,
    pub(super) active: Duration,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
}

impl Seen {
    /// What is reported; the last of the log is noted first.
    pub(super) fn outcome(self, task: &Task, assignment: &Assignment) -> Outcome {
        let Self { ended, isolation, active, stdout, stderr } = self;
        let used = used(&ended.exit, active);
        let (stdout, stdout_lost, stdout_lines) = stdout.finish();
        let (stderr, _, stderr_lines) = stderr.finish();
        let seen = Transcript {
            ending: ending(&ended.exit, &isolation, assignment, &stderr),
            stdout: &stdout,
            stdout_lost,
            stderr: &stderr,
        };
        let answer = answer(&ended, &seen, task, assignment);
        let held = if matches!(answer, Answer::Output(_)) { Held::Answer } else { Held::Log };
        for lines in [stdout_lines, stderr_lines].into_iter().flatten() {
            lines.finish(held);
        }
        Outcome { end: answer.into(), used }
    }
}

enum Answer {
    Output(Value),
    Failure(Problem),
    /// It was told to end, so what it says is of no account.
    Void,
    /// It was killed, and not by us.
    Lost,
}

impl From<Answer> for End {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Output(output) => Self::Done { output },
            Answer::Failure(problem) => failed(problem),
            Answer::Void => Self::Aborted {},
            Answer::Lost => Self::Lost {},
        }
    }
}

fn answer(ended: &Ended, seen: &Transcript<'_>, task: &Task, assignment: &Assignment) -> Answer {
    match ended.cause {
        Cause::Order => Answer::Void,
        Cause::Time => Answer::Failure(timed_out(ended.manner, seen, assignment)),
        // What ends in a limit is told apart before; so is what we end. An agent that kills itself looks the same, and is
        // bounded by how often a step may be lost.
        Cause::Itself if seen.ending == Ending::Signalled(KILL) => Answer::Lost,
        Cause::Itself => match assignment.answer(seen) {
            Ok(output) => Answer::Output(output),
            Err(problem) => Answer::Failure(with_way_out(problem, seen, task)),
        },
    }
}

/// The provider that it misses, or where the rest of its words are, when there is no better advice.
fn with_way_out(problem: Problem, seen: &Transcript<'_>, task: &Task) -> Problem {
    if problem.suggestion.is_some() {
        return problem;
    }
    let words = seen.last_words().unwrap_or_default();
    match task.boundary.as_ref().and_then(|boundary| boundary::missing(boundary, &words)) {
        Some(variable) => problem.suggest(format!(
            "set `{variable}` where `mainspring` is started: its models have no provider there (docs/models.md)"
        )),
        None => problem.suggest(format!("see what it wrote with `mainspring runs events {}`", task.ticket.run)),
    }
}

/// An attempt that failed. Whether another can help is the definition's to say; what no other can help is said here.
pub(super) fn failed(problem: Problem) -> End {
    End::Failed { retryable: matches!(problem.code.family(), Family::Run | Family::Server), problem }
}

fn timed_out(manner: Manner, seen: &Transcript<'_>, assignment: &Assignment) -> Problem {
    let (step, limit) = (&assignment.step.id, assignment.step.timeout);
    let manner = match manner {
        Manner::Willing => "was stopped",
        Manner::Killed => "did not end when told to, and was killed",
    };
    let problem = Problem::new(
        Code::ExecutionTimeout,
        format!("step `{step}` ran longer than its limit of {limit:?}: it {manner}"),
    )
    .suggest("find out what it waits for, or give the step a longer `timeout` in its definition");
    match seen.last_words() {
        Some(words) => problem.detail(words),
        None => problem,
    }
}

fn ending(exit: &Exit, isolation: &Isolation, assignment: &Assignment, stderr: &[u8]) -> Ending {
    let limit = assignment.limits.memory;
    match exit.how {
        How::Code(0) => Ending::Exited(0),
        _ if exit.out_of_memory || ran_into_limit(isolation, stderr) => Ending::OutOfMemory(limit),
        How::Code(code) => Ending::Exited(code),
        How::Signal(signal) => match assignment.limits.time {
            // The kernel says so first, and kills a program that does not listen.
            Some(limit) if signal == XCPU || signal == KILL && exit.cpu >= limit => {
                Ending::OutOfProcessorTime(limit)
            }
            _ => Ending::Signalled(signal),
        },
        How::Lost => Ending::Signalled(KILL),
    }
}

/// Without a memory cgroup a program is refused memory instead of killed; Python then ends with this error.
fn ran_into_limit(isolation: &Isolation, stderr: &[u8]) -> bool {
    isolation.memory == Enforcement::ResourceLimit
        && stderr.trim_ascii_end().rsplit(|&byte| byte == b'\n').next() == Some(b"MemoryError")
}

fn used(exit: &Exit, active: Duration) -> Used {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Used {
        active_ms: millis(active),
        cpu_ms: millis(exit.cpu),
        peak_memory: exit.peak_memory.map(|size| size.0),
    }
}
