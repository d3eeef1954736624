//! `mainspring env`: the Python environments built for packages.

mod list;
mod prune;

use clap::Subcommand;
use mainspring_types::{Problem, Timestamp};
use mainspring_worker::environment::{Entry, Environments, State};
use serde::Serialize;

use crate::{
    Outcome,
    context::Context,
    output::{Palette, Table, age, count},
    stack,
};

/// List the environments built for agents, or remove those not used
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    List(list::Args),
    Prune(prune::Args),
}

pub(crate) fn run(verb: &Verb, context: &Context) -> Outcome {
    match verb {
        Verb::List(args) => list::run(args, context),
        Verb::Prune(args) => prune::run(args, context),
    }
}

/// The environments of the data folder.
fn environments(context: &Context) -> Result<Environments, Problem> {
    Ok(Environments::new(&context.folder()?.envs(), stack::settings(&context.config(&[])?)))
}

/// An environment as shown.
#[derive(Serialize)]
struct Shown {
    key: String,
    state: &'static str,
    size_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    last_used_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    python: Option<String>,
    packages: Vec<String>,
}

impl From<Entry> for Shown {
    fn from(entry: Entry) -> Self {
        Self {
            key: entry.key.to_string(),
            state: match entry.state {
                State::Ready => "ready",
                State::InUse => "in use",
                State::Building => "building",
                State::Torn => "torn",
            },
            size_bytes: entry.size.0,
            created_at: entry.created,
            last_used_at: entry.last_used,
            python: entry.python,
            packages: entry.packages,
        }
    }
}

fn table(shown: &[Shown], now: Timestamp, palette: Palette) -> String {
    let mut table = Table::new(["ENVIRONMENT", "STATE", "PYTHON", "PACKAGES", "SIZE", "LAST USED"]);
    for one in shown {
        table.row([
            one.key.get(..12).unwrap_or(&one.key).to_owned(),
            one.state.to_owned(),
            one.python.clone().unwrap_or_else(|| "-".to_owned()),
            packages(&one.packages),
            mainspring_types::ByteSize(one.size_bytes).to_string(),
            age(one.last_used_at, now),
        ]);
    }
    table.render(palette)
}

/// The first packages by name, the rest counted.
fn packages(packages: &[String]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<&str> =
        packages.iter().take(SHOWN).map(|text| text.split(' ').next().unwrap_or(text)).collect();
    match packages.len() {
        0 => "-".to_owned(),
        all if all > SHOWN => format!("{} and {}", names.join(" "), count((all - SHOWN) as u64, "other")),
        _ => names.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::{BEGIN, at};

    #[test]
    fn environments_stand_in_columns() {
        let one = |state, packages: &[&str]| Shown {
            key: "0123456789abcdef".to_owned(),
            state,
            size_bytes: 58_000_000,
            created_at: Some(BEGIN),
            last_used_at: BEGIN,
            python: Some("3.11.7".to_owned()),
            packages: packages.iter().map(|&text| text.to_owned()).collect(),
        };
        let shown =
            [one("ready", &["openai 1.109", "aisuite 0.1", "docstring 1", "httpx 2"]), one("in use", &[])];
        insta::assert_snapshot!(table(&shown, at(120_000), Palette::Plain), @"
        ENVIRONMENT   STATE   PYTHON  PACKAGES                              SIZE     LAST USED
        0123456789ab  ready   3.11.7  openai aisuite docstring and 1 other  58.0 MB  2 min ago
        0123456789ab  in use  3.11.7  -                                     58.0 MB  2 min ago
        ");
    }
}
