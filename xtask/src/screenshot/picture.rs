//! A screen as a picture: one SVG with text that can be selected and fonts that every machine has.
//!
//! Empty lines at the end are left out. Every run of text is given its width, so that columns meet in any font.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

const FONT_SIZE: f64 = 14.0;
const COLUMN: f64 = 8.4;
const LINE: f64 = 20.0;
/// From the top of a line to its baseline.
const BASELINE: f64 = 14.5;
const PADDING: f64 = 24.0;
const TITLE: f64 = 40.0;

const FONTS: &str =
    "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";
const GROUND: &str = "#15181e";
const BAR: &str = "#1d2129";
const EDGE: &str = "#2f3542";
const TEXT: &str = "#d6dbe4";
const DIM: &str = "#7e8797";
/// The eight colours of a terminal.
const COLOURS: [&str; 8] =
    ["#4b5363", "#ec7a84", "#93c977", "#e5bd6c", "#75aef0", "#c695e6", "#63c3cf", "#d6dbe4"];

/// How a piece of text looks.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    colour: &'static str,
    bold: bool,
    italic: bool,
    underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let colour = match cell.fgcolor() {
            Color::Idx(index) => COLOURS[usize::from(index) % COLOURS.len()],
            _ if cell.dim() => DIM,
            _ => TEXT,
        };
        Self { colour, bold: cell.bold(), italic: cell.italic(), underlined: cell.underline() }
    }
}

/// A piece of one line in one look.
struct Piece {
    row: u16,
    column: u16,
    columns: u16,
    text: String,
    look: Look,
}

/// The screen in a window of this title.
pub(super) fn svg(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let pieces: Vec<Piece> = (0..rows.get()).flat_map(|row| pieces(screen, row, columns.get())).collect();
    let shown = pieces.last().map_or(0, |piece| piece.row + 1);
    let width = f64::from(columns.get()).mul_add(COLUMN, 2.0 * PADDING);
    let height = f64::from(shown).mul_add(LINE, TITLE + 2.0 * PADDING - (LINE - FONT_SIZE));
    let mut svg = window(width, height, title);
    if !screen.hide_cursor() {
        svg.push_str(&cursor(screen.cursor_position()));
    }
    svg.extend(pieces.iter().map(Piece::element));
    svg + "</g>\n</svg>\n"
}

/// The window, and the group in which the text stands.
fn window(width: f64, height: f64, title: &str) -> String {
    let (right, middle, title) = (width - 0.5, width / 2.0, escaped(title));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"A terminal: {title}\">\n"
    );
    let _ = writeln!(
        svg,
        "<rect x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"10\" fill=\"{GROUND}\" stroke=\"{EDGE}\"/>",
        width - 1.0,
        height - 1.0
    );
    let _ = writeln!(
        svg,
        "<path d=\"M0.5 {TITLE}V10.5a10 10 0 0 1 10-10H{}a10 10 0 0 1 10 10V{TITLE}Z\" fill=\"{BAR}\" \
         stroke=\"{EDGE}\"/>",
        right - 10.0
    );
    for x in [22, 42, 62] {
        let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"20\" r=\"6\" fill=\"#3a4252\"/>");
    }
    let _ = writeln!(svg, "<g font-family=\"{FONTS}\" font-size=\"{FONT_SIZE}\" xml:space=\"preserve\">");
    let _ = writeln!(
        svg,
        "<text x=\"{middle:.0}\" y=\"25\" fill=\"{DIM}\" font-size=\"13\" text-anchor=\"middle\">{title}</text>"
    );
    svg
}

fn left(column: u16) -> f64 {
    f64::from(column).mul_add(COLUMN, PADDING)
}

fn top(row: u16) -> f64 {
    f64::from(row).mul_add(LINE, TITLE + PADDING - (LINE - FONT_SIZE) / 2.0)
}

fn cursor((row, column): (u16, u16)) -> String {
    let (x, y) = (left(column), top(row) + 1.0);
    let height = LINE - 2.0;
    format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{COLUMN}\" height=\"{height}\" fill=\"{DIM}\"/>\n")
}

/// The text of a line; it breaks where the look changes and where there is a gap.
fn pieces(screen: &Screen, row: u16, columns: u16) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut blanks = 0;
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        if cell.contents().trim().is_empty() {
            blanks += 1;
            continue;
        }
        let (look, wide) = (Look::of(cell), if cell.is_wide() { 2 } else { 1 });
        match pieces.last_mut().filter(|piece| piece.look == look && blanks <= 1) {
            Some(piece) => {
                piece.text.extend(std::iter::repeat_n(' ', blanks));
                piece.text.push_str(cell.contents());
                piece.columns = column + wide - piece.column;
            }
            None => {
                pieces.push(Piece { row, column, columns: wide, text: cell.contents().to_owned(), look });
            }
        }
        blanks = 0;
    }
    pieces
}

impl Piece {
    fn element(&self) -> String {
        let (x, y) = (left(self.column), top(self.row) + BASELINE);
        let width = f64::from(self.columns) * COLUMN;
        let Look { colour, bold, italic, underlined } = self.look;
        let styles = [
            (bold, " font-weight=\"bold\""),
            (italic, " font-style=\"italic\""),
            (underlined, " text-decoration=\"underline\""),
        ];
        let style: String = styles.into_iter().filter(|(worn, _)| *worn).map(|(_, style)| style).collect();
        let text = escaped(&self.text);
        format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{width:.1}\" fill=\"{colour}\"{style}>{text}</text>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;

    #[test]
    fn text_keeps_its_column_and_its_look() {
        let side = NonZero::new(9).expect("it is not 0");
        let mut terminal = vt100::Parser::new(side, side, 0);
        terminal.process(b"\x1b[1;31ma b\x1b[0m  <c");
        let line: Vec<String> = pieces(terminal.screen(), 0, side.get()).iter().map(Piece::element).collect();
        let bold =
            r##"<text x="24.0" y="75.5" textLength="25.2" fill="#ec7a84" font-weight="bold">a b</text>"##;
        let plain = r##"<text x="66.0" y="75.5" textLength="16.8" fill="#d6dbe4">&lt;c</text>"##;
        assert_eq!(line, [format!("{bold}\n"), format!("{plain}\n")]);
    }

    #[test]
    fn empty_lines_at_the_end_are_left_out() {
        let side = NonZero::new(9).expect("it is not 0");
        let mut terminal = vt100::Parser::new(side, side, 0);
        terminal.process(b"one\r\ntwo\x1b[?25l");
        let svg = svg(terminal.screen(), "a & b");
        assert!(svg.contains("height=\"122\" role") && svg.contains("A terminal: a &amp; b"), "{svg}");
        assert!(!svg.contains(&cursor((1, 3))), "{svg}");
    }
}
