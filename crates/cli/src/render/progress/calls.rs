//! The model calls of one step as they happen.

use std::collections::BTreeMap;

use crate::render::{Entry, effect};

/// What has been seen of a step's model calls.
#[derive(Default)]
pub(super) struct Calls {
    made: u64,
    replayed: u64,
    /// The models that are being asked, by the effect.
    asking: BTreeMap<String, String>,
    /// What is wrong with a call that is being tried again.
    pub(super) trouble: Option<String>,
}

impl Calls {
    /// Takes in an entry; says what is to be remembered of it.
    pub(super) fn fold(&mut self, entry: Entry<'_>) -> Option<String> {
        let effect = entry.text("effect").unwrap_or_default();
        match entry.kind() {
            "effect.intended" => {
                self.made += 1;
                self.ask(effect, entry);
            }
            "effect.repeated" => self.ask(effect, entry),
            "effect.replayed" | "effect.near" => {
                self.made += 1;
                self.replayed += 1;
            }
            "effect.committed" => {
                self.asking.remove(effect);
                self.trouble = None;
            }
            "effect.retried" => self.trouble = effect::told(entry),
            "effect.failed" | "effect.unknown" => {
                self.asking.remove(effect);
                self.trouble = effect::told(entry);
            }
            "effect.diverged" => return Some(effect::diverged(entry)),
            "budget.warning" => return Some(effect::budget(entry)),
            _ => {}
        }
        None
    }

    fn ask(&mut self, effect: &str, entry: Entry<'_>) {
        self.asking.insert(effect.to_owned(), entry.text("model").unwrap_or("a model").to_owned());
    }

    /// The attempt is over: nobody waits for an answer any more.
    pub(super) fn stop(&mut self) {
        self.asking.clear();
        self.trouble = None;
    }

    /// In a few words: `3 model calls, 1 from the journal`, and which model is being asked.
    pub(super) fn words(&self) -> Vec<String> {
        let made = (self.made > 0).then(|| effect::calls(self.made, self.replayed));
        made.into_iter().chain(self.asking.values().next().map(|model| format!("asks {model}"))).collect()
    }
}
