//! Tables without lines: columns two blanks apart, a dim header, colours not counted.

use super::{Palette, width_of};

/// Rows of cells under a header.
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with no rows yet.
    pub(crate) fn new(header: impl Into<Vec<&'static str>>) -> Self {
        Self { header: header.into(), rows: Vec::new() }
    }

    /// Adds a row; cells may carry colours.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }

    /// The table as lines, the last column not padded.
    pub(crate) fn render(&self, palette: Palette) -> String {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| width_of(cell)).chain([width_of(self.header[column])]).max().unwrap_or(0)
            })
            .collect();
        let header: Vec<String> = self.header.iter().map(|name| palette.dim(name)).collect();
        let lines = std::iter::once(&header).chain(&self.rows).map(|row| line(row, &widths));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str(cell);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(width_of(cell)) + 2));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Tone;

    #[test]
    fn columns_line_up_whatever_their_colour() {
        let mut table = Table::new(["RUN", "STATUS", "AGE"]);
        table.row(["a".to_owned(), Palette::Plain.paint(Tone::Good, "completed"), "now".to_owned()]);
        table.row(["long-name".to_owned(), "x".to_owned(), String::new()]);
        assert_eq!(
            table.render(Palette::Plain),
            "RUN        STATUS     AGE\na          completed  now\nlong-name  x\n"
        );
    }
}
