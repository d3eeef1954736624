//! Intents: what a call becomes, decided and written in one transaction before anything is done.

mod write;

use std::sync::Arc;

use mainspring_agent::{BuiltIn, Pattern, Policy, Ruling, Toolset};
use mainspring_store::{Candidate, Demand, Fault, GateRow, GateSettled, News, Pen, Recorded};
use mainspring_types::{EffectId, GateId, Hash, Hasher, Timestamp};
use serde_json::Value;

use super::{
    Charter, Decision,
    decide::{Kind, Known, Step, decide},
    lines,
    question::{Asking, doubt_of, gate_of},
};
use crate::{Pass, work::Work};

/// A call that an agent wants to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Where it stands in the conversation: the same call of a repeated attempt stands at the same place.
    pub position: String,
    /// The tool, by the name the model used.
    pub tool: String,
    /// The arguments, a JSON object as the model wrote it.
    pub arguments: String,
    /// What the tool said when it was asked about a try that broke off, and could not tell.
    pub unsure: Option<String>,
}

use self::write::Closing;

/// Asks the journal and the rules what a call is.
pub(super) struct Intend {
    pass: Pass,
    charter: Arc<Charter>,
    wanted: Wanted,
    key: Hash,
    owner: u128,
    demands: Vec<Demand>,
}

/// What was decided, as far as it is known inside the transaction.
#[derive(Debug)]
pub(super) enum Decided {
    Now(Decision),
    /// What is recorded, still packed.
    Replay(EffectId, Recorded),
}

impl Intend {
    pub(super) fn new(pass: Pass, charter: Arc<Charter>, wanted: Wanted, owner: u128) -> Self {
        let key = key_of(&wanted);
        Self { pass, charter, wanted, key, owner, demands: Vec::new() }
    }

    fn decide(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Decided, Fault> {
        let pass = &self.pass;
        if !pen.holds(&pass.key, &pass.step, (pass.attempt, pass.nonce))? {
            return Ok(Decided::Now(Decision::Abandon));
        }
        let arguments: Value = serde_json::from_str(&self.wanted.arguments).unwrap_or(Value::Null);
        let ruling = self.rule(pen, &arguments)?;
        let candidates = pen.candidates(&pass.key, &pass.step, pass.attempt, &self.identity())?;
        let effect = candidates.last();
        let tenant = &pass.key.tenant;
        let gate = pen.gate(tenant, GateId::of(&gate_of(pass, &self.key)))?;
        let doubt = match effect {
            Some(effect) => pen.gate(tenant, GateId::of(&doubt_of(pass, &self.key, effect.tries)))?,
            None => None,
        };
        let known = Known {
            effect,
            gate: gate.as_ref(),
            doubt: doubt.as_ref(),
            verdict: ruling.verdict,
            class: ruling.class,
            kind: self.kind(),
            owner: self.owner,
        };
        match (decide(&known), effect) {
            (Step::Replay, Some(effect)) => self.replay(pen, now, effect, news),
            (Step::Await, Some(effect)) => self.wait_for_child(pen, now, effect, news),
            (step, effect) => {
                self.carry_out(pen, now, (step, effect), (&ruling, &arguments), news).map(Decided::Now)
            }
        }
    }

    fn carry_out(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (step, effect): (Step<'_>, Option<&Candidate>),
        (ruling, arguments): (&Ruling, &Value),
        news: &mut News,
    ) -> Result<Decision, Fault> {
        match (step, effect) {
            (Step::Begin { .. }, _) if self.kind() == Kind::Task => self.bear(pen, now, arguments, news),
            (Step::Begin { executed }, _) => self.begin(pen, now, (executed, ruling.class), news),
            (Step::GoOn, Some(effect)) => Ok(Decision::Run(self.permit(pen, effect)?)),
            (Step::Again, Some(effect)) => self.again(pen, now, (effect, ruling.class), news),
            (Step::Probe, Some(effect)) => {
                self.lend(pen, effect)?;
                Ok(Decision::Probe(self.permit(pen, effect)?))
            }
            (Step::Doubt, Some(effect)) => {
                let gate = self.asking(now).doubt(
                    doubt_of(&self.pass, &self.key, effect.tries),
                    effect,
                    self.wanted.unsure.as_deref(),
                );
                self.open(pen, now, &gate, news)
            }
            (Step::Wait(gate), _) => Ok(waiting(gate)),
            (Step::Open, _) => {
                let hash = gate_of(&self.pass, &self.key);
                let gate = match self.kind() {
                    Kind::Question => self.asking(now).question(hash, arguments),
                    _ => self.asking(now).approval(hash, ruling, arguments),
                };
                self.open(pen, now, &gate, news)
            }
            (Step::Refuse { settled: None }, effect) => {
                let closing = Closing::Denied { why: &ruling.why, rule: ruling.rule.as_deref() };
                self.close(pen, now, effect, closing, news)
            }
            (Step::Refuse { settled: Some(settled) }, effect) => {
                self.close(pen, now, effect, Closing::Refused(&refusal(settled)), news)
            }
            (Step::Take { settled }, effect) => {
                let text = settled.message.as_deref().unwrap_or_default();
                self.close(pen, now, effect, Closing::Said { text, error: false }, news)
            }
            (Step::GoOn | Step::Again | Step::Probe | Step::Doubt | Step::Replay | Step::Await, _) => {
                unreachable!("each is decided of a call that was written down")
            }
        }
    }

    fn rule(&self, pen: &Pen<'_>, arguments: &Value) -> Result<Ruling, Fault> {
        let session = pen.conversation(&self.pass.key)?;
        let remembered = match session {
            Some(part) => pen.allowed(&self.pass.key.tenant, part.session)?,
            None => Vec::new(),
        };
        let remembered: Vec<Pattern> = remembered.iter().filter_map(|text| text.parse().ok()).collect();
        Ok(Policy::of(&self.charter.assistant).rule(&self.wanted.tool, arguments, &remembered))
    }

    fn kind(&self) -> Kind {
        match BuiltIn::find(&self.wanted.tool).map(|tool| tool.toolset) {
            Some(Toolset::AskUser) => Kind::Question,
            Some(Toolset::Task) => Kind::Task,
            Some(_) => Kind::Tool { probed: false },
            None => {
                let own = self.charter.assistant.tools.iter().find(|tool| tool.name == self.wanted.tool);
                let probed = own.is_some_and(|tool| tool.probe.is_some());
                Kind::Tool { probed: probed && self.wanted.unsure.is_none() }
            }
        }
    }
}

impl Intend {
    fn asking(&self, now: Timestamp) -> Asking<'_> {
        let policy = &self.charter.assistant.gates;
        Asking { pass: &self.pass, wanted: &self.wanted, policy, now }
    }

    fn open(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        gate: &GateRow,
        news: &mut News,
    ) -> Result<Decision, Fault> {
        pen.ask(&self.pass.key.tenant, gate)?;
        news.push(lines::append(pen, &self.pass, now, lines::opened(gate))?);
        Ok(waiting(gate))
    }
}

fn waiting(gate: &GateRow) -> Decision {
    Decision::Gate { gate: gate.hash, deadline: gate.deadline }
}

/// What the agent is told of a call that a person, or a deadline, refused.
fn refusal(settled: &GateSettled) -> String {
    let said = settled.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    match settled.by.as_str() {
        "deadline" => "nobody approved this call in time, so it was not made".to_owned(),
        by => format!("{by} denied this call{said}"),
    }
}

/// What a call is known by.
fn key_of(wanted: &Wanted) -> Hash {
    let mut hasher = Hasher::new();
    for field in [&wanted.position, &wanted.tool, &wanted.arguments] {
        hasher.field(field.as_bytes());
    }
    hasher.finish()
}

impl Work for Intend {
    type Outcome = Decided;

    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Decided, Fault> {
        self.decide(pen, now, news)
    }

    fn demands(&mut self) -> Vec<Demand> {
        std::mem::take(&mut self.demands)
    }
}
