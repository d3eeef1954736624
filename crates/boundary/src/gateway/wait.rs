//! Waiting for what stands in a call's way: the provider's limits, a budget, somebody's decision.

use std::{sync::Arc, time::Duration};

use mainspring_types::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::{Held, HeldFor, Shared, hold::Hold};
use crate::{
    Pass,
    budget::{Limit, Policy, Scope, Window},
    provider::Provider,
    quota::{Account, Permit},
};

/// How long at most before what is held looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Shared {
    /// Waits for a turn with the provider; the attempt counts as held meanwhile.
    pub(super) async fn permit(self: &Arc<Self>, pass: &Pass, provider: &Provider, model: &str) -> Permit {
        let account = Account::of(provider, model);
        let mut hold = None;
        let waits = |busy: crate::quota::Busy| {
            hold = Some(Hold::begin(self, pass, quota(provider, model, busy.until)));
        };
        self.governor.permit(&account, &pass.key.tenant, waits).await
    }

    /// Waits until a limit may have given way.
    pub(super) async fn relief(
        self: &Arc<Self>,
        pass: &Pass,
        limit: &Limit,
        until: Option<Timestamp>,
        needs: u64,
    ) {
        self.held(pass, budget(limit, until, needs), until).await;
    }

    /// Waits until somebody may have decided what happens to a call that is not the recorded one.
    pub(super) async fn decision(self: &Arc<Self>, pass: &Pass, what: &str) {
        let run = pass.key.run;
        let way_out =
            format!("`mainspring runs diverge {run} live` pays for new calls; `... fail` ends the run");
        let held = Held { what: HeldFor::Gate, detail: format!("the agent {what}"), way_out };
        self.held(pass, held, None).await;
    }

    async fn held(self: &Arc<Self>, pass: &Pass, held: Held, until: Option<Timestamp>) {
        let relieved = self.relief.notified();
        let _hold = Hold::begin(self, pass, held);
        let wait = until.map_or(LOOK_AGAIN, |until| until.since(Timestamp::now()).min(LOOK_AGAIN));
        tokio::select! {
            () = relieved => {}
            () = sleep_until(Instant::now() + wait) => {}
        }
    }
}

fn quota(provider: &Provider, model: &str, until: Option<Timestamp>) -> Held {
    let name = &provider.name;
    let when = until.map_or_else(String::new, |until| format!(", not before {}", clock(until)));
    Held {
        what: HeldFor::Quota,
        detail: format!("{name} takes no more calls of `{model}` for now{when}; its process is kept"),
        way_out: "nothing to do: calls go on, in turn, as the provider takes them".into(),
    }
}

fn budget(limit: &Limit, until: Option<Timestamp>, needs: u64) -> Held {
    let (whose, way_out) = match &limit.scope {
        Scope::Run(run) => ("this run", format!("`mainspring runs raise {run} --{} N`", limit.meter)),
        Scope::Agent(_) => ("this agent", "raise the agent's budget in the settings".to_owned()),
        Scope::Tenant => ("all runs", "raise the tenant's budget in the settings".to_owned()),
    };
    let span = match limit.window {
        Window::Total => "",
        Window::Hour => " an hour",
        Window::Day => " a day",
    };
    let (most, needs) = (limit.meter.words(limit.max), limit.meter.words(needs));
    let detail = format!("the budget of {whose}, {most}{span}, leaves less than the {needs} this call needs");
    let way_out = match until {
        Some(until) => format!("it goes on by itself at {}; or {way_out}", clock(until)),
        None => way_out,
    };
    let kept = if limit.policy == Policy::Terminate { "" } else { "; its process is kept" };
    Held { what: HeldFor::Budget, detail: format!("{detail}{kept}"), way_out }
}

fn clock(at: Timestamp) -> String {
    at.to_string()
}

/// A refused budget in one sentence, for the agent and the run's end.
pub(super) fn exhausted(limit: &Limit, needs: u64) -> String {
    budget(limit, None, needs).detail
}
