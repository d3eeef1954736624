//! What is typed with a slash: commands to the terminal rather than words to the agent.

/// What is typed at the prompt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Input {
    /// Nothing.
    Nothing,
    /// Words to the agent.
    Message(String),
    /// A command.
    Command(Command),
    /// A word with a slash that is no command.
    Unknown(String),
}

/// What the terminal is told to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Command {
    Help,
    Tools,
    Cost,
    Done,
    Quit,
}

/// Every command, and what it does.
const COMMANDS: [(&str, Command, &str); 5] = [
    ("/help", Command::Help, "this list"),
    ("/tools", Command::Tools, "the tools that were called, and how often"),
    ("/cost", Command::Cost, "what this conversation has used"),
    ("/done", Command::Done, "end the run once it has answered, and leave"),
    ("/quit", Command::Quit, "leave; `mainspring chat --resume` goes on"),
];

const KEYS: [(&str, &str); 5] = [
    ("Enter", "send; while the agent works it is heard when its turn is over"),
    ("Alt-Enter, \\ Enter", "another line"),
    ("↑ ↓", "what was typed before"),
    ("Ctrl-C", "interrupt the turn; again: cancel; a third time: kill and leave"),
    ("Ctrl-D", "leave"),
];

impl Input {
    /// What a line means. A path begins with a slash too: only a word of letters is taken for a command.
    pub(super) fn read(line: &str) -> Self {
        let line = line.trim();
        let is_word = line.len() > 1 && line[1..].bytes().all(|byte| byte.is_ascii_lowercase());
        match COMMANDS.iter().find(|(name, ..)| *name == line) {
            Some((_, command, _)) => Self::Command(*command),
            None if line.is_empty() => Self::Nothing,
            None if line == "/exit" => Self::Command(Command::Quit),
            None if line.starts_with('/') && is_word => Self::Unknown(line.to_owned()),
            None => Self::Message(line.to_owned()),
        }
    }
}

/// The commands and the keys, for /help.
pub(super) fn help() -> String {
    let commands = COMMANDS.iter().map(|(name, _, what)| (*name, *what));
    let lines = commands.chain(KEYS).map(|(name, what)| format!("{name:<20} {what}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_is_a_command_a_path_is_not() {
        assert_eq!(Input::read(" /done "), Input::Command(Command::Done));
        assert_eq!(Input::read("/exit"), Input::Command(Command::Quit));
        assert_eq!(Input::read("/hepl"), Input::Unknown("/hepl".to_owned()));
        assert_eq!(Input::read("/etc/passwd is odd"), Input::Message("/etc/passwd is odd".to_owned()));
        assert_eq!(Input::read("  "), Input::Nothing);
    }

    #[test]
    fn help_names_every_command_and_key() {
        insta::assert_snapshot!(help(), @r"
        /help                this list
        /tools               the tools that were called, and how often
        /cost                what this conversation has used
        /done                end the run once it has answered, and leave
        /quit                leave; `mainspring chat --resume` goes on
        Enter                send; while the agent works it is heard when its turn is over
        Alt-Enter, \ Enter   another line
        ↑ ↓                  what was typed before
        Ctrl-C               interrupt the turn; again: cancel; a third time: kill and leave
        Ctrl-D               leave
        ");
    }
}
