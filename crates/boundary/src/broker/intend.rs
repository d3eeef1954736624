//! Intents: what a call becomes, decided and written in one transaction before anything is done.

mod close;
mod task;
mod write;

use std::sync::Arc;

use mainspring_agent::{BuiltIn, Pattern, Policy, Ruling, Toolset};
use mainspring_store::{Candidate, Demand, EffectState, Fault, GateRow, News, Pen, Recorded, RunKey};
use mainspring_types::{EffectId, GateId, Hash, Hasher, Timestamp};
use serde_json::Value;

use self::close::Closing;
use super::{
    Charter, Decision,
    decide::{Kind, Known, Step, decide},
    lines,
    question::{Asking, doubt_of, gate_of, refusal},
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
    /// Why the agent has no tool for it, as it is told: the call is not made.
    pub refused: Option<String>,
}

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
        let held = pen.holds(&pass.key, &pass.step, (pass.attempt, pass.nonce))?;
        // Nothing is begun once the run was told to end, whoever has not heard of it yet.
        if !held || pen.is_stopping(&pass.key)? {
            return Ok(Decided::Now(Decision::Abandon));
        }
        let candidates = pen.candidates(&pass.key, &pass.step, pass.attempt, &self.identity())?;
        let effect = candidates.last();
        let tenant = &pass.key.tenant;
        let gate = pen.gate(tenant, GateId::of(&gate_of(pass, &self.key)))?;
        let doubt = match effect {
            Some(effect) => pen.gate(tenant, GateId::of(&doubt_of(pass, &self.key, effect.tries)))?,
            None => None,
        };
        // What is judged is what would be executed, not what was asked for.
        let executed = gate.as_ref().and_then(|gate| gate.settled.as_ref()?.executed.as_deref());
        let arguments = executed.unwrap_or(&self.wanted.arguments);
        let arguments: Value = serde_json::from_str(arguments).unwrap_or(Value::Null);
        let ruling = match &self.wanted.refused {
            Some(why) => Ruling::not_granted(why.clone()),
            None => self.rule(pen, &arguments)?,
        };
        let known = Known {
            effect,
            told: effect.map_or(Ok(false), |effect| told(pen, &pass.key, effect))?,
            gate: gate.as_ref(),
            doubt: doubt.as_ref(),
            verdict: ruling.verdict,
            class: ruling.class,
            kind: self.kind(),
            owner: self.owner,
        };
        let step = decide(&known);
        if pen.is_interrupted(&pass.key)? && step.is_new() {
            return Ok(Decided::Now(Decision::Interrupted { begun: effect.is_some() }));
        }
        match (step, effect) {
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
            (Step::Begin { executed }, _) if self.kind() == Kind::Task => {
                self.bear(pen, now, (executed, arguments), news)
            }
            (Step::Begin { executed }, _) => self.begin(pen, now, (executed, ruling.class), news),
            (Step::GoOn, Some(effect)) => Ok(Decision::Run(self.permit(pen, effect)?)),
            (Step::Again, Some(effect)) => self.again(pen, now, (effect, ruling.class), news),
            (Step::Probe, Some(effect)) => {
                self.adopt(pen, now, effect, news)?;
                Ok(Decision::Probe(self.permit(pen, effect)?))
            }
            (Step::Doubt, Some(effect)) => {
                self.adopt(pen, now, effect, news)?;
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
            (Step::Deny, effect) => {
                let closing = Closing::Denied { why: &ruling.why, rule: ruling.rule.as_deref() };
                self.close(pen, now, effect, closing, news)
            }
            (Step::Refuse { gate, settled }, effect) => {
                let text = refusal(gate.kind, settled);
                let closing = match effect {
                    None => Closing::Refused(&text),
                    Some(_) => Closing::Left(&text),
                };
                self.close(pen, now, effect, closing, news)
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

/// Whether it is recorded what the agent was told of a call that nobody knows the end of.
fn told(pen: &Pen<'_>, key: &RunKey, effect: &Candidate) -> Result<bool, Fault> {
    let unknown = effect.state == EffectState::Unknown;
    Ok(unknown && pen.called(key, effect.id)?.is_some_and(|called| called.told))
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
