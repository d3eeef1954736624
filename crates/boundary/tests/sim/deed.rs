//! The laws of a deed: what has to hold at the moment a tool does something to the world.

use std::sync::Arc;

use mainspring_agent::{EffectClass, Policy, Verdict};
use mainspring_boundary::broker::Permit;
use mainspring_store::{EffectRow, EffectState, GateRow, RunKey};
use mainspring_types::EffectId;
use serde_json::Value;

use super::{
    laws::{Lawful, holds},
    tools::Made,
    universe::Universe,
};

impl Universe {
    /// What has to hold of a call at the moment it is made.
    pub(super) fn judge(&mut self, made: &Made, permit: &Permit) -> Lawful {
        let known = &self.runs[&made.run];
        let (key, ended) = (known.key.clone(), known.ended);
        let assistant = Arc::clone(&known.assistant);
        let about = || format!("{made:?}, by {permit:?}");
        let effect = self.effect_of(&key, made.effect);
        holds("what is done was intended", effect.is_some(), about)?;
        let effect = effect.expect("it is there");
        let open = effect.state == EffectState::Intended || (ended && effect.state == EffectState::Abandoned);
        holds("what is settled is not done again", open && effect.tries == permit.number, || {
            format!("{}; it is {effect:?}", about())
        })?;
        let asked: Value = serde_json::from_str(&made.asked).expect("arguments are JSON");
        let gates = self.server.see(|readers| readers.gates_of(&key));
        let remembered = self.server.read(|pen| match pen.conversation(&key)? {
            Some(part) => pen.allowed(&key.tenant, part.session),
            None => Ok(Vec::new()),
        });
        let remembered: Vec<_> = remembered.iter().map(|text| text.parse().expect("a pattern")).collect();
        let verdict = Policy::of(&assistant).rule(&made.tool, &asked, &remembered).verdict;
        holds("what is denied is never done", verdict != Verdict::Deny, about)?;
        let of_call = |gate: &&GateRow| {
            gate.tool.as_ref() == Some(&made.tool) && gate.arguments.as_ref() == Some(&made.asked)
        };
        let approved =
            |gate: &GateRow| gate.settled.as_ref().is_some_and(|settled| settled.action == "approve");
        let gate = gates.iter().filter(of_call).find(|gate| gate.kind == "approval");
        let may = match gate {
            Some(gate) => approved(gate),
            None => verdict == Verdict::Allow,
        };
        holds("what needs an approval is done once it is there", may, || format!("{}; {gate:?}", about()))?;
        let executed = gate.and_then(|gate| gate.settled.as_ref()?.executed.clone());
        let same = executed.as_ref().unwrap_or(&made.asked) == &made.arguments;
        holds("what is done is what was approved", same, || format!("{}; {gate:?}", about()))?;
        self.is_not_repeated(made, &gates)
    }

    fn is_not_repeated(&self, made: &Made, gates: &[GateRow]) -> Lawful {
        let about = || format!("{made:?}");
        let of_call = |earlier: &&Made| earlier.run == made.run && earlier.position == made.position;
        let tries: Vec<_> =
            self.deeds.all().iter().filter(of_call).filter(|earlier| earlier.asked == made.asked).collect();
        let key = tries.iter().all(|earlier| earlier.key == made.key && earlier.effect == made.effect);
        holds("every try of a call has its one key", key, about)?;
        let others = self.deeds.all().iter().find(|earlier| earlier.key == made.key && !of_call(earlier));
        holds("no two calls share a key", others.is_none(), || format!("{}, {others:?}", about()))?;
        let approved = gates
            .iter()
            .filter(|gate| gate.kind == "unknown" && gate.effect == Some(made.effect))
            .filter(|gate| gate.settled.as_ref().is_some_and(|settled| settled.action == "approve"))
            .count();
        let repeatable = made.class <= EffectClass::Idempotent;
        holds(
            "what cannot be repeated is done once, or because a person said so",
            repeatable || tries.len() <= approved,
            || format!("{}: done {} times before, approved again {approved} times", about(), tries.len()),
        )
    }

    fn effect_of(&self, key: &RunKey, effect: EffectId) -> Option<EffectRow> {
        let before = EffectId::from_u128(effect.as_u128() - 1);
        let found = self.server.see(|readers| readers.effects(key, Some(before), 1)).pop();
        found.filter(|found| found.id == effect)
    }
}
