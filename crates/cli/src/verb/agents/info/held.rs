//! What a model agent is given and held to, as a table: a group for each thing a line may be about, and where each line
//! comes from.

use mainspring_agent::Line;

use crate::output::{Palette, Tone, width_of};

/// What lines may be about, in sections with a blank line between them, each with its heading.
const SECTIONS: [&[(&str, &str)]; 4] = [
    &[("model", "model"), ("instructions", "instructions"), ("option", "options")],
    &[("toolset", "toolsets"), ("tool", "own tools"), ("mcp_server", "MCP servers"), ("agent", "sub-agents")],
    &[("approval", "approvals"), ("effect", "effects"), ("capability", "capabilities"), ("gate", "gates")],
    &[("session", "session"), ("output", "output"), ("limit", "limits"), ("budget", "budget")],
];

/// Between two columns.
const GAP: usize = 2;
const VALUE_MIN: usize = 24;

/// The lines as a table of `columns` columns; what a line holds is never cut, but goes on below.
pub(super) fn held(lines: &[Line], palette: Palette, columns: usize) -> String {
    let sections = SECTIONS.iter().map(|section| rows(section, lines)).filter(|rows| !rows.is_empty());
    let sections: Vec<Vec<Row<'_>>> = sections.collect();
    let widths = Widths::of(&sections.concat(), columns);
    let sections = sections.iter().map(|rows| rows.iter().map(|row| row.text(widths, palette)).collect());
    sections.collect::<Vec<String>>().join("\n")
}

/// One line, with its heading and its name where they are not those of the line above.
#[derive(Clone, Copy)]
struct Row<'a> {
    heading: &'a str,
    name: &'a str,
    value: &'a str,
    from: &'a str,
}

fn rows<'a>(section: &[(&str, &'a str)], lines: &'a [Line]) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for (what, heading) in section {
        let mut last = None;
        for line in lines.iter().filter(|line| line.what == *what) {
            rows.push(Row {
                heading: if last.is_none() { heading } else { "" },
                name: if last == Some(&line.name) { "" } else { &line.name },
                value: &line.value,
                from: &line.from,
            });
            last = Some(&line.name);
        }
    }
    rows
}

#[derive(Clone, Copy)]
struct Widths {
    heading: usize,
    name: usize,
    value: usize,
}

impl Widths {
    fn of(rows: &[Row<'_>], columns: usize) -> Self {
        let widest = |part: fn(&Row<'_>) -> usize| rows.iter().map(part).max().unwrap_or(0);
        let (heading, from) = (widest(|row| width_of(row.heading)), widest(|row| width_of(row.from)));
        // What has no name begins where names begin.
        let name = widest(|row| width_of(row.name));
        let room = columns.saturating_sub(heading + name + from + 4 * GAP).max(VALUE_MIN);
        let value = widest(|row| width_of(row.value)).min(room);
        Self { heading, name, value }
    }
}

impl Row<'_> {
    fn text(&self, widths: Widths, palette: Palette) -> String {
        let (name, room) = match self.name {
            "" if self.heading.is_empty() => (padded("", widths.name + GAP), widths.value),
            "" => (String::new(), widths.name + GAP + widths.value),
            name => (padded(name, widths.name + GAP), widths.value),
        };
        let mut parts = wrapped(self.value, room).into_iter();
        let first = parts.next().unwrap_or_default();
        let value = format!("{}{}", painted(&first, palette), padded("", room + GAP - width_of(&first)));
        let heading = palette.dim(&padded(self.heading, widths.heading + GAP));
        let mut text = format!("  {heading}{name}{value}{}\n", palette.dim(self.from));
        let indent = padded("", GAP + widths.heading + GAP + width_of(&name));
        text.extend(parts.map(|part| format!("{indent}{part}\n")));
        text
    }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{:blanks$}", "", blanks = width.saturating_sub(width_of(text)))
}

/// Verdicts in the tone of what they mean.
fn painted(value: &str, palette: Palette) -> String {
    match value {
        "allow" => palette.paint(Tone::Good, value),
        "ask" => palette.paint(Tone::Warn, value),
        "deny" | "taken away" => palette.paint(Tone::Bad, value),
        other => other.to_owned(),
    }
}

/// The text in lines of at most `room` columns, broken between words; a word that is longer has a line of its own.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| width_of(line) + 1 + width_of(word) <= room) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(what: &str, name: &str, value: &str, from: &str) -> Line {
        let [what, name, value, from] = [what, name, value, from].map(str::to_owned);
        Line { what, name, value, from }
    }

    #[test]
    fn lines_stand_in_groups_whatever_their_order() {
        let lines = [
            line("budget", "tokens", "5000", "the run"),
            line("approval", "shell", "ask", "reviewer.yaml:9"),
            line("approval", "shell(rm *)", "deny", "config.toml"),
            line("toolset", "file_system", "read_file, list_files (pure)", "reviewer.yaml:7"),
            line("toolset", "file_system", "write_file (idempotent)", "reviewer.yaml:7"),
            line("model", "", "openai/gpt-4o-mini", "reviewer.yaml:4"),
        ];
        insta::assert_snapshot!(held(&lines, Palette::Plain, 100), @"
        model      openai/gpt-4o-mini                         reviewer.yaml:4

        toolsets   file_system  read_file, list_files (pure)  reviewer.yaml:7
                                write_file (idempotent)       reviewer.yaml:7

        approvals  shell        ask                           reviewer.yaml:9
                   shell(rm *)  deny                          config.toml

        budget     tokens       5000                          the run
        ");
    }

    #[test]
    fn what_is_long_goes_on_below() {
        let value = "one two three four five six seven eight nine";
        let lines = [line("mcp_server", "files", value, "a.yaml:1"), line("tool", "x", "y", "a.yaml:2")];
        insta::assert_snapshot!(held(&lines, Palette::Plain, 60), @"
        own tools    x      y                             a.yaml:2
        MCP servers  files  one two three four five six   a.yaml:1
                            seven eight nine
        ");
    }
}
