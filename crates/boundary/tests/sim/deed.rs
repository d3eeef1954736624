//! The laws of a deed: what has to hold at the moment a tool does something to the world.

use std::sync::Arc;

use mainspring_agent::{EffectClass, Pattern, Policy, Verdict};
use mainspring_boundary::broker::Permit;
use mainspring_store::{EffectRow, EffectState, GateRow, RunKey};
use mainspring_types::{EffectId, GateAction, GateKind};
use serde_json::Value;

use super::{
    laws::{Lawful, holds},
    tools::Made,
    universe::Universe,
};

impl Universe {
    /// What has to hold of a call at the moment it is made.
    pub(super) fn judge(&mut self, made: &Made, permit: &Permit) -> Lawful {
        let key = self.runs[&made.run].key.clone();
        let gates = self.server.see(|readers| readers.gates_of(&key));
        self.was_intended(&key, made, permit)?;
        self.is_allowed(&key, made, &gates)?;
        self.is_not_repeated(made, &gates)
    }

    fn was_intended(&self, key: &RunKey, made: &Made, permit: &Permit) -> Lawful {
        let effect = self.effect_of(key, made.effect);
        let about = || format!("{made:?}, by {permit:?}; it is {effect:?}");
        holds("what is done was intended", effect.is_some(), about)?;
        let abandoned = if self.runs[&made.run].ended { Some(EffectState::Abandoned) } else { None };
        let under_way = effect.as_ref().is_some_and(|effect| {
            let open = effect.state == EffectState::Intended || Some(effect.state) == abandoned;
            open && effect.tries == permit.number
        });
        holds("what is settled is not done again", under_way, about)
    }

    fn is_allowed(&mut self, key: &RunKey, made: &Made, gates: &[GateRow]) -> Lawful {
        let assistant = Arc::clone(&self.runs[&made.run].assistant);
        let verdict = |arguments: &str, remembered: &[Pattern]| {
            let arguments: Value = serde_json::from_str(arguments).expect("arguments are JSON");
            Policy::of(&assistant).rule(&made.tool, &arguments, remembered).verdict
        };
        let denied = verdict(&made.arguments, &[]) == Verdict::Deny;
        holds("what is denied is never done, whatever is remembered", !denied, || format!("{made:?}"))?;
        let remembered = self.server.read(|pen| match pen.conversation(key)? {
            Some(part) => pen.allowed(&key.tenant, part.session),
            None => Ok(Vec::new()),
        });
        let remembered: Vec<_> = remembered.iter().map(|text| text.parse().expect("a pattern")).collect();
        let gate = gates.iter().filter(|gate| gate.kind == GateKind::Approval).find(|gate| {
            gate.tool.as_ref() == Some(&made.tool) && gate.arguments.as_ref() == Some(&made.asked)
        });
        let settled = gate.and_then(|gate| gate.settled.as_ref());
        let may = match gate {
            Some(_) => settled.is_some_and(|settled| settled.action == GateAction::Approve),
            None => verdict(&made.asked, &remembered) == Verdict::Allow,
        };
        holds("what needs an approval is done once it is there", may, || format!("{made:?}; {gate:?}"))?;
        let approved = settled.and_then(|settled| settled.executed.as_ref()).unwrap_or(&made.asked);
        holds("what is done is what was approved", *approved == made.arguments, || {
            format!("{made:?}; {gate:?}")
        })
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
            .filter(|gate| gate.kind == GateKind::Unknown && gate.effect == Some(made.effect))
            .filter(|gate| gate.settled.as_ref().is_some_and(|settled| settled.action == GateAction::Approve))
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
