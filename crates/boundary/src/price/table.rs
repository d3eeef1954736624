//! The table of prices as it is written: TOML, each line with its place when something about it is wrong.

use std::{borrow::Cow, collections::BTreeMap};

use mainspring_types::{Code, Location, Problem, nearest};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Price;
use crate::route::Family;

/// The prices of one kind of provider, or of one provider, by pattern of model names.
pub(super) type Lines = BTreeMap<String, Price>;

/// What a file of prices says.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Table {
    pub(super) dated: Option<String>,
    pub(super) families: BTreeMap<Family, Lines>,
    pub(super) providers: BTreeMap<String, Lines>,
}

const KEYS: [&str; 5] = ["anthropic", "openai", "gemini", "providers", "dated"];
const KINDS: [&str; 4] = ["input", "output", "cache_read", "cache_write"];
const LINE: &str = "write it like `\"gpt-5*\" = { input = 1_250, output = 10_000, cache_read = 125 }`";

impl Table {
    /// Reads the text; `file` is how problems name it.
    pub(super) fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        let source = Source { text, file };
        let parsed = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let message =
                format!("the prices are not readable TOML: {}", error.message().replace('\n', ", "));
            source.problem(at, message).suggest(LINE)
        })?;
        let mut table = Self::default();
        for (key, value) in parsed.get_ref() {
            table.take(&source, key, value)?;
        }
        Ok(table)
    }

    /// Adds what the other says, which wins where both say something.
    pub(super) fn merge(&mut self, other: Self) {
        self.dated = other.dated.or(self.dated.take());
        for (family, lines) in other.families {
            self.families.entry(family).or_default().extend(lines);
        }
        for (provider, lines) in other.providers {
            self.providers.entry(provider).or_default().extend(lines);
        }
    }

    fn take(&mut self, source: &Source<'_>, key: &Key<'_>, value: &Item<'_>) -> Result<(), Problem> {
        let name = key.get_ref().as_ref();
        if let Some(family) = Family::ALL.into_iter().find(|family| family.as_str() == name) {
            self.families.insert(family, source.lines(key, value)?);
        } else if name == "providers" {
            for (provider, lines) in source.table(key, value)? {
                self.providers
                    .insert(provider.get_ref().clone().into_owned(), source.lines(provider, lines)?);
            }
        } else if name == "dated" {
            self.dated = Some(source.date(value)?);
        } else {
            return Err(source.unknown("table of prices", key, &KEYS));
        }
        Ok(())
    }
}

type Key<'a> = Spanned<Cow<'a, str>>;
type Item<'a> = Spanned<DeValue<'a>>;

struct Source<'a> {
    text: &'a str,
    file: &'a str,
}

impl Source<'_> {
    fn lines(&self, key: &Key<'_>, value: &Item<'_>) -> Result<Lines, Problem> {
        let lines = self.table(key, value)?.iter();
        lines
            .map(|(pattern, price)| Ok((pattern.get_ref().clone().into_owned(), self.price(pattern, price)?)))
            .collect()
    }

    fn price(&self, pattern: &Key<'_>, value: &Item<'_>) -> Result<Price, Problem> {
        let line = self.table(pattern, value)?;
        if let Some((stranger, _)) = line.iter().find(|(kind, _)| !KINDS.contains(&kind.get_ref().as_ref())) {
            return Err(self.unknown("kind of token", stranger, &KINDS));
        }
        let said = |kind| line.get(kind).map(|number| self.number(kind, number)).transpose();
        let needed = |kind| {
            let missing =
                || self.problem(value.span().start, format!("`{}` has no `{kind}`", pattern.get_ref()));
            said(kind)?.ok_or_else(|| missing().suggest(LINE))
        };
        let input = needed("input")?;
        Ok(Price {
            input,
            output: needed("output")?,
            cache_read: said("cache_read")?.unwrap_or(input),
            cache_write: said("cache_write")?.unwrap_or(input),
        })
    }

    fn number(&self, kind: &str, value: &Item<'_>) -> Result<u64, Problem> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.ok_or_else(|| {
            let message = format!("`{kind}` must be a whole number of billionths of a dollar for one token");
            self.problem(value.span().start, message).suggest("$3 for a million tokens is `3_000`")
        })
    }

    fn date(&self, value: &Item<'_>) -> Result<String, Problem> {
        match value.get_ref() {
            DeValue::String(date) => Ok(date.clone().into_owned()),
            DeValue::Datetime(date) => Ok(date.to_string()),
            _ => {
                let message = "`dated` must be the date of the prices";
                Err(self
                    .problem(value.span().start, message)
                    .suggest("write it like `dated = \"2026-03-01\"`"))
            }
        }
    }

    fn table<'t, 'v>(&self, key: &Key<'_>, value: &'t Item<'v>) -> Result<&'t DeTable<'v>, Problem> {
        if let DeValue::Table(table) = value.get_ref() {
            return Ok(table);
        }
        let message = format!("`{}` must be a table", key.get_ref());
        Err(self.problem(value.span().start, message).suggest(LINE))
    }

    fn unknown(&self, what: &str, key: &Key<'_>, known: &[&'static str]) -> Problem {
        let suggestion = match nearest(key.get_ref(), known.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("there are `{}`", known.join("`, `")),
        };
        let message = format!("there is no {what} `{}`", key.get_ref());
        self.problem(key.span().start, message).suggest(suggestion)
    }

    fn problem(&self, at: usize, message: impl Into<String>) -> Problem {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.rsplit('\n').next().unwrap_or_default();
        let count = |number: usize| u32::try_from(number + 1).ok();
        Problem::new(Code::InvalidConfiguration, message).at(Location {
            file: self.file.to_owned(),
            line: count(before.matches('\n').count()),
            column: count(line.chars().count()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let problem = Table::parse(text, "prices.toml").expect_err("something is wrong");
        let place = problem.location.map(|place| place.to_string()).unwrap_or_default();
        format!("{place}: {}; {}", problem.message, problem.suggestion.unwrap_or_default())
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let table = [
            (
                "[openai]\n\"x\" = { input = 1, ouput = 2 }",
                "prices.toml:2:20: there is no kind of token `ouput`; did you mean `output`?",
            ),
            (
                "[antropic]",
                "prices.toml:1:2: there is no table of prices `antropic`; did you mean `anthropic`?",
            ),
            (
                "[openai]\nx = { input = 1.5, output = 2 }",
                "prices.toml:2:15: `input` must be a whole number of billionths of a dollar for one token; $3 for a million tokens is `3_000`",
            ),
            (
                "dated = 3",
                "prices.toml:1:9: `dated` must be the date of the prices; write it like `dated = \"2026-03-01\"`",
            ),
        ];
        for (text, told) in table {
            assert_eq!(refused(text), told);
        }
        assert!(
            refused("[openai]\nx = { input = 1 }")
                .starts_with("prices.toml:2:5: `x` has no `output`; write it")
        );
        assert!(refused("[openai]\nx = { input = -1, output = 1 }").contains("whole number"));
        assert!(refused("[openai\n").starts_with("prices.toml:1:8: the prices are not readable TOML:"));
    }
}
