//! Which requests a rule answers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::scalars::{AnyOf, Pattern};
use crate::{
    Wanted,
    api::ApiName,
    conversation::{Conversation, Role},
    template::Variables,
};

/// What has to hold of a request, all of it; nothing given holds always.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Match {
    api: Option<AnyOf<ApiName>>,
    model: Option<Pattern>,
    path: Option<Pattern>,
    system: Option<Pattern>,
    first_user: Option<Pattern>,
    last_user: Option<Pattern>,
    last_tool_result: Option<Pattern>,
    any_text: Option<Pattern>,
    header: BTreeMap<String, Pattern>,
    last_role: Option<AnyOf<Role>>,
    turn: Option<AnyOf<u64>>,
    step: Option<AnyOf<u64>>,
    stream: Option<AnyOf<bool>>,
    tools: Option<bool>,
    has_tool: Option<AnyOf<String>>,
    lacks_tool: Option<AnyOf<String>>,
}

impl Match {
    /// What its patterns found, or `None` when the request is not one of those meant.
    pub(crate) fn admits(&self, talk: &Conversation, wanted: &Wanted<'_>) -> Option<Variables> {
        let mut variables = Variables::default();
        let holds = self.api_holds(talk)
            && self.place_holds(talk)
            && self.tools_hold(talk)
            && self.texts_hold(talk, wanted, &mut variables);
        holds.then_some(variables)
    }

    fn api_holds(&self, talk: &Conversation) -> bool {
        match &self.api {
            Some(names) => names.0.iter().any(|name| name.covers(talk.api)),
            None => talk.api.is_generation(),
        }
    }

    fn place_holds(&self, talk: &Conversation) -> bool {
        any(self.last_role.as_ref(), |role| talk.last_role() == Some(*role))
            && any(self.turn.as_ref(), |turn| talk.turn() == *turn)
            && any(self.step.as_ref(), |step| talk.step() == *step)
            && any(self.stream.as_ref(), |stream| talk.stream == *stream)
    }

    fn tools_hold(&self, talk: &Conversation) -> bool {
        let offered = |name: &String| talk.tools.contains(name);
        self.tools.is_none_or(|wanted| wanted != talk.tools.is_empty())
            && self.has_tool.as_ref().is_none_or(|names| names.0.iter().all(offered))
            && self.lacks_tool.as_ref().is_none_or(|names| !names.0.iter().any(offered))
    }

    fn texts_hold(&self, talk: &Conversation, wanted: &Wanted<'_>, variables: &mut Variables) -> bool {
        let mut found = |pattern: Option<&Pattern>, text: &str| {
            pattern.is_none_or(|pattern| pattern.find(text, variables))
        };
        found(self.model.as_ref(), &talk.model)
            && found(self.path.as_ref(), wanted.path)
            && found(self.system.as_ref(), &talk.system)
            && found(self.first_user.as_ref(), talk.first_user())
            && found(self.last_user.as_ref(), talk.last(Role::User))
            && found(self.last_tool_result.as_ref(), talk.last(Role::Tool))
            && (self.any_text.is_none()
                || found(self.any_text.as_ref(), &String::from_utf8_lossy(wanted.body)))
            && self.header.iter().all(|(name, pattern)| found(Some(pattern), wanted.header(name)))
    }
}

fn any<T>(wanted: Option<&AnyOf<T>>, holds: impl Fn(&T) -> bool) -> bool {
    wanted.is_none_or(|wanted| wanted.0.iter().any(holds))
}
