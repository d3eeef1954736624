//! Answers of people to gates: durable once told, and the first one counts.

use mainspring_core::{Ask, Principal, Request};
use mainspring_store::{Demand, Fault, GateRow, GateSettled, Ledger as _, News, Pen, RunKey, Submit};
use mainspring_types::{GateId, GateKind, RequestId, TenantId, Timestamp};
use serde_json::{Map, Value, json};

use super::{Action, lines};
use crate::{
    conversation::put,
    work::{self, Work},
};

/// A person's answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// What is decided.
    pub action: Action,
    /// By whom.
    pub by: String,
    /// The arguments to be executed in place of those that were asked for, a JSON object.
    pub arguments: Option<String>,
    /// What is said with it.
    pub message: Option<String>,
    /// Whether calls of this shape need no further approval in this session.
    pub remember: bool,
}

/// Why an answer does not count. Nothing was written.
#[derive(Debug)]
pub enum Unanswered {
    /// The tenant has no such gate.
    NoSuchGate,
    /// It was answered before, or its deadline has passed, or its run has ended: this is how it stands.
    Settled(Box<GateRow>),
    /// The gate takes no answer of this kind.
    Unfit {
        /// What is wrong with it.
        message: String,
    },
}

impl Answer {
    /// Gives the answer; durable, and its run awake, once this returns.
    pub async fn give(
        self,
        submit: &Submit,
        tenant: TenantId,
        gate: GateId,
    ) -> Result<Result<GateRow, Unanswered>, Fault> {
        work::ask(submit, Giving { tenant, gate, answer: self, wake: None }).await
    }

    /// What is wrong with the answer, as an answer to this gate.
    fn unfit(&self, gate: &GateRow) -> Option<String> {
        let kind = gate.kind;
        let takes: &[Action] = match kind {
            GateKind::Approval => &[Action::Approve, Action::Deny],
            GateKind::Question => &[Action::Answer, Action::Deny],
            GateKind::Input => &[Action::Answer],
            GateKind::Unknown => &[Action::Approve, Action::Answer, Action::Deny],
        };
        if !takes.contains(&self.action) {
            let words: Vec<_> = takes.iter().map(|action| format!("`{action}`")).collect();
            let given = self.action;
            return Some(format!("a gate of kind `{kind}` takes {}, not `{given}`", words.join(" or ")));
        }
        let approves = kind == GateKind::Approval && self.action == Action::Approve;
        if !approves && self.arguments.is_some() {
            return Some("other arguments come with the approval of a tool call alone".into());
        }
        let is_object = |text: &String| serde_json::from_str::<Map<String, Value>>(text).is_ok();
        if !self.arguments.iter().all(is_object) {
            return Some("`arguments` is not a JSON object".into());
        }
        if !approves && self.remember {
            return Some("only the approval of a tool call can be remembered".into());
        }
        let says = self.message.as_deref().is_some_and(|message| !message.trim().is_empty());
        (self.action == Action::Answer && !says).then(|| "an answer needs a `message`".into())
    }
}

struct Giving {
    tenant: TenantId,
    gate: GateId,
    answer: Answer,
    wake: Option<Demand>,
}

impl Giving {
    fn give(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        news: &mut News,
    ) -> Result<Result<GateRow, Unanswered>, Fault> {
        let Some(gate) = pen.gate(&self.tenant, self.gate)? else { return Ok(Err(Unanswered::NoSuchGate)) };
        let key = RunKey { tenant: self.tenant.clone(), run: gate.run };
        // What the deadline brings counts from its moment on, though the timer may be a moment late.
        if gate.is_open() && gate.deadline.is_some_and(|deadline| deadline <= now) {
            let line = pen.expire_gate(&key, &gate.hash, now)?;
            news.extend(line.map(|seq| (key, seq)));
            let expired = pen.gate(&self.tenant, self.gate)?.unwrap_or(gate);
            return Ok(Err(Unanswered::Settled(Box::new(expired))));
        }
        if !gate.is_open() {
            return Ok(Err(Unanswered::Settled(Box::new(gate))));
        }
        if let Some(message) = self.answer.unfit(&gate) {
            return Ok(Err(Unanswered::Unfit { message }));
        }
        if gate.kind == GateKind::Input {
            let text = self.answer.message.clone().unwrap_or_default();
            let parts = json!([{ "type": "text", "text": text }]).to_string();
            put(pen, &key, &self.answer.by, (&parts, &text), now, news)?;
        }
        let settled = self.settled(&gate, now);
        if let (Some(shape), Some(part)) = (&settled.remembered, pen.conversation(&key)?) {
            pen.allow(&self.tenant, part.session, (shape, &settled.by), now)?;
        }
        let action = settled.action;
        pen.settle_gate(&self.tenant, self.gate, action.state(), &settled)?;
        let line = lines::settled(self.gate, action.as_str(), &settled.by, settled.message.as_deref());
        news.push(lines::append_of(pen, &key, &gate.step, now, line)?);
        self.wake = Some(wake(key, &gate, &self.answer.by));
        Ok(Ok(GateRow { state: action.state(), settled: Some(settled), ..gate }))
    }

    fn settled(&self, gate: &GateRow, now: Timestamp) -> GateSettled {
        let Answer { action, by, arguments, message, remember } = &self.answer;
        GateSettled {
            action: *action,
            by: by.clone(),
            message: message.clone(),
            executed: arguments.clone(),
            remembered: gate.shape.clone().filter(|_| *remember),
            at: now,
        }
    }
}

impl Work for Giving {
    type Outcome = Result<GateRow, Unanswered>;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Self::Outcome, Fault> {
        self.give(pen, now, news)
    }

    fn demands(&mut self) -> Vec<Demand> {
        self.wake.take().into_iter().collect()
    }
}

/// Lets the run that waits at the gate go on; one that has not come to wait yet finds the answer.
pub(crate) fn wake(key: RunKey, gate: &GateRow, by: &str) -> Demand {
    let id = RequestId::from_cause(format!("gate/{}", gate.id()));
    let ask = Ask::AnswerGate { gate: gate.hash };
    Demand::Ask { key, request: Box::new(Request { id, by: Principal::User(by.to_owned()), ask }) }
}

#[cfg(test)]
mod tests;
