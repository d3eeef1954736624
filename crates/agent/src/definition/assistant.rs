//! Reads the fields of a definition whose work a model does.

mod grants;
mod rules;
mod servers;
mod subagents;
mod terms;
mod tools;

use std::path::Path;

use mainspring_types::AgentName;

use super::{env_with_secrets, limits};
use crate::assistant::{Assistant, Draft};
use crate::fields::Fields;

/// What every definition says of itself.
pub(super) struct About {
    pub(super) name: Option<AgentName>,
    pub(super) description: Option<String>,
}

/// Reads the fields; the tools and programs it names lie in `folder`.
pub(super) fn read(fields: &mut Fields<'_>, about: About, folder: &Path) -> Option<Draft> {
    let instructions = fields.required("instructions").and_then(|field| field.text());
    let granted = grants::read(fields, folder);
    let (limits, bounds) =
        fields.optional("limits").map(|field| limits::read_both(&field)).unwrap_or_default();
    let draft = Assistant {
        // What is missing was reported: the rest is read all the same, so that all of it is told at once.
        name: about.name.clone().unwrap_or_else(|| AgentName::new("unnamed").expect("a name")),
        description: about.description,
        model: fields.optional("model").and_then(|field| terms::model(&field)),
        instructions: instructions.clone().unwrap_or_default(),
        options: fields.optional("model_options").map(|field| terms::options(&field)).unwrap_or_default(),
        capabilities: fields
            .optional("capabilities")
            .map(|field| rules::capabilities(&field, &granted.toolsets))
            .unwrap_or_default(),
        gates: fields.optional("gates").map(|field| terms::gates(&field)).unwrap_or_default(),
        bounds,
        budget: fields.optional("budget").map(|field| terms::budget(&field)).unwrap_or_default(),
        session: fields.optional("session").map(|field| terms::session(&field)).unwrap_or_default(),
        output: fields.optional("output").and_then(|field| terms::schema(&field)),
        limits,
        env: fields.optional("env").map(|field| env_with_secrets(&field)).unwrap_or_default(),
        ..granted
    };
    let draft = rules::read(fields, draft);
    let draft = subagents::read(fields, draft);
    (about.name.is_some() && instructions.is_some()).then_some(draft)
}
