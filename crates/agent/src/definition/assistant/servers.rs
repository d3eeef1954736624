//! Reads the MCP servers of a definition.

use std::collections::BTreeMap;

use mainspring_types::{Code, Problem};

use super::super::{duration, env_with_secrets, secrets_named, steps::argv};
use super::rules::globs;
use crate::assistant::{CustomTool, EffectClass, McpServer, Transport};
use crate::fields::{Field, Fields};
use crate::policy::{Glob, SERVER_SEAM};
use crate::toolset::{BuiltIn, Toolset};

/// Each server by its name, with its place under `mcp_servers.NAME`.
pub(super) fn read(
    field: &Field<'_>,
    tools: &[CustomTool],
    places: &mut BTreeMap<String, String>,
) -> BTreeMap<String, McpServer> {
    let mut servers = BTreeMap::new();
    for (name, field) in field.fields().into_iter().flat_map(Fields::all) {
        let fits = is_free(name, tools).map_err(|why| {
            let message = format!("`{name}` cannot be the name of an MCP server: {why}");
            field.refuse_key(Problem::new(Code::InvalidManifest, message));
        });
        if let (Some(server), Ok(())) = (server(&field), fits) {
            places.insert(format!("mcp_servers.{name}"), field.written_at());
            servers.insert(name.to_owned(), server);
        }
    }
    servers
}

/// Whether rules and calls would know the server from everything else by this name.
fn is_free(name: &str, tools: &[CustomTool]) -> Result<(), &'static str> {
    let is_plain = (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_plain || name.contains(SERVER_SEAM) || name.ends_with('_') {
        return Err("use 1 to 32 letters, digits, `-` and single `_`, ending in no `_`");
    }
    let is_taken = BuiltIn::find(name).is_some()
        || Toolset::WORDS.iter().any(|(word, _)| *word == name)
        || tools.iter().any(|tool| tool.name == name);
    if is_taken { Err("a tool or toolset has it") } else { Ok(()) }
}

fn server(field: &Field<'_>) -> Option<McpServer> {
    let mut fields = field.fields()?;
    let transport = transport(&mut fields);
    let tools = fields.optional("tools").map(|field| globs(&field));
    let classes = fields.optional("effects").map(|field| classes(&field)).unwrap_or_default();
    let timeout = fields.optional("timeout").and_then(|field| duration(&field));
    fields.refuse_rest();
    Some(McpServer { transport: transport?, tools, classes, timeout })
}

fn transport(fields: &mut Fields<'_>) -> Option<Transport> {
    let (command, url) = (fields.optional("command"), fields.optional("url"));
    let (own, headers) = (fields.optional("env"), fields.optional("headers"));
    let useless = |field: Option<Field<'_>>, of: &str| {
        if let Some(field) = field {
            field.refused::<()>(format!("`{}` has no use: it belongs to a server with `{of}`", field.path()));
        }
    };
    match (command, url) {
        (Some(command), None) => {
            useless(headers, "url");
            let env = own.map(|field| env_with_secrets(&field)).unwrap_or_default();
            Some(Transport::Stdio { command: argv(&command)?, env })
        }
        (None, Some(url)) => {
            useless(own, "command");
            let headers = headers.map(|field| self::headers(&field)).unwrap_or_default();
            Some(Transport::Http { url: address(&url)?, headers })
        }
        (Some(_), Some(url)) => url.refused("an MCP server has either `command` or `url`, not both".into()),
        (None, None) => {
            let problem =
                Problem::new(Code::InvalidManifest, "the MCP server has neither `command` nor `url`");
            fields.refuse(problem.suggest("add `command: [program, argument]` or `url: https://...`"));
            None
        }
    }
}

fn address(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match authority {
        Some(authority) if authority.contains('@') => {
            field.refused(format!("`{}` holds a name or password; put it in `headers`", field.path()))
        }
        Some(authority) if !authority.is_empty() && !text.contains(char::is_whitespace) => Some(text),
        _ => field.refused(format!(
            "`{}` is `{text}`, which is no address such as https://example.com/mcp",
            field.path()
        )),
    }
}

fn headers(field: &Field<'_>) -> BTreeMap<String, String> {
    let header = |(name, field): (&str, Field<'_>)| {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        let value = field.word()?;
        if !is_name || value.contains(|letter: char| letter.is_control()) {
            return field.refused(format!("`{}` is not a header of HTTP", field.path()));
        }
        secrets_named(&field, &value)?;
        Some((name.to_owned(), value))
    };
    field.fields().into_iter().flat_map(Fields::all).filter_map(header).collect()
}

fn classes(field: &Field<'_>) -> BTreeMap<Glob, EffectClass> {
    let class = |(name, field): (&str, Field<'_>)| {
        let glob = name.parse::<Glob>().map_err(|error| {
            field
                .refuse_key(Problem::new(Code::InvalidManifest, format!("read `{}`: {error}", field.path())));
        });
        Some((glob.ok()?, field.one_of(EffectClass::WORDS)?))
    };
    field.fields().into_iter().flat_map(Fields::all).filter_map(class).collect()
}
