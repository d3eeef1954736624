//! `read_file`: numbered lines of a text file.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _},
};

use serde::Deserialize;

use super::{bounds::Access, path::Inside, root::Root, stop::Stop, trouble::Trouble};

pub(super) const TAKES: &str =
    "`path` and, if you like, `offset` (the first line, from 1) and `limit` (lines)";

const LINES_MAX: usize = 2_000;
const LINE_CHARS_MAX: usize = 2_000;
const TEXT_MAX: usize = 256 << 10;

/// How far past the asked lines the rest is counted.
const COUNTED_MAX: u64 = 64 << 20;

/// How much of a file is looked at to tell what it is.
const START: usize = 8 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    #[serde(default)]
    offset: Option<usize>,
    #[serde(default)]
    limit: Option<usize>,
}

pub(super) fn read(root: &Root, arguments: &Arguments, stop: &Stop) -> Result<String, Trouble> {
    let at = Inside::parse(&arguments.path)?;
    let mut file = root.file(&at, Access::Read)?;
    let fault = |error| Trouble::fault(format!("read `{at}`"), error);
    let size = file.metadata().map_err(fault)?.len();
    let mut start = Vec::new();
    (&file).take(START as u64).read_to_end(&mut start).map_err(fault)?;
    if let Some(what) = binary(&start) {
        return Err(Trouble::complaint(format!(
            "`{at}` is {what} of {size} bytes, which cannot be shown as text"
        )));
    }
    file.rewind().map_err(fault)?;
    let mut view = View::new(arguments);
    view.fill(&mut BufReader::new(file), stop).map_err(|error| error.at(&at))?;
    view.finish(&at, size)
}

/// What the file is, by how it starts, when it is no text.
pub(super) fn binary(start: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 9] = [
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF-", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x7fELF", "an ELF program"),
        (b"\xff\xfe", "UTF-16 text"),
        (b"\xfe\xff", "UTF-16 text"),
    ];
    let known = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| *what);
    known.or_else(|| start.contains(&0).then_some("a binary file"))
}

/// Lines as they are shown.
struct View {
    first: usize,
    limit: usize,
    text: String,
    /// Lines that were read, shown or not.
    read: usize,
    shown: usize,
    /// Whether the end of the file was seen.
    whole: bool,
    lossy: bool,
}

enum Stopped {
    Trouble(Trouble),
    Io(std::io::Error),
}

impl Stopped {
    fn at(self, at: &Inside) -> Trouble {
        match self {
            Self::Trouble(trouble) => trouble,
            Self::Io(error) => Trouble::fault(format!("read `{at}`"), error),
        }
    }
}

impl View {
    fn new(arguments: &Arguments) -> Self {
        Self {
            first: arguments.offset.unwrap_or(1).max(1),
            limit: arguments.limit.unwrap_or(LINES_MAX).max(1),
            text: String::new(),
            read: 0,
            shown: 0,
            whole: false,
            lossy: false,
        }
    }

    fn full(&self) -> bool {
        self.shown >= self.limit || self.text.len() >= TEXT_MAX
    }

    /// Shows the lines that were asked for, and counts those after them.
    fn fill(&mut self, file: &mut BufReader<File>, stop: &Stop) -> Result<(), Stopped> {
        let mut counted = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = next_line(file, &mut line, stop)?;
            if length == 0 {
                self.whole = true;
                return Ok(());
            }
            self.read += 1;
            if self.full() {
                counted += length;
                if counted > COUNTED_MAX {
                    return Ok(());
                }
            } else if self.read >= self.first {
                self.show(&line, length);
            }
        }
    }

    fn show(&mut self, line: &[u8], length: u64) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line);
        self.lossy |= matches!(text, std::borrow::Cow::Owned(_));
        let _ = write!(self.text, "{:>6}\t", self.read);
        match text.char_indices().nth(LINE_CHARS_MAX) {
            None => self.text.push_str(&text),
            Some((end, _)) => {
                let _ = write!(self.text, "{} [the line has {length} bytes]", &text[..end]);
            }
        }
        self.text.push('\n');
        self.shown += 1;
    }

    fn finish(mut self, at: &Inside, size: u64) -> Result<String, Trouble> {
        if self.shown == 0 {
            return match self.read {
                0 => Ok(format!("[`{at}` is empty]")),
                lines => Err(Trouble::complaint(format!(
                    "`{at}` has {lines} lines, so line {} is past its end",
                    self.first
                ))),
            };
        }
        let last = self.first + self.shown - 1;
        if self.read > last || !self.whole {
            let lines =
                if self.whole { format!("{}", self.read) } else { format!("more than {}", self.read) };
            let next = last + 1;
            let _ = writeln!(
                self.text,
                "[lines {}-{last} of {lines}, {size} bytes; go on with `offset: {next}`]",
                self.first
            );
        }
        if self.lossy {
            self.text.push_str("[bytes that are not UTF-8 are shown as \u{fffd}]\n");
        }
        Ok(self.text)
    }
}

/// Reads a line; of a long one only the start is kept. Says how long it is, which is 0 at the end of the file.
fn next_line(file: &mut BufReader<File>, line: &mut Vec<u8>, stop: &Stop) -> Result<u64, Stopped> {
    // What is shown of a line at most: a character has up to four bytes.
    const KEPT_MAX: usize = 4 * (LINE_CHARS_MAX + 1);
    let mut length = 0;
    loop {
        stop.check().map_err(Stopped::Trouble)?;
        let piece = file.fill_buf().map_err(Stopped::Io)?;
        let end = piece.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(piece.len(), |end| end + 1);
        let room = KEPT_MAX.saturating_sub(line.len()).min(used);
        line.extend_from_slice(&piece[..room]);
        file.consume(used);
        length += used as u64;
        if end.is_some() || used == 0 {
            return Ok(length);
        }
    }
}
