//! `[providers.NAME]` of the settings file.

use std::path::Path;

use mainspring_boundary::{
    provider::{Place, SILENCE_MAX},
    route::Family,
};
use mainspring_types::Problem;

use super::{Credential, Origin, Upstream, Usual, address, calls, silence};
use crate::{
    config::{
        fields::{Field, Fields},
        node::Node,
    },
    data::Environment,
};

const NAME_LENGTH_MAX: usize = 64;

/// What may stand in the table of a provider.
pub const PROVIDER_FIELDS: &[Field] = &[
    Field {
        name: "kind",
        takes: "`anthropic`, `openai`, `gemini` or `scripted`",
        default: "none, it has to be given",
        meaning: "which APIs the provider speaks; `openai` fits every compatible server, `scripted` answers from a file",
    },
    Field {
        name: "base_url",
        takes: "an address such as `https://api.openai.com`, without user, password and query",
        default: "the address of the company that made the API",
        meaning: "where the provider is; a slash or version at the end does not count",
    },
    Field {
        name: "key_variable",
        takes: "the name of a variable, in capitals, such as `OPENAI_API_KEY`",
        default: "the usual variable of the kind if there is no `base_url`, else no key is sent",
        meaning: "which variable of the server's environment holds the key",
    },
    Field {
        name: "key_file",
        takes: "the path of a file, beginning with `/` or seen from this file",
        default: "none",
        meaning: "which file holds the key, in place of a variable",
    },
    Field {
        name: "models",
        takes: "a list of names, such as `[\"gpt-*\", \"o3\"]`",
        default: "every model",
        meaning: "which models the provider is asked for; `*` stands for any text",
    },
    Field {
        name: "calls_per_minute",
        takes: "a whole number from 1",
        default: "no limit but what the provider itself says",
        meaning: "how many calls are sent in a minute at most",
    },
    Field {
        name: "timeout",
        takes: "a duration over zero, such as `30s` or `5m`",
        default: "`300s`",
        meaning: "how long the provider may be silent before the call counts as failed",
    },
    Field {
        name: "script",
        takes: "the path of a file, beginning with `/` or seen from this file",
        default: "none, and `scripted` needs it",
        meaning: "what a `scripted` provider answers",
    },
];

/// What a provider is, before its place is known.
#[derive(Clone, Copy)]
enum Kind {
    Server(Family),
    Scripted,
}

const KINDS: [(&str, Kind); 4] = [
    (Family::Anthropic.as_str(), Kind::Server(Family::Anthropic)),
    (Family::OpenAi.as_str(), Kind::Server(Family::OpenAi)),
    (Family::Gemini.as_str(), Kind::Server(Family::Gemini)),
    ("scripted", Kind::Scripted),
];

/// The provider of one table. Paths are seen from `folder`, in which the file stands.
pub(in crate::config) fn from_file(
    table: &Node<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Result<Upstream, Problem> {
    check_name(table)?;
    check_secret(table)?;
    let fields = Fields::of(table, PROVIDER_FIELDS)?;
    let Some(kind) = fields.word("kind", &KINDS)? else {
        return Err(fields
            .missing("kind")
            .suggest("add `kind = \"openai\"`, `\"anthropic\"`, `\"gemini\"` or `\"scripted\"`"));
    };
    let (place, credential) = match kind {
        Kind::Server(family) => server(family, table, &fields, folder, environment)?,
        Kind::Scripted => (scripted(&fields, folder)?, Credential::None),
    };
    Ok(Upstream {
        name: table.name.to_owned(),
        place,
        credential,
        models: fields.list("models")?,
        calls_per_minute: fields.get("calls_per_minute", calls)?,
        silence_max: fields.get("timeout", silence)?.unwrap_or(SILENCE_MAX),
        origin: Origin::File,
    })
}

fn server(
    family: Family,
    table: &Node<'_>,
    fields: &Fields<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Result<(Place, Credential), Problem> {
    fields.refuse(&["script"], "is for `scripted` providers alone")?;
    let base_url = fields.get("base_url", address::base_url)?;
    let variable = fields.discreet("key_variable", variable)?;
    let file = fields.discreet("key_file", path)?;
    let usual = Usual::of(family);
    let credential = match (variable, file) {
        (Some(_), Some(_)) => return Err(both(fields, table)),
        (Some(name), None) => Credential::named(&[&name], table, environment),
        (None, Some(path)) => {
            Credential::in_file(&folder.join(path), fields.node("key_file").unwrap_or(table))
        }
        // The key of one company is never sent to another server unless somebody says so.
        (None, None) if base_url.is_some() => Credential::None,
        (None, None) => Credential::named(usual.keys, table, environment),
    };
    let base_url = base_url.unwrap_or_else(|| usual.home.to_owned());
    Ok((Place::Server { family, base_url }, credential))
}

fn scripted(fields: &Fields<'_>, folder: &Path) -> Result<Place, Problem> {
    fields.refuse(&["base_url", "key_variable", "key_file"], "is not for `scripted` providers")?;
    match fields.get("script", path)? {
        Some(script) => Ok(Place::Scripted { script: folder.join(script) }),
        None => {
            Err(fields.missing("script").suggest("name the file with its answers: `script = \"model.yaml\"`"))
        }
    }
}

fn both(fields: &Fields<'_>, table: &Node<'_>) -> Problem {
    let message = format!("`{}` has both `key_variable` and `key_file`", table.path);
    fields.node("key_file").unwrap_or(table).problem(message).suggest("keep the one that holds the key")
}

fn check_name(table: &Node<'_>) -> Result<(), Problem> {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=NAME_LENGTH_MAX).contains(&table.name.len()) && table.name.bytes().all(is_sign) {
        return Ok(());
    }
    let message = format!("`{}` is no name for a provider", table.name);
    Err(table.problem(message).suggest("use 1 to 64 letters, digits, `-`, `_` and `.`"))
}

/// Refuses a key that is written into the file, in words that help more than "unknown".
fn check_secret(table: &Node<'_>) -> Result<(), Problem> {
    const NAMES: [&str; 5] = ["key", "api_key", "apikey", "token", "secret"];
    match table.nodes()?.iter().find(|node| NAMES.contains(&node.name)) {
        Some(node) => Err(node
            .problem(format!("`{}` is not taken: keys do not stand in this file", node.path))
            .suggest("name the variable that holds it in `key_variable`, or the file in `key_file`")),
        None => Ok(()),
    }
}

/// Keys have small letters or signs in them, names of variables do not: a key written here by mistake is noticed.
fn variable(text: &str) -> Option<String> {
    let is_sign = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    (begins && text.bytes().all(is_sign)).then(|| text.to_owned())
}

fn path(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
