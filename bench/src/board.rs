//! Figures by name: what contenders did at each concurrency, in every round, and the medians of it.

use serde_json::{Map, Value, json};

use crate::report::{middle, spread};

/// One kind of figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its name in JSON.
    pub(crate) key: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// How many decimals people see.
    pub(crate) decimals: usize,
}

/// One measurement: a figure for each column.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) concurrency: usize,
    pub(crate) figures: Vec<f64>,
    /// The share of the machine that other processes took.
    pub(crate) others: f64,
}

/// All measurements of a benchmark.
pub(crate) struct Board {
    columns: &'static [Column],
    rows: Vec<Row>,
}

/// One contender at one concurrency.
struct Row {
    contender: &'static str,
    rounds: Vec<Point>,
}

impl Board {
    /// No measurements yet. The first column is the one whose spread is told.
    pub(crate) fn new(columns: &'static [Column]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds what a contender did in one round.
    pub(crate) fn add(&mut self, contender: &'static str, point: Point) {
        let same =
            |row: &&mut Row| row.contender == contender && row.rounds[0].concurrency == point.concurrency;
        match self.rows.iter_mut().find(same) {
            Some(row) => row.rounds.push(point),
            None => self.rows.push(Row { contender, rounds: vec![point] }),
        }
    }

    /// The median of one figure.
    pub(crate) fn median(&self, contender: &str, concurrency: usize, key: &str) -> f64 {
        let column = self.columns.iter().position(|column| column.key == key).expect("one of the columns");
        let row = self.rows.iter().find(|row| row.is(contender) && row.concurrency() == concurrency);
        row.map_or(f64::NAN, |row| row.median(column))
    }

    /// The medians of a contender, one object for each concurrency.
    pub(crate) fn medians(&self, contender: &str) -> Value {
        self.rows.iter().filter(|row| row.is(contender)).map(|row| row.object(self.columns)).collect()
    }

    /// The share of the machine that others had in the middle one of all intervals.
    pub(crate) fn others(&self) -> f64 {
        middle(self.rows.iter().flat_map(|row| row.rounds.iter().map(|point| point.others)).collect())
    }

    /// Prints the medians as the table that `bench/README.md` holds.
    pub(crate) fn show(&self) {
        let across = |cell: &dyn Fn(&Column) -> String| -> String {
            self.columns.iter().map(cell).collect::<Vec<_>>().join("|")
        };
        let titles = across(&|column| format!(" {} ", column.title));
        let rules = across(&|column| format!("{:->1$}", ":", column.title.len() + 2));
        eprintln!("| {:<13} | at |{titles}| spread | others |", "");
        eprintln!("|{:-<15}|---:|{rules}|-------:|-------:|", "");
        for row in &self.rows {
            let cell = |(place, column): (usize, &Column)| {
                format!(" {:>1$.2$} |", row.median(place), column.title.len(), column.decimals)
            };
            let cells: String = self.columns.iter().enumerate().map(cell).collect();
            eprintln!(
                "| {:<13} | {:>2} |{cells} {:>4.0} % | {:>4.0} % |",
                row.contender,
                row.concurrency(),
                row.spread() * 100.0,
                middle(row.rounds.iter().map(|point| point.others).collect()) * 100.0,
            );
        }
    }
}

impl Row {
    fn is(&self, contender: &str) -> bool {
        self.contender == contender
    }

    fn concurrency(&self) -> usize {
        self.rounds[0].concurrency
    }

    fn all(&self, column: usize) -> Vec<f64> {
        self.rounds.iter().map(|point| point.figures[column]).collect()
    }

    fn median(&self, column: usize) -> f64 {
        middle(self.all(column))
    }

    fn spread(&self) -> f64 {
        spread(&self.all(0))
    }

    fn object(&self, columns: &[Column]) -> Value {
        let mut object = Map::new();
        object.insert("concurrency".into(), json!(self.concurrency()));
        for (place, column) in columns.iter().enumerate() {
            object.insert(column.key.into(), json!(self.median(place)));
        }
        object.insert("spread".into(), json!(self.spread()));
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column { key: "calls_per_s", title: "calls/s", decimals: 0 },
        Column { key: "p50_ms", title: "p50 ms", decimals: 2 },
    ];

    fn board() -> Board {
        let mut board = Board::new(COLUMNS);
        for (rate, p50, others) in [(100.0, 2.0, 0.5), (80.0, 9.0, 0.0), (120.0, 1.0, 0.1)] {
            board.add("product", Point { concurrency: 8, figures: vec![rate, p50], others });
        }
        board
    }

    #[test]
    fn a_contender_says_its_medians_by_name() {
        let expected = json!([{"concurrency": 8, "calls_per_s": 100.0, "p50_ms": 2.0, "spread": 0.4}]);
        assert_eq!(board().medians("product"), expected);
        assert_eq!(board().medians("ceiling"), json!([]));
        assert_eq!(board().median("product", 8, "p50_ms").to_string(), "2");
        assert_eq!(board().others().to_string(), "0.1");
    }
}
