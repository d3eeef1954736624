//! What a command ends with when it does not end well, and how that is told.
//!
//! One block per problem: `error[CODE]: message`, the line of the user's file with a caret, what was seen, then a
//! `hint:` with the next thing to try and where the code is explained. The first problem decides the exit code.

use std::{fmt::Write as _, fs, io::Read, path::Path, process::ExitCode};

use mainspring_types::{Code, Location, Problem};
use serde_json::json;

use crate::output::{self, Format, Output, Palette, Tone, count, fitted};

/// Problems, at least one.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Failure {
    problems: Vec<Problem>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(mut problems: Vec<Problem>) -> Self {
        if problems.is_empty() {
            problems.push(Problem::new(Code::Internal, "the request was refused without a reason"));
        }
        Self { problems }
    }
}

impl Failure {
    /// What kind of failure it is: the code of the first problem.
    pub(crate) fn code(&self) -> Code {
        self.problems[0].code
    }

    /// Tells the failure on standard error, and as data on standard output when data was asked for.
    pub(crate) fn report(&self, output: &Output) -> ExitCode {
        if output.format != Format::Table {
            let (first, others) = (&self.problems[0], &self.problems[1..]);
            // The problem itself is told below whatever becomes of this.
            let _ = output.show(&json!({ "error": first, "others": others }), |_| String::new());
        }
        output::note(&self.render(output.err_palette));
        ExitCode::from(self.code().exit_code())
    }

    /// The text of all problems.
    pub(crate) fn render(&self, palette: Palette) -> String {
        let blocks: Vec<String> = self.problems.iter().map(|problem| block(problem, palette)).collect();
        let mut text = blocks.join("\n");
        if blocks.len() > 1 {
            let _ = write!(text, "\n{}\n", palette.strong(&count(blocks.len() as u64, "problem")));
        }
        text
    }
}

/// One problem as text, ending with a line end.
pub(crate) fn block(problem: &Problem, palette: Palette) -> String {
    let label = palette.paint(Tone::Bad, &format!("error[{}]:", problem.code));
    let mut text = format!("{label} {}\n", problem.message);
    if let Some(location) = &problem.location {
        text.push_str(&snippet(location, palette));
    }
    for line in problem.detail.iter().flat_map(|detail| detail.lines()) {
        let _ = writeln!(text, "  {} {}", palette.dim("│"), fitted(line, 200));
    }
    if let Some(suggestion) = &problem.suggestion {
        let _ = writeln!(text, "  {} {suggestion}", palette.paint(Tone::Active, "hint:"));
    }
    let _ = writeln!(text, "  {}", palette.dim(&format!("docs: docs/errors/{}.md", problem.code)));
    text
}

/// The place in the user's file: the line before it, the line itself, and a caret under the column.
fn snippet(location: &Location, palette: Palette) -> String {
    let mut text = format!("  {} {location}\n", palette.dim("-->"));
    let Some(line) = location.line else { return text };
    let Some(source) = read_source(Path::new(&location.file)) else { return text };
    let digits = line.to_string().len();
    let gutter = |label: &str| palette.dim(&format!("  {label:>digits$} │"));
    for number in line.saturating_sub(1).max(1)..=line {
        let Some(shown) = source.lines().nth(number as usize - 1) else { return text };
        // Tabs are shown as one blank each, so that the caret stays under its column.
        let _ = writeln!(text, "{} {}", gutter(&number.to_string()), fitted(&shown.replace('\t', " "), 120));
    }
    if let Some(column) = location.column.filter(|column| (1..=120).contains(column)) {
        let blanks = " ".repeat(column as usize - 1);
        let _ = writeln!(text, "{} {blanks}{}", gutter(""), palette.paint(Tone::Bad, "^"));
    }
    text
}

/// The start of the file: as much as a definition may have, so that a wrong path costs little.
fn read_source(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(1 << 20).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(file: &Path) -> Problem {
        let file = file.display().to_string();
        Problem::new(Code::InvalidManifest, "field `licence` is not known here")
            .suggest("did you mean `license`?")
            .at(Location { file, line: Some(2), column: Some(3) })
    }

    #[test]
    fn a_problem_shows_its_line_and_a_caret() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("agent.yaml");
        fs::write(&file, "name: calc\n  licence: MIT\n").expect("written");
        let text = block(&located(&file), Palette::Plain);
        insta::assert_snapshot!(text.replace(&folder.path().display().to_string(), "FOLDER"), @r"
        error[E1102]: field `licence` is not known here
          --> FOLDER/agent.yaml:2:3
          1 │ name: calc
          2 │   licence: MIT
            │   ^
          hint: did you mean `license`?
          docs: docs/errors/E1102.md
        ");
    }

    #[test]
    fn every_problem_is_told_and_what_was_seen_stands_beside_it() {
        let seen = Problem::new(Code::ExecutionFailed, "the agent ended with exit code 3")
            .detail("Traceback\n  boom");
        let failure = Failure::from(vec![seen, located(Path::new("/nowhere/agent.yaml"))]);
        insta::assert_snapshot!(failure.render(Palette::Plain), @r"
        error[E2001]: the agent ended with exit code 3
          │ Traceback
          │   boom
          docs: docs/errors/E2001.md

        error[E1102]: field `licence` is not known here
          --> /nowhere/agent.yaml:2:3
          hint: did you mean `license`?
          docs: docs/errors/E1102.md

        2 problems
        ");
    }
}
