//! Reads what is ruled: approvals, effects and capabilities.

use std::{collections::BTreeSet, fmt::Display};

use mainspring_types::{Code, Problem, nearest};

use crate::assistant::{
    Approval, Capabilities, Draft, EffectClass, EffectRule, Layer, Verdict, is_of_server,
};
use crate::fields::{Field, Fields};
use crate::policy::{Glob, Pattern};
use crate::toolset::{BuiltIn, Toolset, built_ins};

/// The draft with its `approvals` and `effects`, which are about tools that it has.
pub(super) fn read(fields: &mut Fields<'_>, mut draft: Draft) -> Draft {
    if let Some(field) = fields.optional("approvals") {
        draft.approvals = approvals(&field, &draft);
    }
    if let Some(field) = fields.optional("effects") {
        draft.effects = effects(&field, &draft);
    }
    draft
}

pub(super) fn approvals(field: &Field<'_>, draft: &Draft) -> Vec<Approval> {
    let line = |(text, field): (&str, Field<'_>)| {
        let (pattern, verdict) = (pattern(&field, text), field.one_of(Verdict::WORDS));
        let (pattern, verdict) = (pattern?, verdict?);
        let place = Some(field.written_at());
        check(&field, &pattern, draft, if verdict == Verdict::Deny { Need::Known } else { Need::Granted });
        Some(Approval { pattern, verdict, from: Layer::Agent, place, generation: 0 })
    };
    field.fields().into_iter().flat_map(Fields::all).filter_map(line).collect()
}

fn effects(field: &Field<'_>, draft: &Draft) -> Vec<EffectRule> {
    let line = |(text, field): (&str, Field<'_>)| {
        let (pattern, class) = (pattern(&field, text), field.one_of(EffectClass::WORDS));
        let (pattern, class) = (pattern?, class?);
        check(&field, &pattern, draft, Need::Granted);
        Some(EffectRule { pattern, class })
    };
    field.fields().into_iter().flat_map(Fields::all).filter_map(line).collect()
}

fn pattern(field: &Field<'_>, text: &str) -> Option<Pattern> {
    let problem = |error: &dyn Display| {
        field.refuse_key(Problem::new(Code::InvalidManifest, format!("read `{}`: {error}", field.path())));
    };
    text.parse().map_err(|error| problem(&error)).ok()
}

/// What a rule needs of the tools it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// That there are such tools.
    Known,
    /// That the definition grants one of them.
    Granted,
}

fn check(field: &Field<'_>, pattern: &Pattern, draft: &Draft, need: Need) {
    let known = draft.names();
    if !is_of_server(draft, pattern) && !known.iter().any(|name| pattern.name.matches(name)) {
        let message = format!("`{}` names no known tool", field.path());
        let problem = Problem::new(Code::InvalidManifest, message);
        return field.refuse_key(match nearest(pattern.name.as_str(), known.iter().map(String::as_str)) {
            Some(meant) => problem.suggest(format!("did you mean `{meant}`?")),
            None => problem.suggest(format!("known here: {}", known.join(", "))),
        });
    }
    if need == Need::Granted && !is_granted(pattern, draft) {
        let message = format!("`{}` names a tool that is not granted", field.path());
        let problem = Problem::new(Code::InvalidManifest, message);
        let of_tool =
            |tool: &&BuiltIn| pattern.name.matches(tool.name) || pattern.name.matches(tool.toolset.as_str());
        let toolset = built_ins().iter().find(of_tool).map_or("it", |tool| tool.toolset.as_str());
        field.refuse_key(problem.suggest(format!("add `{toolset}` to `toolsets`, or leave the line out")));
    }
}

fn is_granted(pattern: &Pattern, draft: &Draft) -> bool {
    let built_in = draft.toolsets.iter().any(|toolset| {
        pattern.name.matches(toolset.as_str()) || toolset.tools().any(|tool| pattern.name.matches(tool.name))
    });
    built_in
        || draft.tools.iter().any(|tool| pattern.name.matches(&tool.name))
        || draft.mcp_servers.keys().any(|server| pattern.name.matches(server))
        || is_of_server(draft, pattern)
}

/// What tools may be used on. Paths that bind some of the granted tools alone are told of with a warning.
pub(super) fn capabilities(field: &Field<'_>, granted: &BTreeSet<Toolset>) -> Capabilities {
    let Some(mut fields) = field.fields() else { return Capabilities::default() };
    let capabilities = Capabilities {
        read: fields.optional("read").map(|field| narrower(&field, granted)),
        write: fields.optional("write").map(|field| narrower(&field, granted)),
        commands: fields.optional("commands").map(|field| globs(&field)),
        hosts: fields.optional("hosts").map(|field| hosts(&field)),
    };
    fields.refuse_rest();
    capabilities
}

/// The paths, with a warning where programs are granted: these see the whole workspace.
fn narrower(field: &Field<'_>, granted: &BTreeSet<Toolset>) -> Vec<Glob> {
    let paths = paths(field);
    let programs: Vec<String> = granted
        .iter()
        .filter(|toolset| toolset.starts_programs())
        .map(|toolset| format!("`{toolset}`"))
        .collect();
    if !programs.is_empty() && !paths.iter().any(Glob::is_everything) {
        field.warn(format!(
            "`{}` holds for the tools of `file_system` alone; programs of {} use the whole workspace",
            field.path(),
            programs.join(" and ")
        ));
    }
    paths
}

pub(super) fn globs(field: &Field<'_>) -> Vec<Glob> {
    let items = field.items().unwrap_or_default();
    items.iter().filter_map(|item| item.parsed(str::parse)).collect()
}

/// Globs of paths, which are spelt as calls are judged: relative, without `.` and `..`.
fn paths(field: &Field<'_>) -> Vec<Glob> {
    let path = |item: &Field<'_>| {
        let text = item.text_as_written()?;
        let text = text.strip_prefix("./").unwrap_or(&text);
        let refused = |why: &str, instead: String| {
            let message = format!("`{}` is `{text}`: {why}", item.path());
            item.refuse(Problem::new(Code::InvalidManifest, message).suggest(instead));
            None
        };
        if text.starts_with('/') || text.split('/').any(|part| part == "..") {
            return refused(
                "paths are those of the workspace",
                "write it like src/* or docs/*.md".to_owned(),
            );
        }
        if let Some(folder) = text.strip_suffix('/') {
            return refused("a folder is written with what it holds", format!("write `{folder}/*`"));
        }
        if text.split('/').any(|part| matches!(part, "" | ".")) {
            return refused("it has an empty part", "write it like src/* or docs/*.md".to_owned());
        }
        text.parse().map_err(|error| item.refused::<()>(format!("read `{}`: {error}", item.path()))).ok()
    };
    let items = field.items().unwrap_or_default();
    items.iter().filter_map(path).collect()
}

fn hosts(field: &Field<'_>) -> Vec<Glob> {
    let host = |item: &Field<'_>| {
        let text = item.text_as_written()?.to_ascii_lowercase();
        let is_host = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._*[]:".contains(&byte))
            && !text.contains("//");
        if !is_host {
            let problem = Problem::new(
                Code::InvalidManifest,
                format!("`{}` is `{text}`, which is no host", item.path()),
            );
            item.refuse(problem.suggest("write it like example.com or *.example.com"));
            return None;
        }
        item.parsed(|_| text.parse())
    };
    let items = field.items().unwrap_or_default();
    items.iter().filter_map(host).collect()
}
