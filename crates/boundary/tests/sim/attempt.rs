//! An attempt as its worker holds it: the loop of the default runtime, and what of it is under way.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use mainspring_agent::Assistant;
use mainspring_boundary::broker::{End, Permit};
use mainspring_core::{AttemptEnd, Wait};
use mainspring_engine::Assignment;
use mainspring_runtimes::default::{Action, Brief, Message, ModelRequest, Position, ToolCall, Turn, TurnEnd};
use mainspring_types::{AttemptNo, Hash, StepId, Value};

/// An attempt.
pub(super) struct Attempt {
    pub(super) run: String,
    pub(super) assignment: Assignment,
    pub(super) nonce: u64,
    pub(super) assistant: Arc<Assistant>,
    /// What was said in the turns before.
    pub(super) history: Vec<Message>,
    pub(super) stage: Stage,
}

/// How far it is.
pub(super) enum Stage {
    /// It knows nothing yet.
    Fresh,
    /// It takes a turn.
    Turning(Box<Turning>),
    /// It writes a turn down, if it took one, and asks what follows.
    Concluding { turn: u32, ended: Option<Box<TurnEnd>> },
    /// It reports its end.
    Over(AttemptEnd, Option<Value>),
}

/// A turn under way.
pub(super) struct Turning {
    pub(super) number: u32,
    pub(super) turn: Turn,
    /// What the model is to answer.
    pub(super) asking: Option<(u32, Box<ModelRequest>)>,
    pub(super) calls: BTreeMap<Position, Calling>,
    /// How often the model was asked the same in this attempt.
    pub(super) asked: HashMap<Hash, u32>,
    /// A person broke it off: it takes in what is recorded, and begins nothing new.
    pub(super) interrupted: bool,
}

/// A call under way.
pub(super) struct Calling {
    pub(super) call: ToolCall,
    /// Why there is no tool for it.
    pub(super) refused: Option<String>,
    /// What a probe said that could not tell.
    pub(super) unsure: Option<String>,
    pub(super) place: Place,
}

/// How far a call is.
#[derive(Clone)]
pub(super) enum Place {
    /// The broker is to decide.
    Wanted,
    /// It may be made.
    Allowed(Permit),
    /// It was made, and that is to be written down.
    Made(Permit, End),
    /// The tool is to be asked what became of a try.
    Probing(Permit),
    /// The tool said what became of a try, and that is to be written down.
    Found(Permit, End),
    /// Something outside is waited for.
    Waits(Wait),
}

impl Attempt {
    pub(super) fn step(&self) -> &StepId {
        &self.assignment.step
    }

    pub(super) fn number(&self) -> AttemptNo {
        self.assignment.attempt
    }

    /// Begins a turn.
    pub(super) fn begin(&self, number: u32, incoming: Vec<Message>) -> Box<Turning> {
        let brief = Brief::of(&self.assistant, Vec::new());
        Box::new(Turning {
            number,
            turn: Turn::begin(brief, self.history.clone(), number, incoming),
            asking: None,
            calls: BTreeMap::new(),
            asked: HashMap::new(),
            interrupted: false,
        })
    }
}

impl Turning {
    /// Takes up what is due; gives the end of the turn when that is what is due.
    pub(super) fn pump(&mut self) -> Option<Box<TurnEnd>> {
        let mut ended = None;
        for action in self.turn.due() {
            match action {
                Action::Ask { step, request } => self.asking = Some((step, request)),
                Action::Call { position, call } => self.want(position, (call, None)),
                Action::Refuse { position, call, why } => self.want(position, (call, Some(why))),
                Action::Remark(_) => {}
                Action::Finish(end) => ended = Some(end),
            }
        }
        ended
    }

    fn want(&mut self, position: Position, (call, refused): (ToolCall, Option<String>)) {
        self.calls.insert(position, Calling { call, refused, unsure: None, place: Place::Wanted });
    }

    /// A person broke the turn off: what waits, or is asked about, is left.
    pub(super) fn interrupt(&mut self) {
        self.interrupted = true;
        self.calls.retain(|_, calling| !matches!(calling.place, Place::Probing(_) | Place::Waits(_)));
    }

    /// The calls that something can be done about.
    pub(super) fn movable(&self) -> Vec<Position> {
        let movable = |(_, calling): &(&Position, &Calling)| !matches!(calling.place, Place::Waits(_));
        self.calls.iter().filter(movable).map(|(position, _)| *position).collect()
    }

    /// What the first call waits for that waits.
    pub(super) fn wait(&self) -> Option<Wait> {
        self.calls.values().find_map(|calling| match &calling.place {
            Place::Waits(wait) => Some(wait.clone()),
            _ => None,
        })
    }
}
