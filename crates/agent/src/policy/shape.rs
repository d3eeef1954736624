//! What "allow this shape from now on" remembers of a call.

use serde_json::Value;

use super::command::CommandLine;
use super::glob::Glob;
use super::pattern::Pattern;
use super::subject::Target;
use crate::toolset::{BuiltIn, Subject};

/// Programs that run what their arguments say: their shape would be a shape of everything.
const LAUNCHERS: &[&str] = &[
    "bash", "bun", "busybox", "command", "dash", "deno", "docker", "doas", "env", "eval", "exec", "find",
    "fish", "ksh", "nice", "node", "nohup", "npx", "perl", "php", "pipx", "podman", "python", "python3",
    "ruby", "sh", "source", "ssh", "su", "sudo", "time", "timeout", "uvx", "watch", "xargs", "zsh",
];

impl Pattern {
    /// The pattern of calls like this one.
    ///
    /// A command is told by its first two words when these are plain ones, a file by its folder, a page by its host, a
    /// sub-agent by its name. What would cover much more than a person can foresee is remembered as it is.
    pub fn shape_of(tool: &str, arguments: &Value) -> Self {
        let subject = BuiltIn::find(tool).and_then(|tool| tool.subject);
        let argument = subject.and_then(|subject| argument(subject, arguments));
        Self { name: Glob::literal(tool), argument }
    }
}

fn argument(subject: Subject, arguments: &Value) -> Option<Glob> {
    match Target::of(Some(subject), arguments).ok()? {
        Target::Commands(line, CommandLine::Plain(commands)) if commands.len() == 1 => {
            Some(command(&commands[0]).unwrap_or_else(|| Glob::literal(&line)))
        }
        Target::Commands(line, _) => Some(Glob::literal(&line)),
        Target::File(path) => Some(match path.rsplit_once('/') {
            Some((folder, _)) => Glob::literal(folder).with_all_below("/"),
            None => Glob::literal(&path),
        }),
        Target::Tree(folder) => Some(Glob::literal(&folder).with_all_below("")),
        Target::Host(host) => Some(Glob::literal(&host)),
        // The text of a program never comes twice.
        Target::Text(_) if subject.argument == "code" => None,
        Target::Text(text) => Some(Glob::literal(&text)),
    }
}

/// `git push origin` is like every `git push`; a command without such a beginning is like itself alone.
fn command(command: &str) -> Option<Glob> {
    let mut words = command.split_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    let is_plain = |word: &str| {
        word.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte))
    };
    let telling = is_plain(first) && is_plain(second) && !LAUNCHERS.contains(&first);
    telling.then(|| Glob::literal(&format!("{first} {second}")).with_all_below(" "))
}
