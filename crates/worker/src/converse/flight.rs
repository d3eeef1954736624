//! What is under way for a turn: the model that is asked, the tools that are called, and what waits.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use mainspring_api::worker::Wait;
use mainspring_runtimes::default::{Broken, Happening, ModelRequest, Position, Turn};
use mainspring_types::{Code, Problem};
use tokio::time::sleep;

use super::{
    brake::{Brake, Why},
    clock::Clock,
    deltas::Deltas,
    model::Gateway,
};

/// How long tools may go on when their worker leaves: a call that ends is worth more than one that has to be asked about.
const GRACE: Duration = Duration::from_secs(1);

/// What comes back from what is under way.
pub(super) enum Flown {
    /// The loop is to know.
    Happened(Happening),
    /// A call waits for something outside.
    Waits(Position, Wait),
    /// A call is left to the attempt that comes next.
    Left,
    /// A person broke the turn off: what was asked for would be new. A call that was never begun has come to what is
    /// said here.
    Interrupted(Option<Happening>),
    /// The attempt was refused: it no longer counts, or it was told to end and has not heard of it yet. The order says
    /// which of the two.
    Gone,
    /// What was under way cannot go on.
    Failed(Problem),
}

/// A turn and what is under way for it.
pub(super) struct Flight {
    pub(super) turn: Turn,
    pub(super) number: u32,
    pub(super) clock: Clock,
    pub(super) flying: FuturesUnordered<BoxFuture<'static, Flown>>,
    pub(super) waits: BTreeMap<Position, Wait>,
    pub(super) brake: Arc<Brake>,
    /// The step that was asked last.
    pub(super) asked: u32,
    /// What the model has not answered yet.
    pub(super) asking: Option<(u32, Box<ModelRequest>)>,
    /// A person broke the turn off: it takes in what is recorded of it, and begins nothing new.
    pub(super) interrupted: bool,
}

impl Flight {
    pub(super) fn begin(turn: Turn, number: u32, clock: Clock) -> Self {
        let (flying, waits, brake) = (FuturesUnordered::new(), BTreeMap::new(), Arc::default());
        Self { turn, number, clock, flying, waits, brake, asked: 0, asking: None, interrupted: false }
    }

    pub(super) fn ask(&mut self, gateway: &Arc<Gateway>, asked: (u32, Box<ModelRequest>), deltas: Deltas) {
        self.asking = Some(asked.clone());
        self.flying.push(Box::pin(ask(Arc::clone(gateway), asked, deltas, Arc::clone(&self.brake))));
    }

    pub(super) fn on(&mut self, happening: Happening) {
        if let Happening::Answered { .. } = happening {
            self.asking = None;
        }
        self.turn.on(happening);
    }

    /// Ends what is under way; from now on things are only looked up, which nobody has to brake.
    pub(super) async fn interrupt(&mut self) {
        self.interrupted = true;
        self.land(Why::Over).await;
        self.brake = Arc::default();
    }

    /// Ends what is under way: models are hung up on, tools are killed, and what became of them is written down.
    ///
    /// What has happened until then counts: an answer that is there is not asked for again.
    pub(super) async fn land(&mut self, why: Why) {
        self.brake.halt(why);
        let grace = sleep(if why == Why::Handover { GRACE } else { Duration::ZERO });
        tokio::pin!(grace);
        loop {
            tokio::select! {
                biased;
                flown = self.flying.next() => match flown {
                    None => return,
                    // We hung up ourselves: that is no answer that broke off.
                    Some(Flown::Happened(Happening::Answered { answer: Err(_), .. })) => {}
                    Some(Flown::Happened(happening) | Flown::Interrupted(Some(happening))) => self.on(happening),
                    Some(_) => {}
                },
                () = &mut grace, if !self.brake.killed().is_cancelled() => self.brake.kill(),
            }
        }
    }
}

async fn ask(
    gateway: Arc<Gateway>,
    (step, request): (u32, Box<ModelRequest>),
    mut deltas: Deltas,
    brake: Arc<Brake>,
) -> Flown {
    let answer = tokio::select! {
        answer = gateway.ask(&request, &mut deltas) => answer,
        () = brake.halted() => Err(Broken::Truncated),
    };
    match answer {
        Err(Broken::Refused { code: Some(code), .. }) if code == Code::TokenRefused.as_str() => Flown::Gone,
        Err(Broken::Refused { code: Some(code), .. }) if code == Code::Interrupted.as_str() => {
            Flown::Interrupted(None)
        }
        answer => Flown::Happened(Happening::Answered { step, answer }),
    }
}
