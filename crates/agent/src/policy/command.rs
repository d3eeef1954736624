//! Takes a command line apart, so that each command in it is judged by itself.
//!
//! It knows the quotes and the operators of a POSIX shell. A line that does more, such as substituting the output of
//! another command, is opaque: it can be denied by what it holds, and allowed only as a whole.

use std::{iter::Peekable, str::Chars};

/// The commands of one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum CommandLine {
    /// Each runs as it is written here; at least one, which may be blank.
    Plain(Vec<String>),
    /// What it runs cannot be told from its text; the fragments are what might be commands.
    Opaque(Vec<String>),
}

/// What ends one fragment of an opaque line and begins the next.
const SEAMS: &[char] = &[';', '|', '&', '\n', '(', ')', '{', '}', '<', '>', '`', '$', '"', '\''];

impl CommandLine {
    pub(super) fn read(line: &str) -> Self {
        let tidy = |parts: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        match split(line) {
            Some(parts) => {
                let commands = tidy(&mut parts.iter().map(String::as_str));
                Self::Plain(if commands.is_empty() { vec![String::new()] } else { commands })
            }
            None => Self::Opaque(tidy(&mut line.split(SEAMS))),
        }
    }
}

/// The texts between the operators, or nothing when quotes and operators do not tell all.
fn split(line: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut rest = line.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = rest.next() {
        let part = parts.last_mut()?;
        match letter {
            ';' | '|' | '&' | '\n' => parts.push(String::new()),
            // A comment may hold a quote that would hide what follows its line.
            '#' if before.is_whitespace() || SEAMS.contains(&before) => return None,
            '(' | ')' | '`' | '<' | '\0' => return None,
            '$' if matches!(rest.peek(), Some('(' | '\'' | '"')) => return None,
            '>' => part.push_str(&harmless(&mut rest)?),
            '\\' => part.extend([letter, rest.next()?]),
            '\'' | '"' => quoted(letter, &mut rest, part)?,
            _ => part.push(letter),
        }
        before = letter;
    }
    Some(parts)
}

/// What stands between `quote` and its like; within double quotes, a substitution is not seen through.
fn quoted(quote: char, rest: &mut Peekable<Chars<'_>>, part: &mut String) -> Option<()> {
    part.push(quote);
    loop {
        let letter = rest.next()?;
        part.push(letter);
        match letter {
            _ if letter == quote => return Some(()),
            '\\' if quote == '"' => part.push(rest.next()?),
            '`' if quote == '"' => return None,
            '$' if quote == '"' && rest.peek() == Some(&'(') => return None,
            _ => {}
        }
    }
}

/// The rest of a redirection that writes no file: to another stream or to `/dev/null`.
fn harmless(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let ahead: String = rest.clone().collect();
    let blanks = ahead.len() - ahead.trim_start_matches(' ').len();
    let known = ["&1", "&2", "/dev/null"].into_iter().find(|target| ahead[blanks..].starts_with(target))?;
    let end = blanks + known.len();
    let ends = ahead[end..].chars().next().is_none_or(|next| next.is_whitespace() || ";|&".contains(next));
    if !ends {
        return None;
    }
    for _ in ahead[..end].chars() {
        rest.next();
    }
    Some(format!(">{}", &ahead[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &str) -> Vec<String> {
        match CommandLine::read(line) {
            CommandLine::Plain(commands) => commands,
            CommandLine::Opaque(_) => vec!["opaque".into()],
        }
    }

    #[test]
    fn each_command_of_a_line_stands_for_itself() {
        assert_eq!(plain("git add . && git commit -m 'a; b'"), ["git add .", "git commit -m 'a; b'"]);
        assert_eq!(plain("cat x|wc -l\nls"), ["cat x", "wc -l", "ls"]);
        assert_eq!(plain(r#"echo "a & b" \; c"#), [r#"echo "a & b" \; c"#]);
        assert_eq!(plain("make 2>&1 >/dev/null; ls"), ["make 2>&1 >/dev/null", "ls"]);
        assert_eq!(plain(" ;; "), [""]);
    }

    #[test]
    fn what_cannot_be_seen_through_is_opaque() {
        let lines = [
            "git log $(rm x)",
            "git log `rm x`",
            "git log \"$(rm x)\"",
            "git log > x",
            "git log >&1x",
            "git log > /dev/nullx",
            "cat <<E",
            "(rm x)",
            "git log 'rm",
            "git log $'\\'; rm x'",
            "git log # don't\nrm x",
            "git log;# '\nrm x",
            "git log \\",
        ];
        for line in lines {
            assert_eq!(plain(line), ["opaque"], "{line}");
        }
        let CommandLine::Opaque(fragments) = CommandLine::read("git log $(rm x)") else { panic!("opaque") };
        assert_eq!(fragments, ["git log", "rm x"]);
    }
}
