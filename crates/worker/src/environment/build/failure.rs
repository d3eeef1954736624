//! Why an environment could not be built, in words for the person who reads it.

use std::{ffi::OsStr, io, os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Duration};

use mainspring_agent::InstallCommand;
use mainspring_types::{ByteSize, Code, Problem};

use crate::environment::{fault::disk_full, tail::Tail};

/// `what` ended badly after printing `output`.
pub(super) fn failed(what: &str, status: ExitStatus, output: &Tail) -> Problem {
    let output = output.to_string();
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    };
    let message = format!("{what} failed with {how}");
    let problem = if output.contains("No space left on device") {
        disk_full(message)
    } else {
        let advice = advice(&output);
        Problem::new(Code::InstallFailed, message).suggest(advice)
    };
    problem.detail(output)
}

/// The next step that the output of an installer points at.
fn advice(output: &str) -> &'static str {
    let says = |any: &[&str]| any.iter().any(|text| output.contains(text));
    if says(&["ensurepip is not available", "No module named venv", "No module named ensurepip"]) {
        "install the interpreter's venv module (on Debian `apt install python3-venv`), or uv"
    } else if says(&super::shell::NO_NETWORK) {
        "the package index cannot be reached: see to the network, or set PIP_INDEX_URL and UV_DEFAULT_INDEX to one that can"
    } else if says(&[
        "No matching distribution found",
        "No solution found",
        "not found in the package registry",
    ]) {
        "see that the package's name and version exist for this Python version"
    } else {
        "the command's last lines say why; mend it in the manifest and run again"
    }
}

/// `what` was killed at the end of its time.
pub(super) fn out_of_time(what: &str, time: Duration, output: &Tail) -> Problem {
    Problem::new(Code::InstallTimeout, format!("{what} was not done after {} s", time.as_secs_f64()))
        .suggest("run it again: what was downloaded is kept")
        .detail(output.to_string())
}

/// The environment holds `size`, more than `cap`.
pub(super) fn too_large(size: ByteSize, cap: ByteSize, packages: &[(String, ByteSize)]) -> Problem {
    let list: Vec<_> = packages.iter().map(|(name, size)| format!("`{name}` {size}")).collect();
    let largest = if list.is_empty() { String::new() } else { format!("; the largest: {}", list.join(", ")) };
    Problem::new(
        Code::EnvironmentTooLarge,
        format!("the environment takes {size}, more than its cap of {cap}{largest}"),
    )
    .suggest("leave out packages that the agent does not need, or raise the cap on environments")
}

/// Nobody waits for the environment any more.
pub(super) fn cancelled() -> Problem {
    Problem::new(Code::Cancelled, "building the environment was cancelled")
}

/// The command is one that pip cannot carry out.
pub(super) fn needs_uv(command: &InstallCommand) -> Problem {
    Problem::new(
        Code::InstallFailed,
        format!(
            "the install command `{command}` needs uv, which is not on this machine: pip reads no `uv.lock`"
        ),
    )
    .suggest("install uv (https://docs.astral.sh/uv), or set MAINSPRING_UV to it")
}

/// The program could not be started.
pub(super) fn not_started(program: &OsStr, error: &io::Error) -> Problem {
    Problem::new(Code::InstallFailed, format!("cannot start `{}`", program.to_string_lossy()))
        .because(error)
        .suggest("see that the program is installed and on the PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_an_environment_too_large_is_named() {
        let packages =
            [("torch".to_owned(), ByteSize(1_800_000_000)), ("numpy".to_owned(), ByteSize(80_000_000))];
        let problem = too_large(ByteSize(2_100_000_000), ByteSize(2_000_000_000), &packages);
        assert_eq!(
            problem.message,
            "the environment takes 2.1 GB, more than its cap of 2.0 GB; the largest: `torch` 1.8 GB, `numpy` 80.0 MB"
        );
    }

    #[test]
    fn a_full_disk_is_told_from_a_failing_command() {
        let mut output = Tail::default();
        output.push(b"OSError: [Errno 28] No space left on device\n");
        let problem = failed("the install command `pip install a`", ExitStatus::from_raw(2 << 8), &output);
        assert_eq!(problem.code, Code::DiskFull);
        assert_eq!(problem.message, "the install command `pip install a` failed with exit code 2");
    }
}
