//! Which calls share a quota.

use std::num::NonZeroU32;

use crate::provider::Provider;

/// A quota of a provider: usually that of one model.
///
/// A provider that is set to so many calls a minute has one quota for all its models, since the setting counts them all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Account {
    provider: String,
    model: Option<String>,
    calls_per_minute: Option<NonZeroU32>,
}

impl Account {
    /// The quota that a call of the model to the provider draws on.
    pub fn of(provider: &Provider, model: &str) -> Self {
        // None a minute would mean never: the least that can be asked for is one.
        let at_least_one = |calls| NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
        let calls_per_minute = provider.calls_per_minute.map(at_least_one);
        Self {
            provider: provider.name.clone(),
            model: calls_per_minute.is_none().then(|| model.to_owned()),
            calls_per_minute,
        }
    }

    /// The provider's name.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    pub(super) const fn calls_per_minute(&self) -> Option<NonZeroU32> {
        self.calls_per_minute
    }
}
