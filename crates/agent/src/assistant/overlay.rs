//! What a tenant and a run lay over an assistant.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{BudgetAsk, ModelName, Verdict};
use crate::policy::Pattern;
use crate::toolset::Toolset;

/// One layer around a definition. It takes away and asks; it never grants what the definition does not.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overlay {
    /// The model: a run's replaces the definition's, a tenant's stands in where there is none.
    pub model: Option<ModelName>,
    /// Further lines of `approvals`.
    pub approvals: Vec<(Pattern, Verdict)>,
    /// Toolsets taken away.
    pub denied_toolsets: BTreeSet<Toolset>,
    /// The most model calls of one turn.
    pub steps: Option<u32>,
    /// What the run may use of its models at most.
    pub budget: BudgetAsk,
    /// Where it is written, such as `config.toml`.
    pub place: Option<String>,
}
