//! Which of the known forms an install command has.
//!
//! Only the form is told apart here. Whether a command may run is decided by the environment builder: a form that is
//! not known is refused unless the user allows it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::words::{SplitError, Word, split};

/// One command of `installation.commands`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallCommand {
    /// Makes the environment, such as `uv venv .venv`: ours exists already.
    CreateVenv,
    /// Installs only pip or uv: ours has them already.
    Bootstrap,
    /// Installs packages; the arguments that follow `install`.
    Install(Vec<String>),
    /// Installs what the lock file says; the arguments that follow `uv sync`.
    Sync(Vec<String>),
    /// Any other program, word by word. A word may hold a shell's operators: it is never given to a shell.
    Other(Vec<String>),
}

/// What a bare environment is given before anything else.
const BOOTSTRAPPED: [&str; 2] = ["pip", "uv"];

impl InstallCommand {
    /// Reads one command line, without a shell.
    pub fn parse(line: &str) -> Result<Self, SplitError> {
        let words = split(line)?;
        let for_shell = words.iter().any(|Word { for_shell, .. }| *for_shell);
        let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
        Ok(if for_shell { Self::Other(words) } else { Self::of(words) })
    }

    fn of(words: Vec<String>) -> Self {
        let named: Vec<&str> = words.iter().map(String::as_str).collect();
        match after_interpreter(&named).as_slice() {
            ["uv", "venv", ..] | ["venv" | "virtualenv", ..] => Self::CreateVenv,
            ["ensurepip", ..] => Self::Bootstrap,
            ["uv", "sync", rest @ ..] => Self::Sync(owned(rest)),
            ["uv", "pip", "install", rest @ ..] | ["pip", "install", rest @ ..] => Self::install(rest),
            _ => Self::Other(words),
        }
    }

    fn install(arguments: &[&str]) -> Self {
        let mut packages = arguments.iter().filter(|word| !word.starts_with('-')).peekable();
        let bootstraps = packages.peek().is_some() && packages.all(|name| BOOTSTRAPPED.contains(name));
        if bootstraps { Self::Bootstrap } else { Self::Install(owned(arguments)) }
    }
}

/// The words from the tool's name on: `.venv/bin/python -m pip3 install` begins with `pip` like `pip install`.
fn after_interpreter<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let rest = match words {
        [program, "-m", rest @ ..] if is_python(base_name(program)) => rest,
        _ => words,
    };
    let mut named = rest.to_vec();
    if let Some(tool) = named.first_mut() {
        *tool = match base_name(tool) {
            "pip3" => "pip",
            name => name,
        };
    }
    named
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl fmt::Display for InstallCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, rest): (&str, &[String]) = match self {
            Self::CreateVenv => ("uv venv", &[]),
            Self::Bootstrap => ("pip install pip uv", &[]),
            Self::Install(arguments) => ("pip install", arguments),
            Self::Sync(arguments) => ("uv sync", arguments),
            Self::Other(words) => return f.write_str(&words.join(" ")),
        };
        f.write_str(start)?;
        rest.iter().try_for_each(|word| write!(f, " {word}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: &InstallCommand) {
        for line in lines {
            assert_eq!(&InstallCommand::parse(line).expect(line), expected, "{line}");
        }
    }

    #[test]
    fn what_ours_already_does_is_recognised() {
        check(
            &["uv venv .venv", "python3 -m venv .venv", "virtualenv x", "python -m uv venv"],
            &InstallCommand::CreateVenv,
        );
        let bootstraps = [
            "python -m ensurepip --upgrade",
            "python -m pip install --upgrade pip",
            "pip install uv",
            "pip3 install -U pip uv",
        ];
        check(&bootstraps, &InstallCommand::Bootstrap);
    }

    #[test]
    fn installs_keep_their_arguments() {
        let editable = InstallCommand::Install(vec!["-e".into(), ".".into()]);
        check(
            &["uv pip install -e .", "pip install -e .", ".venv/bin/python3.12 -m pip install -e '.'"],
            &editable,
        );
        check(&["uv pip install foo>=1.0"], &InstallCommand::Install(vec!["foo>=1.0".into()]));
        check(&["uv sync --frozen"], &InstallCommand::Sync(vec!["--frozen".into()]));
    }

    #[test]
    fn anything_else_is_kept_word_by_word() {
        let line = "curl -LsSf https://astral.sh/uv/install.sh | sh";
        let words = line.split(' ').map(str::to_owned).collect();
        check(&[line], &InstallCommand::Other(words));
        let fallback = InstallCommand::parse("pip install uv || true").expect("splits");
        assert!(matches!(fallback, InstallCommand::Other(_)));
        assert!(matches!(InstallCommand::parse("make"), Ok(InstallCommand::Other(_))));
    }

    #[test]
    fn the_stored_form_is_stable() {
        let commands = ["uv venv .venv", "pip install -e .", "make all"]
            .map(|line| InstallCommand::parse(line).expect(line));
        let stored = serde_json::to_string(&commands).expect("serialises");
        assert_eq!(stored, r#"["create_venv",{"install":["-e","."]},{"other":["make","all"]}]"#);
    }
}
