//! Accounts: what a call sets aside when it is intended, and what it comes to when it is settled, in the transactions
//! that do so.
//!
//! An account exists from the first call under its limit on, and begins with what the tries of its window say was spent;
//! so a limit that is set late counts what came before it, and totals are exact whatever is killed when.

use mainspring_store::{AccountKey, Balance, Fault, Pen, RunKey, Spender, Spent as Sum};
use mainspring_types::Timestamp;

use super::{Pass, entries};
use crate::budget::{Account, Hold, Limit, Meter, Rule, Scope, Spent, Verdict, Whom, Wish, limits, reserve};

/// The limits of tenants, agents and all runs, from the settings.
#[derive(Debug, Default)]
pub(crate) struct Book {
    rules: Vec<Rule>,
}

impl Book {
    pub(crate) fn new(rules: Vec<Rule>) -> Self {
        Self { rules }
    }

    /// Sets the call's upper bound aside under every limit, or says which stands in the way.
    pub(super) fn reserve(
        &self,
        pen: &mut Pen<'_>,
        pass: &Pass,
        wish: Wish,
        now: Timestamp,
    ) -> Result<Verdict, Fault> {
        let mut under = Vec::new();
        for limit in self.limits(pen, pass)? {
            let account = account(pen, pass, &limit, now)?;
            under.push((limit, account));
        }
        let verdict = reserve(&under, wish, now);
        if let Verdict::Granted { hold, .. } = &verdict {
            for (limit, _) in &under {
                let key = key_of(limit, now);
                pen.move_account(&pass.key.tenant, &key, (0, hold.of(limit.meter).cast_signed()))?;
            }
        }
        Ok(verdict)
    }

    /// Gives the hold back in the windows in which it was taken, and settles what the call came to.
    pub(super) fn settle(
        &self,
        pen: &mut Pen<'_>,
        pass: &Pass,
        began: Timestamp,
        (hold, spent): (Hold, Spent),
    ) -> Result<(), Fault> {
        for limit in self.limits(pen, pass)? {
            let change = (spent.of(limit.meter).cast_signed(), -hold.of(limit.meter).cast_signed());
            pen.move_account(&pass.key.tenant, &key_of(&limit, began), change)?;
        }
        Ok(())
    }

    /// Closes what is not kept up from here on: accounts of past windows, and those that no rule asks for, which would
    /// miss what is spent until one does again.
    pub(super) fn put_in_order(&self, pen: &mut Pen<'_>, now: Timestamp) -> Result<(), Fault> {
        pen.close_accounts(|scope, meter, span, start| {
            self.rules.iter().any(|rule| {
                let whose = match &rule.whom {
                    Whom::Tenant => entries::scope(&Scope::Tenant),
                    Whom::Agent(agent) => entries::scope(&Scope::Agent(agent.clone())),
                    Whom::EachRun => return false,
                };
                (whose.as_str(), rule.meter.as_str(), rule.window.as_str()) == (scope, meter, span)
                    && rule.window.start(now) == start
            })
        })
    }

    fn limits(&self, pen: &Pen<'_>, pass: &Pass) -> Result<Vec<Limit>, Fault> {
        let mut all = limits(&self.rules, &pass.agent, pass.key.run, &pen.run_limits(&pass.key)?);
        for run in &pass.ancestors {
            let above = RunKey { tenant: pass.key.tenant.clone(), run: *run };
            let mut theirs = limits(&self.rules, &pass.agent, *run, &pen.run_limits(&above)?);
            // What the tenant and the agent may use counts once.
            theirs.retain(|limit| matches!(limit.scope, Scope::Run(_)));
            all.extend(theirs);
        }
        Ok(all)
    }
}

fn key_of(limit: &Limit, at: Timestamp) -> AccountKey {
    AccountKey {
        scope: entries::scope(&limit.scope),
        meter: limit.meter.as_str(),
        span: limit.window.as_str(),
        start: limit.window.start(at),
    }
}

/// The account under a limit, opened when it is not there.
fn account(pen: &mut Pen<'_>, pass: &Pass, limit: &Limit, now: Timestamp) -> Result<Account, Fault> {
    let (tenant, key) = (&pass.key.tenant, key_of(limit, now));
    let balance = if let Some(balance) = pen.balance(tenant, &key)? {
        balance
    } else {
        let spent = match &limit.scope {
            Scope::Tenant => pen.spent(tenant, Spender::Tenant, key.start)?,
            Scope::Agent(agent) => pen.spent(tenant, Spender::Agent(agent.as_str()), key.start)?,
            Scope::Run(run) => {
                let whose = RunKey { tenant: tenant.clone(), run: *run };
                pen.spent(tenant, Spender::Run(&whose), key.start)?
            }
        };
        let balance = of(limit.meter, &spent);
        pen.open_account(tenant, &key, balance)?;
        balance
    };
    Ok(Account { settled: balance.settled, held: balance.held })
}

fn of(meter: Meter, sum: &Sum) -> Balance {
    match meter {
        Meter::Tokens => sum.tokens,
        Meter::Cost => sum.cost,
        Meter::Calls => sum.calls,
    }
}
