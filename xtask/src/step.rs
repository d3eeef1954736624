//! One step of a recipe: announced, timed, and on failure told with the command that repeats it.

use std::{ffi::OsStr, fmt, process::Command, time::Instant};

/// Why a recipe stopped.
pub(crate) struct Failure {
    what: String,
    hint: String,
    /// The status this command ends with: that of the program that failed, since a benchmark's has a meaning.
    pub(crate) status: u8,
}

impl Failure {
    /// A failure found here and not by a program.
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into(), status: 1 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n hint: {}", self.what, self.hint)
    }
}

/// Prints one line to standard error.
#[expect(clippy::print_stderr, reason = "a developer command talks to the terminal, and here alone")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Does `work` as the step `title` and prints how long it took.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    say(&format!("==> {title}"));
    let started = Instant::now();
    let outcome = work();
    let verdict = if outcome.is_ok() { "ok" } else { "failed" };
    say(&format!("    {title}: {verdict} in {:.1} s", started.elapsed().as_secs_f64()));
    outcome
}

/// Runs `command` as the step `title`, with its output passed through.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<(), Failure> {
    step(title, || finish(title, command))
}

/// Runs `command` to its end, with its output passed through.
pub(crate) fn finish(title: &str, command: &mut Command) -> Result<(), Failure> {
    let outcome = command.status();
    judge(title, command, outcome)
}

/// Turns how a command ended into a result.
pub(crate) fn judge(
    title: &str,
    command: &Command,
    outcome: std::io::Result<std::process::ExitStatus>,
) -> Result<(), Failure> {
    let (why, status) = match outcome {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => (status.to_string(), status.code().and_then(|code| u8::try_from(code).ok())),
        Err(error) => (error.to_string(), None),
    };
    let hint = format!("repeat with `{}`", shown(command));
    Err(Failure { what: format!("{title} failed ({why})"), hint, status: status.unwrap_or(1) })
}

/// The command as a shell would take it.
fn shown(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let variables = variables.map(|(name, value)| format!("{}={}", name.display(), quoted(value)));
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_command_to_repeat() {
        let mut command = Command::new("sh");
        command.env("RUSTDOCFLAGS", "-D warnings").args(["-c", "exit 7"]);
        let failure = finish("docs", &mut command).expect_err("exits with 7");
        assert_eq!(
            failure.to_string(),
            "docs failed (exit status: 7)\n hint: repeat with `RUSTDOCFLAGS='-D warnings' sh -c 'exit 7'`"
        );
        assert_eq!(failure.status, 7);
    }
}
