//! From the text of a script to its rules, or to a problem that says where it is wrong.

use std::collections::BTreeSet;

use mainspring_types::{Code, Location, Problem, nearest};
use serde::Deserialize;
use serde_saphyr::{Error, Spanned};

use super::{DEFAULT_MODEL, Fallback, Match, Order, RateLimit, Rule, Script, Spec};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Option<Spanned<u64>>,
    models: Option<Vec<String>>,
    #[serde(default)]
    on_no_match: Fallback,
    rate_limit: Option<RateLimit>,
    #[serde(default)]
    defaults: Spec,
    #[serde(default)]
    rules: Vec<Spanned<RuleFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    name: Option<String>,
    #[serde(default)]
    r#match: Match,
    reply: Option<Spec>,
    replies: Option<Vec<Spec>>,
    times: Option<u64>,
    cycle: Option<bool>,
}

/// Where something is wrong, and what.
type Fault = (serde_saphyr::Location, String);

pub(super) fn parse(text: &str, file: &str) -> Result<Script, Problem> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let read: File =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| unreadable(&error, file))?;
    script(read).map_err(|(place, message)| problem(&message, Some(place), file))
}

fn script(file: File) -> Result<Script, Fault> {
    if let Some(version) = file.version.filter(|version| version.value != 1) {
        return Err((version.referenced, format!("version `{}` is not known, only `1` is", version.value)));
    }
    let mut names = BTreeSet::new();
    let mut rules = Vec::with_capacity(file.rules.len());
    for (index, found) in file.rules.into_iter().enumerate() {
        let place = found.referenced;
        let rule = rule(found.value, index, &file.defaults).map_err(|message| (place, message))?;
        if !names.insert(rule.name.clone()) {
            return Err((place, format!("a second rule is called `{}`", rule.name)));
        }
        rules.push(rule);
    }
    let models = file.models.unwrap_or_else(|| vec![DEFAULT_MODEL.to_owned()]);
    Ok(Script {
        models,
        on_no_match: file.on_no_match,
        rate_limit: file.rate_limit,
        rules,
        defaults: file.defaults,
    })
}

fn rule(file: RuleFile, index: usize, defaults: &Spec) -> Result<Rule, String> {
    let name = file.name.unwrap_or_else(|| format!("rule-{}", index + 1));
    let replies = match (file.reply, file.replies) {
        (Some(reply), None) => vec![reply],
        (None, Some(replies)) if !replies.is_empty() => replies,
        (Some(_), Some(_)) => return Err(format!("rule `{name}` has both `reply` and `replies`")),
        (None, _) => return Err(format!("rule `{name}` has no `reply`")),
    };
    let replies: Vec<_> = replies.into_iter().map(|reply| reply.over(defaults)).collect();
    if let Some(reason) = replies.iter().find_map(Spec::contradiction) {
        return Err(format!("rule `{name}`: {reason}"));
    }
    let order = if file.cycle == Some(true) { Order::Cycle } else { Order::Stay };
    Ok(Rule { name, matches: file.r#match, times: file.times, replies, order })
}

/// The problem for a file that is no YAML, or has a key or a value that no script has.
fn unreadable(error: &Error, file: &str) -> Problem {
    let (cause, guess) = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            (format!("`{field}` is no key here"), suggestion(field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("`{variant}` is not allowed here"), suggestion(variant, expected))
        }
        Error::InvalidScalar { ty, .. } if ty.starts_with(['u', 'i']) => {
            ("a whole number is needed here".to_owned(), None)
        }
        other => (plain(other), None),
    };
    let problem = problem(&cause, error.location(), file);
    guess.into_iter().fold(problem, Problem::suggest)
}

/// The message without the place, which the problem tells by itself.
fn plain(error: &Error) -> String {
    let mut message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    if let Some(place) = error.location() {
        let told = format!(" at line {}, column {}", place.line(), place.column());
        message.truncate(message.strip_suffix(told.as_str()).unwrap_or(&message).len());
    }
    message
}

fn suggestion(wrong: &str, expected: &[&'static str]) -> Option<String> {
    let known = || expected.iter().copied();
    let listed = || known().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match nearest(wrong, known()) {
        Some(guess) => Some(format!("did you mean `{guess}`?")),
        None if expected.is_empty() => None,
        None => Some(format!("known here: {}", listed())),
    }
}

fn problem(cause: &str, place: Option<serde_saphyr::Location>, file: &str) -> Problem {
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let location = Location {
        file: file.to_owned(),
        line: place.map(|at| narrow(at.line())),
        column: place.map(|at| narrow(at.column())),
    };
    Problem::new(Code::InvalidConfiguration, format!("read the script `{file}`: {cause}")).at(location)
}

#[cfg(test)]
mod tests;
