//! The tools, and the ledger of what they did to the world. It lies outside the server and survives everything.

use mainspring_agent::EffectClass;
use mainspring_boundary::broker::{End, Permit};
use mainspring_types::EffectId;

use super::prng::Prng;

/// What a tool was made to do.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The run.
    pub(super) run: String,
    /// Where the call stands in its conversation.
    pub(super) position: String,
    pub(super) tool: String,
    /// With what arguments.
    pub(super) arguments: String,
    /// With what arguments the agent had asked for it.
    pub(super) asked: String,
    pub(super) class: EffectClass,
    pub(super) effect: EffectId,
    pub(super) key: String,
}

/// Everything that was done to the world, in order.
#[derive(Default)]
pub(super) struct Deeds {
    made: Vec<Made>,
}

/// What becomes of a try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It takes place, and the tool says so.
    Returns,
    /// It takes place, and the tool complains.
    Complains,
    /// It does not take place, and the tool says so.
    Fails,
    /// It takes place, and nothing is heard of it.
    Breaks,
    /// It does not take place, and nothing is heard of it.
    BreaksBefore,
}

impl Deeds {
    pub(super) fn add(&mut self, made: Made) {
        self.made.push(made);
    }

    pub(super) fn all(&self) -> &[Made] {
        &self.made
    }

    /// Whether a call with that key took place.
    pub(super) fn has(&self, key: &str) -> bool {
        self.made.iter().any(|made| made.key == key)
    }

    /// Whether that call took place.
    pub(super) fn has_effect(&self, effect: EffectId) -> bool {
        self.made.iter().any(|made| made.effect == effect)
    }
}

/// What becomes of a try: it follows from the call.
pub(super) fn fate(seed: u64, tool: &str, class: EffectClass, permit: &Permit) -> Fate {
    let mut prng = Prng::about(seed, &["tool", tool, &permit.arguments]);
    let fate = prng.weigh(&[
        (85, Fate::Returns),
        (4, Fate::Complains),
        (4, Fate::Fails),
        (4, Fate::Breaks),
        (3, Fate::BreaksBefore),
    ]);
    match fate {
        // Whoever is asked what became of it says what the tool would have said.
        Fate::Complains if class > EffectClass::Idempotent => Fate::Returns,
        fate => fate,
    }
}

impl Fate {
    pub(super) fn takes_place(self) -> bool {
        matches!(self, Self::Returns | Self::Complains | Self::Breaks)
    }

    pub(super) fn end(self, tool: &str, arguments: &str) -> End {
        match self {
            Self::Returns => End::Returned { text: words(tool, arguments), error: false },
            Self::Complains => End::Returned { text: "it does not like it".into(), error: true },
            Self::Fails => End::Failed { message: "it could not begin".into() },
            Self::Breaks | Self::BreaksBefore => End::Unknown { message: "the line broke".into() },
        }
    }
}

/// What a tool says of a call that it made.
pub(super) fn words(tool: &str, arguments: &str) -> String {
    format!("{tool} did {arguments}")
}
