//! The attempts that may call out: found by the number in their token.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use mainspring_store::RunKey;

use super::Held;
use crate::{Divergence, Pass};

/// Every live attempt with a token.
#[derive(Default)]
pub(super) struct Attempts {
    known: Mutex<HashMap<u64, Known>>,
}

struct Known {
    pass: Pass,
    holds: BTreeMap<u64, Held>,
    next: u64,
}

impl Attempts {
    /// Takes an attempt in and gives its token.
    pub(super) fn admit(&self, pass: Pass) -> String {
        let token = token(&pass);
        self.lock().insert(pass.nonce, Known { pass, holds: BTreeMap::new(), next: 0 });
        token
    }

    pub(super) fn release(&self, nonce: u64) {
        self.lock().remove(&nonce);
    }

    /// The attempt whose token this is.
    pub(super) fn find(&self, shown: &str) -> Option<Pass> {
        let (_, number) = shown.rsplit_once('-')?;
        let nonce = u64::from_str_radix(number, 16).ok()?;
        let known = self.lock();
        let pass = &known.get(&nonce)?.pass;
        (token(pass) == shown).then(|| pass.clone())
    }

    /// The attempt as it stands now; `None` once it is released.
    pub(super) fn get(&self, nonce: u64) -> Option<Pass> {
        self.lock().get(&nonce).map(|known| known.pass.clone())
    }

    /// Changes what happens to the run's live attempts when they leave the recorded path; says whether there are any.
    pub(super) fn steer(&self, key: &RunKey, divergence: Divergence) -> bool {
        let mut known = self.lock();
        let mut steered = false;
        for of_run in known.values_mut().filter(|known| known.pass.key == *key) {
            of_run.pass.divergence = divergence;
            steered = true;
        }
        steered
    }

    pub(super) fn hold(&self, nonce: u64, held: Held) -> u64 {
        let mut known = self.lock();
        let Some(known) = known.get_mut(&nonce) else { return 0 };
        known.next += 1;
        known.holds.insert(known.next, held);
        known.next
    }

    pub(super) fn unhold(&self, nonce: u64, number: u64) {
        if let Some(known) = self.lock().get_mut(&nonce) {
            known.holds.remove(&number);
        }
    }

    /// What the attempt is held for: of several requests, what a person can act on first.
    pub(super) fn held(&self, nonce: u64) -> Option<(Pass, Option<Held>)> {
        let known = self.lock();
        let known = known.get(&nonce)?;
        Some((known.pass.clone(), known.holds.values().min_by_key(|held| held.what).cloned()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the attempt shows in place of a key. Only the number is a secret; the rest says in a log whose it was.
fn token(pass: &Pass) -> String {
    format!("ms-{}-{}-{:016x}", pass.key.run, pass.attempt, pass.nonce)
}

#[cfg(test)]
mod tests {
    use mainspring_types::{AgentName, AttemptNo, RunId, StepId, TenantId};

    use super::*;

    fn pass(attempt: u32, nonce: u64) -> Pass {
        Pass {
            key: RunKey { tenant: TenantId::sole(), run: RunId::from_u128(1) },
            step: StepId::new("main").expect("a step name"),
            attempt: AttemptNo(attempt),
            nonce,
            agent: AgentName::new("agent").expect("a name"),
            ancestors: Vec::new(),
            divergence: Divergence::Live,
        }
    }

    #[test]
    fn a_token_opens_for_its_attempt_alone_and_only_while_that_lives() {
        let attempts = Attempts::default();
        let (first, second) = (attempts.admit(pass(1, 77)), attempts.admit(pass(2, 78)));
        assert_eq!(attempts.find(&first), Some(pass(1, 77)));
        assert_eq!(attempts.find(&second), Some(pass(2, 78)));
        let forged = first.replace("-1-", "-2-");
        assert_eq!(attempts.find(&forged), None, "the number is another attempt's");
        attempts.release(77);
        assert_eq!(attempts.find(&first), None);
        assert_eq!(attempts.find("sk-whatever"), None);
    }
}
