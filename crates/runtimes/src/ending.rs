//! What is said about a program that did not end well, whatever its runtime.

use mainspring_types::{Code, Problem};

use crate::{Ending, Transcript, text};

/// The signals that end programs, by the names people know them by.
const SIGNALS: [(i32, &str); 14] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
    (13, "SIGPIPE"),
    (15, "SIGTERM"),
    (24, "SIGXCPU"),
    (25, "SIGXFSZ"),
    (31, "SIGSYS"),
];

/// The failure of a program that ended otherwise than with exit code 0; `None` when it did end so.
///
/// `said` is what the program itself gives as its error, where its contract has a place for one.
pub(crate) fn failure(seen: &Transcript<'_>, said: Option<String>) -> Option<Problem> {
    let problem = match seen.ending {
        Ending::Exited(0) => return None,
        Ending::OutOfMemory(limit) => Problem::new(
            Code::MemoryExceeded,
            format!("the agent used more memory than its limit of {limit}"),
        )
        .suggest("raise the agent's memory limit, or let it work on less at a time"),
        Ending::OutOfProcessorTime(limit) => Problem::new(
            Code::ExecutionTimeout,
            format!("the agent used more processor time than its limit of {limit:?}"),
        )
        .suggest("raise the `time` among the agent's limits, or let it work on less at a time"),
        Ending::Exited(exit) => ended(&format!("the agent ended with exit code {exit}"), said, seen),
        Ending::Signalled(signal) => ended(&by_signal(signal), said, seen),
    };
    Some(with_stderr(problem, seen))
}

/// The end of the standard error stream goes with the problem.
pub(crate) fn with_stderr(problem: Problem, seen: &Transcript<'_>) -> Problem {
    match text::tail(seen.stderr) {
        Some(tail) => problem.detail(tail),
        None => problem,
    }
}

fn ended(how: &str, said: Option<String>, seen: &Transcript<'_>) -> Problem {
    let said = said.or_else(|| text::last_line(seen.stderr)).or_else(|| text::last_line(seen.stdout));
    let message = said.map_or_else(|| how.to_owned(), |said| format!("{how}: {said}"));
    Problem::new(Code::ExecutionFailed, message)
}

fn by_signal(signal: i32) -> String {
    match SIGNALS.iter().find(|(number, _)| *number == signal) {
        Some((_, name)) => format!("the agent was ended by signal {signal} ({name})"),
        None => format!("the agent was ended by signal {signal}"),
    }
}
