//! How people start runs.

use std::{sync::Arc, time::Duration};

use mainspring_agent::{StepWork, Work};
use mainspring_boundary::conversation::{self, Beginning, Begun};
use mainspring_core::{Created, Plan, PlannedStep, Principal, RULES, Retry, Trust};
use mainspring_store::{Key, RunKey};
use mainspring_types::{Hash, RunId, StepId, Value};
use serde_json::json;

use super::{
    cast::Part,
    laws::{Lawful, broken, holds},
    universe::{Known, Universe},
};

impl Universe {
    /// Starts a run; told again when nobody heard of its beginning, it is the same run.
    pub(super) fn begin(&mut self, number: usize) -> Lawful {
        let part = self.parts[number].clone();
        let key = RunKey { tenant: Self::tenant(), run: self.run_ids[number] };
        self.tell(&format!("somebody starts `{}`", part.label));
        self.names.insert(key.run, part.label.clone());
        self.runs.entry(part.label.clone()).or_insert_with(|| Known {
            key: key.clone(),
            assistant: Arc::new(part.assistant.clone()),
            parent: None,
            ended: false,
        });
        let (submit, beginning) = (self.server.submit(), self.beginning(&part, &key));
        match self.ask(conversation::begin(&submit, beginning))? {
            Some(Ok(Ok(Begun::New(run) | Begun::Known(run)))) => {
                self.begun += 1;
                self.memory.spoken.entry(part.label.clone()).or_insert(1);
                holds("a run is started once", run == key.run, || format!("{run} and {}", key.run))
            }
            Some(Ok(Err(unbegun))) => {
                broken("a run of a session follows the one before", format!("{unbegun:?}"))
            }
            Some(Err(_)) | None => Ok(()),
        }
    }

    fn beginning(&self, part: &Part, key: &RunKey) -> Beginning {
        let input = Value::json(&json!({ "prompt": part.messages[0] })).expect("text is JSON");
        let once = Key { caller: "ann".into(), route: "runs".into(), key: key.run.to_string() };
        Beginning {
            tenant: Self::tenant(),
            created: Box::new(self.created(part, key.run, &input)),
            input,
            by: Principal::User("ann".into()),
            once: Some((once, Hash::of(part.label.as_bytes()))),
            session: self.sessions[part.session],
            agent: "lead".into(),
            waits: part.waits,
            first: Some((parts_of(&part.messages[0]), "ann".into())),
            limits: Vec::new(),
        }
    }

    fn created(&self, part: &Part, run: RunId, input: &Value) -> Created {
        let step = StepWork {
            id: StepId::new("main").expect("a name"),
            work: Work::Converse { assistant: Box::new(part.assistant.clone()) },
            retry: mainspring_agent::Retry::default(),
            timeout: Duration::from_hours(1),
            input: None,
        };
        let planned = PlannedStep {
            id: step.id.clone(),
            after: Vec::new(),
            retry: Retry::default(),
            work: json!({ "step": step }),
        };
        Created {
            run,
            rules: RULES,
            agent: part.assistant.name.clone(),
            version: Hash::of(b"version"),
            plan: Plan::sequence([planned]),
            input: input.digest(),
            trust: Trust::Standard,
            session: Some(self.sessions[part.session].to_string()),
            parent: None,
            fork: None,
            deadline: None,
            trace: "0".repeat(32),
        }
    }
}

/// A message's parts, as a conversation keeps them.
pub(super) fn parts_of(words: &str) -> String {
    json!([{ "type": "text", "text": words }]).to_string()
}
