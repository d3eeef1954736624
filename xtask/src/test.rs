//! `test`: set-up, then every test of the workspace, with cargo's own lines passed through and summed at the end.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use crate::{
    setup,
    step::{Failure, judge, say, step},
    tools,
    workspace::cargo,
};

/// Runs the tests; `--full` runs all that CI only samples, `--no-setup` takes the machine as it is.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let own = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let rest: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|a| !["--full", "--no-setup"].contains(a)).collect();
    if !own("--no-setup") {
        setup::for_tests()?;
    }
    let mut command = tests(&rest);
    if own("--full") {
        command.env("MAINSPRING_FULL", "1");
    }
    let tally = step("test", || stream(&mut command))?;
    say(&format!("\nall tests passed: {tally}"));
    Ok(())
}

/// `cargo test` over the whole workspace, or over what the arguments choose, with the tools told by environment.
pub(crate) fn tests(arguments: &[&str]) -> Command {
    let chosen =
        arguments.iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"));
    let mut command = cargo(["test", "--no-fail-fast"]);
    if !chosen {
        command.arg("--workspace");
    }
    command.args(arguments);
    if let Some(uv) = tools::uv() {
        command.env("MAINSPRING_UV", uv);
    }
    command
}

/// Runs the tests, passing their output on and counting the verdicts in it.
fn stream(command: &mut Command) -> Result<Tally, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("run cargo test: {error}"), "is cargo on the path?");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let (mut tally, mut line) = (Tally::default(), Vec::new());
    while output.read_until(b'\n', &mut line).map_err(failed)? > 0 {
        std::io::stdout().write_all(&line).map_err(failed)?;
        tally.read(&String::from_utf8_lossy(&line));
        line.clear();
    }
    judge("test", command, child.wait()).map(|()| tally)
}

/// The sum of cargo's `test result:` lines.
#[derive(Default)]
struct Tally {
    suites: u32,
    passed: u32,
    ignored: u32,
}

impl Tally {
    fn read(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let count = |kind: &str| {
            let part = counts.split(['.', ';']).find_map(|part| part.trim().strip_suffix(kind));
            part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        self.suites += 1;
        self.passed += count("passed");
        self.ignored += count("ignored");
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed and {} ignored in {} suites", self.passed, self.ignored, self.suites)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdicts_add_up() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n");
        tally.read("test laws::fold ... ok\n");
        tally.read(
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        );
        assert_eq!(tally.to_string(), "15 passed and 1 ignored in 2 suites");
    }
}
