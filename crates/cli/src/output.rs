//! Where output goes and how it looks there: the format asked for, and what each stream can show.
//!
//! Results go to standard output and everything said beside them to standard error, so that a pipe carries results
//! alone. A reader that hangs up ends the output quietly.

mod palette;
mod screen;
mod table;
mod text;

use std::io::{self, IsTerminal, Write};

use mainspring_types::{Code, Problem};
use serde::Serialize;

pub(crate) use palette::{ColorChoice, Palette, Tone};
pub(crate) use screen::{Cursor, Screen};
pub(crate) use table::Table;
pub(crate) use text::{age, count, fitted, moment, short_version, time, width_of};

/// How a result is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON document; lists of events as one document a line.
    Json,
    /// One YAML document.
    Yaml,
}

/// What one stream can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Surface {
    /// A terminal: lines can be drawn again.
    Terminal {
        /// How many columns it has.
        columns: usize,
    },
    /// A file or a pipe: lines are written once.
    Plain,
}

impl Surface {
    /// What the stream can show; a `dumb` terminal takes plain lines.
    fn of(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Self {
        if !stream.is_terminal() || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return Self::Plain;
        }
        let columns = rustix::termios::tcgetwinsize(stream).map_or(0, |size| usize::from(size.ws_col));
        Self::Terminal { columns: if columns == 0 { 80 } else { columns } }
    }

    /// How many columns a line may take.
    pub(crate) fn columns(self) -> usize {
        match self {
            Self::Terminal { columns } => columns,
            Self::Plain => 100,
        }
    }

    /// Whether lines can be drawn again.
    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Terminal { .. })
    }
}

/// How many columns and rows the terminal of standard error has now; `None` when it has none.
pub(crate) fn window() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    Some((usize::from(size.ws_col), usize::from(size.ws_row)))
        .filter(|(columns, rows)| *columns > 0 && *rows > 0)
}

/// Both streams of this command and the format of its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// How results are written.
    pub(crate) format: Format,
    /// Standard output.
    pub(crate) out: Surface,
    /// Standard error.
    pub(crate) err: Surface,
    /// The colours of standard output.
    pub(crate) palette: Palette,
    /// The colours of standard error.
    pub(crate) err_palette: Palette,
}

impl Output {
    /// The streams as they are, with the format and the colours asked for.
    pub(crate) fn new(format: Format, color: ColorChoice) -> Self {
        let (out, err) = (Surface::of(&io::stdout()), Surface::of(&io::stderr()));
        Self { format, out, err, palette: Palette::of(color, out), err_palette: Palette::of(color, err) }
    }

    /// Shows a result: as `table` says to people, as data otherwise.
    pub(crate) fn show<T: Serialize>(
        &self,
        value: &T,
        table: impl FnOnce(Palette) -> String,
    ) -> Result<(), Problem> {
        match self.format {
            Format::Table => print(&table(self.palette)),
            Format::Json => print(&self.json(value)?),
            Format::Yaml => print(&yaml(value)?),
        }
        Ok(())
    }

    /// The value as JSON: spread out for a terminal, on one line for a pipe.
    pub(crate) fn json<T: Serialize>(&self, value: &T) -> Result<String, Problem> {
        let text = match self.out {
            Surface::Terminal { .. } => serde_json::to_string_pretty(value),
            Surface::Plain => serde_json::to_string(value),
        };
        text.map_err(|error| unwritable("JSON", &error))
    }
}

fn yaml<T: Serialize>(value: &T) -> Result<String, Problem> {
    serde_saphyr::to_string(value).map_err(|error| unwritable("YAML", &error))
}

/// That a value has no text in this format.
pub(crate) fn unwritable(format: &str, error: &dyn std::error::Error) -> Problem {
    Problem::new(Code::Internal, format!("write the result as {format}")).because(error)
}

/// Writes text to standard output, with a line end after it if it has none.
pub(crate) fn print(text: &str) {
    write_or_leave(io::stdout().lock(), text);
}

/// Writes text to standard error, with a line end after it if it has none.
pub(crate) fn note(text: &str) {
    write_or_leave(io::stderr().lock(), text);
}

fn write_or_leave(mut stream: impl Write, text: &str) {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    if stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(end.as_bytes())).is_err() {
        // The reader has what it wanted: `mainspring runs list | head -1` is no error.
        std::process::exit(0);
    }
}
