//! One turn: what is due is done, what happened is told, until the turn is over or has to wait.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use mainspring_api::{
    run::Level,
    worker::{Concluded, Conclusion, End, Note, Order, Ticket, Wait},
};
use mainspring_runtimes::default::{
    Action, Broken, Happening, Message, ModelRequest, Position, Turn, TurnEnd,
};
use mainspring_types::{Code, Problem};
use tokio_util::sync::CancellationToken;

use super::{clock::Clock, deltas::Deltas, kit::Kit, model::Gateway, speech};
use crate::{execute::Control, link::Link};

/// Takes the turns of one attempt.
pub(super) struct Turns {
    pub(super) ticket: Ticket,
    pub(super) link: Link,
    pub(super) gateway: Arc<Gateway>,
    pub(super) kit: Arc<Kit>,
    pub(super) control: Control,
}

/// What became of a turn.
pub(super) enum Taken {
    /// It is over.
    Over(TurnEnd),
    /// The attempt ends before the turn does.
    Stopped(End),
}

/// What comes back from what is under way.
pub(super) enum Flown {
    /// The loop is to know.
    Happened(Happening),
    /// A call waits for something outside.
    Waits(Position, Wait),
    /// The attempt no longer counts.
    Gone,
    /// What was under way cannot go on.
    Failed(Problem),
}

type Flights = FuturesUnordered<BoxFuture<'static, Flown>>;

impl Turns {
    /// Takes one turn.
    pub(super) async fn take(
        &mut self,
        number: u32,
        history: Vec<Message>,
        incoming: Vec<Message>,
    ) -> Result<Taken, Problem> {
        let brief = self.kit.brief(number, &self.control.scribe()).await;
        let mut clock = Clock::begin(self.kit.assistant().bounds.turn_timeout);
        let mut turn = Turn::begin(brief, history, number, incoming);
        let (mut flights, cancel) = (Flights::new(), CancellationToken::new());
        let mut waits: BTreeMap<Position, Wait> = BTreeMap::new();
        loop {
            for action in turn.due() {
                if let Some(ended) = self.begin(action, number, &flights, &cancel) {
                    return Ok(Taken::Over(ended));
                }
            }
            if flights.is_empty() {
                // Nothing is under way but what is waited for.
                let (_, wait) = waits.pop_first().expect("a turn waits for what it began");
                return Ok(Taken::Stopped(End::Parked { wait }));
            }
            tokio::select! {
                Some(flown) = flights.next() => match flown {
                    Flown::Happened(happening) => turn.on(happening),
                    Flown::Waits(position, wait) => drop(waits.insert(position, wait)),
                    Flown::Gone => return Ok(Taken::Stopped(End::Aborted {})),
                    Flown::Failed(problem) => return Err(problem),
                },
                order = self.control.order() => match order {
                    Order::Continue => clock.go_on(),
                    Order::Hold => clock.hold(),
                    Order::Cancel(Level::Interrupt) => {
                        land(&mut flights, &cancel).await;
                        turn.on(Happening::Interrupted);
                    }
                    Order::Cancel(_) | Order::Abandon => {
                        land(&mut flights, &cancel).await;
                        return Ok(Taken::Stopped(End::Aborted {}));
                    }
                },
                () = clock.over() => {
                    land(&mut flights, &cancel).await;
                    return Err(self.out_of_time());
                }
            }
        }
    }

    /// Begins what is due; the end of the turn when that is what is due.
    fn begin(
        &self,
        action: Action,
        turn: u32,
        flights: &Flights,
        cancel: &CancellationToken,
    ) -> Option<TurnEnd> {
        match action {
            Action::Ask { step, request } => {
                let deltas = Deltas::new(self.control.scribe(), turn, step);
                let gateway = Arc::clone(&self.gateway);
                flights.push(Box::pin(ask(gateway, (step, request), deltas, cancel.clone())));
            }
            Action::Call { position, call } => {
                let (kit, link) = (Arc::clone(&self.kit), self.link.clone());
                flights.push(Box::pin(kit.call(link, self.ticket.clone(), (position, call), cancel.clone())));
            }
            Action::Remark(remark) => self.remark(remark.kind.as_str(), &remark.message),
            Action::Finish(ended) => return Some(*ended),
        }
        None
    }

    /// Writes the turn down, if one was taken, and says what follows.
    pub(super) async fn conclude(
        &self,
        turn: u32,
        taken: Vec<u64>,
        ended: Option<&TurnEnd>,
    ) -> Result<Concluded, Problem> {
        let conclusion = Conclusion {
            ticket: self.ticket.clone(),
            turn,
            messages: ended.map(|ended| speech::kept(&ended.messages)).unwrap_or_default(),
            taken,
            text: ended.map(|ended| ended.text.clone()).unwrap_or_default(),
        };
        self.link.conclude(conclusion).await
    }

    pub(super) fn remark(&self, kind: &str, message: &str) {
        self.control.progress(Note::Remark { kind: kind.to_owned(), message: message.to_owned() });
    }

    fn out_of_time(&self) -> Problem {
        let limit = self.kit.assistant().bounds.turn_timeout;
        Problem::new(Code::ExecutionTimeout, format!("the turn took longer than its {} s", limit.as_secs()))
            .suggest("raise `turn_timeout` among the agent's limits, or give it less to do at once")
    }
}

/// Ends what is under way: the provider hears the hang-up, tools are killed, and what became of them is written down.
async fn land(flights: &mut Flights, cancel: &CancellationToken) {
    cancel.cancel();
    while flights.next().await.is_some() {}
}

async fn ask(
    gateway: Arc<Gateway>,
    (step, request): (u32, Box<ModelRequest>),
    mut deltas: Deltas,
    cancel: CancellationToken,
) -> Flown {
    let answer = tokio::select! {
        answer = gateway.ask(&request, &mut deltas) => answer,
        () = cancel.cancelled() => Err(Broken::Truncated),
    };
    match answer {
        Err(Broken::Refused { code: Some(code), .. }) if code == Code::TokenRefused.as_str() => Flown::Gone,
        answer => Flown::Happened(Happening::Answered { step, answer }),
    }
}
