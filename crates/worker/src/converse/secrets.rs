//! The secrets that one attempt's programs and servers are given: found before anything starts, and told to nobody else.

use std::{cmp::Reverse, env, sync::Arc};

use mainspring_agent::Assistant;
use mainspring_api::worker::{ToolEnd, ToolOutcome};
use mainspring_types::{Code, Problem};

/// What the variable of a secret begins with; its name follows.
const VARIABLE: &str = "MAINSPRING_SECRET_";

/// Shorter ones are not looked for in what tools say: they stand in many a word.
const HIDDEN_MIN: usize = 4;

type Find = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where secrets are kept: says what one is, by its name.
#[derive(Clone)]
pub struct Vault(Arc<Find>);

impl Vault {
    /// Secrets as `find` says them.
    pub fn new(find: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// Those in variables of this process, `MAINSPRING_SECRET_NAME` for the secret `NAME`. An empty one is not set.
    pub fn of_environment() -> Self {
        Self::new(|name| env::var(format!("{VARIABLE}{name}")).ok().filter(|value| !value.is_empty()))
    }
}

/// The secrets of one attempt, by their names; the longest first. There is no `Debug`: they belong in no log.
pub(super) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// All that the assistant's definition names.
    pub(super) fn find(assistant: &Assistant, vault: &Vault) -> Result<Self, Problem> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in assistant.secrets() {
            match (vault.0)(&name) {
                Some(secret) => found.push((name, secret)),
                None => missing.push(format!("{VARIABLE}{name}")),
            }
        }
        if missing.is_empty() {
            // One may be a part of another, which would no longer be found without it.
            found.sort_by_key(|(_, secret)| Reverse(secret.len()));
            return Ok(Self(found));
        }
        let message =
            format!("the agent `{}` needs secrets that are not set: {}", assistant.name, missing.join(", "));
        Err(Problem::new(Code::InvalidConfiguration, message)
            .suggest("set these variables where `mainspring` is started, and start it again"))
    }

    /// The assistant with its secrets in place.
    pub(super) fn given_to(&self, mut assistant: Assistant) -> Assistant {
        let secret = |name: &str| self.0.iter().find(|(known, _)| known == name);
        assistant.reveal(|name| secret(name).map(|(_, secret)| secret.clone()).unwrap_or_default());
        assistant
    }

    /// What a tool says, each secret in it replaced by its name: it would go into the record, and to the model.
    pub(super) fn hidden(&self, end: ToolEnd) -> ToolEnd {
        match end {
            ToolEnd::Returned(ToolOutcome { text, error }) => {
                ToolEnd::Returned(ToolOutcome { text: self.without(text), error })
            }
            ToolEnd::Failed { message } => ToolEnd::Failed { message: self.without(message) },
            ToolEnd::Unknown { message } => ToolEnd::Unknown { message: self.without(message) },
            ToolEnd::NotDone {} => end,
        }
    }

    fn without(&self, mut text: String) -> String {
        for (name, secret) in &self.0 {
            if secret.len() >= HIDDEN_MIN && text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), &format!("[secret {name}]"));
            }
        }
        text
    }
}
