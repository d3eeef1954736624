//! What every benchmark is told on its command line.

use serde::Serialize;

/// How long to measure and how to say it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Options {
    json: bool,
    rounds: usize,
    /// How long each point is measured in each round.
    pub(crate) seconds: f64,
}

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { json: false, rounds: 5, seconds: 2.0 };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => options.json = true,
                "--rounds" => {
                    options.rounds = count(words.next()).ok_or("`--rounds` takes a number from 1")?;
                }
                "--seconds" => {
                    options.seconds = seconds(words.next()).ok_or("`--seconds` takes a number over 0")?;
                }
                other => return Err(format!("`{other}` is not known")),
            }
        }
        Ok(options)
    }

    /// Goes through the rounds and says which one it is.
    pub(crate) fn each_round(self) -> impl Iterator<Item = usize> {
        (1..=self.rounds).inspect(move |round| eprintln!("round {round} of {}", self.rounds))
    }

    /// Prints a report where it was asked for.
    pub(crate) fn print(self, report: &impl Serialize) {
        if self.json {
            println!("{}", serde_json::to_string(report).expect("plain data"));
        }
    }
}

fn count(word: Option<String>) -> Option<usize> {
    word?.parse().ok().filter(|count| *count > 0)
}

fn seconds(word: Option<String>) -> Option<f64> {
    word?.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &str) -> Result<Options, String> {
        Options::parse(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_come_in_any_order() {
        let wanted = Options { json: true, rounds: 3, seconds: 0.5 };
        assert_eq!(parsed("--seconds 0.5 --json --rounds 3"), Ok(wanted));
        assert_eq!(parsed(""), Ok(Options { json: false, rounds: 5, seconds: 2.0 }));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let said = |words| parsed(words).expect_err("refused");
        assert_eq!(said("--rounds 0"), "`--rounds` takes a number from 1");
        assert_eq!(said("--seconds"), "`--seconds` takes a number over 0");
        assert_eq!(said("--jsn"), "`--jsn` is not known");
    }
}
