//! Waiting for what stands in a call's way: the provider's limits, a budget, somebody's decision.

use std::{sync::Arc, time::Duration};

use futures_util::future::select_all;
use mainspring_types::{Code, Problem, Timestamp};
use tokio::{sync::futures::Notified, time::sleep};

use super::{Held, HeldFor, Shared, call::Job, hold::Hold};
use crate::{
    Pass,
    budget::{Limit, Meter, Policy, Scope, Window},
    provider::Provider,
    quota::{Account, Busy, Permit},
};

/// How long at most before what is held looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// The same where a run is to end unless a call under way gives back what it needs.
const LOOK_SOON: Duration = Duration::from_secs(1);

/// The right to send a call, and to whom.
pub(super) struct Turn {
    /// A place in the job's list of providers.
    pub(super) place: usize,
    pub(super) permit: Permit,
}

impl Shared {
    /// A turn with the first provider of the job that has one at once.
    pub(super) fn turn_now(&self, pass: &Pass, job: &Job) -> Result<Turn, Busy> {
        self.turn_from(pass, job, 0)
    }

    /// Waits for a turn with any provider of the job, `first` before the others; the attempt counts as held meanwhile.
    pub(super) async fn turn(self: &Arc<Self>, pass: &Pass, job: &Job, first: usize) -> Turn {
        let busy = match self.turn_from(pass, job, first) {
            Ok(turn) => return turn,
            Err(busy) => busy,
        };
        let provider = &self.providers[job.providers[first]].0;
        let _hold = self.hold(pass, quota(provider, &job.call.model, busy.until), None);
        let waiting = (0..job.providers.len()).map(|place| {
            Box::pin(async move {
                let permit = self.governor.permit(&self.account(job, place), &pass.key.tenant, |_| {}).await;
                Turn { place, permit }
            })
        });
        select_all(waiting).await.0
    }

    /// What is in the way is told of the provider that is asked first.
    fn turn_from(&self, pass: &Pass, job: &Job, first: usize) -> Result<Turn, Busy> {
        let ask = |place| {
            let permit = self.governor.try_permit(&self.account(job, place), &pass.key.tenant)?;
            Ok(Turn { place, permit })
        };
        let others = (1..job.providers.len()).map(|next| (first + next) % job.providers.len());
        ask(first).or_else(|busy| others.map(ask).find_map(Result::ok).ok_or(busy))
    }

    fn account(&self, job: &Job, place: usize) -> Account {
        Account::of(&self.providers[job.providers[place]].0, &job.call.model)
    }

    /// The attempt counts as held; `former` is what it was held for before, without a moment in between.
    pub(super) fn hold(self: &Arc<Self>, pass: &Pass, held: Held, former: Option<Hold>) -> Hold {
        let begun = Hold::begin(self, pass, held);
        drop(former);
        begun
    }
}

/// Waits until what is in the way may have given way: `relieved` was made before that was found out.
pub(super) async fn looking_again(relieved: Notified<'_>, until: Option<Timestamp>) {
    let wait = until.map_or(LOOK_AGAIN, |until| until.since(Timestamp::now()).min(LOOK_AGAIN));
    tokio::select! {
        () = relieved => {}
        () = sleep(wait) => {}
    }
}

/// When to look at a limit again at the latest.
pub(super) fn latest(limit: &Limit, until: Option<Timestamp>) -> Option<Timestamp> {
    match limit.policy {
        Policy::Terminate => Some(Timestamp::now().after(LOOK_SOON)),
        Policy::Suspend | Policy::Throttle => until,
    }
}

/// Held until somebody decides what happens to a call that is not the recorded one.
pub(super) fn gate(pass: &Pass, what: &str) -> Held {
    let run = pass.key.run;
    let way_out = format!("`mainspring runs diverge {run} live` pays for new calls; `... fail` ends the run");
    Held { what: HeldFor::Gate, detail: format!("the agent {what}"), way_out }
}

/// Why a run ends at its budget.
pub(super) fn out_of_budget(limit: &Limit, needs: u64) -> Problem {
    Problem::new(Code::BudgetExhausted, budget(limit, None, needs).detail)
        .suggest("raise the budget and run it again, or let runs wait instead with `policy = \"suspend\"`")
}

fn quota(provider: &Provider, model: &str, until: Option<Timestamp>) -> Held {
    let name = &provider.name;
    let when = until.map_or_else(String::new, |until| format!(", not before {}", clock(until)));
    Held {
        what: HeldFor::Quota,
        detail: format!("{name} takes no more calls of `{model}` for now{when}"),
        way_out: "nothing to do: its process is kept, and calls go on in turn, as the provider takes them"
            .into(),
    }
}

/// Held until a budget gives way.
pub(super) fn budget(limit: &Limit, until: Option<Timestamp>, needs: u64) -> Held {
    let (whose, way_out) = match &limit.scope {
        Scope::Run(run) => (
            "this run",
            format!("`mainspring runs raise {run} --{} N` lets it go on where it stands", limit.meter),
        ),
        Scope::Agent(_) => ("this agent", "raise the agent's budget in the settings".to_owned()),
        Scope::Tenant => ("all runs", "raise the tenant's budget in the settings".to_owned()),
    };
    let span = match limit.window {
        Window::Total => "",
        Window::Hour => " an hour",
        Window::Day => " a day",
    };
    let (most, needs) = (limit.meter.words(limit.max), limit.meter.words(needs));
    let lack = match limit.meter {
        Meter::Calls => "is used up".to_owned(),
        Meter::Tokens | Meter::Cost => format!("leaves less than the {needs} that its next call may need"),
    };
    let detail = format!("the budget of {whose}, {most}{span}, {lack}");
    let way_out = match until {
        Some(until) => format!("it goes on by itself at {}; or {way_out}", clock(until)),
        None => way_out,
    };
    Held { what: HeldFor::Budget, detail, way_out }
}

fn clock(at: Timestamp) -> String {
    at.to_string()
}
