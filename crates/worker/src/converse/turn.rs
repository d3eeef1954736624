//! One turn: what is due is done, what happened is told, until the turn is over or has to wait.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use mainspring_api::{
    run::Level,
    worker::{Concluded, Conclusion, End, Note, Order, Ticket},
};
use mainspring_runtimes::default::{Action, Brief, Happening, Message, Position, ToolCall, Turn, TurnEnd};
use mainspring_types::{Code, Problem};
use tokio::time::timeout;

use super::{
    brake::Why,
    clock::Clock,
    deltas::Deltas,
    flight::{Flight, Flown},
    kit::Kit,
    model::Gateway,
    speech,
};
use crate::{execute::Control, link::Link};

/// How long an order may take that was given: longer than the first heartbeat of an attempt.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

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

impl Turns {
    /// Takes one turn.
    pub(super) async fn take(
        &mut self,
        number: u32,
        history: Vec<Message>,
        incoming: Vec<Message>,
    ) -> Result<Taken, Problem> {
        let (brief, told) = self.brief(number).await;
        let clock = Clock::begin(self.kit.assistant().bounds.turn_timeout);
        let mut flight = Flight::begin(Turn::begin(brief, history, number, incoming), number, clock);
        if let Some(order) = told
            && let Some(end) = self.obey(order, &mut flight).await
        {
            return Ok(Taken::Stopped(end));
        }
        loop {
            for action in flight.turn.due() {
                if let Some(ended) = self.begin(action, &mut flight) {
                    return Ok(Taken::Over(ended));
                }
            }
            if flight.flying.is_empty() && flight.interrupted {
                flight.turn.on(Happening::Interrupted);
                continue;
            }
            if flight.flying.is_empty() {
                // Nothing is under way but what is waited for.
                let (_, wait) = flight.waits.pop_first().expect("a turn waits for what it began");
                return Ok(Taken::Stopped(End::Parked { wait }));
            }
            tokio::select! {
                Some(flown) = flight.flying.next() => match flown {
                    Flown::Happened(happening) => flight.on(happening),
                    Flown::Waits(position, wait) => drop(flight.waits.insert(position, wait)),
                    Flown::Interrupted(unmade) => {
                        if let Some(happening) = unmade {
                            flight.on(happening);
                        }
                        flight.interrupt().await;
                    }
                    // The run ends with the turn.
                    Flown::Gone if flight.interrupted => flight.land(Why::Over).await,
                    Flown::Gone => {
                        let order = timeout(TOLD_WITHIN, end_of(&mut self.control)).await;
                        if let Some(end) = self.obey(order.unwrap_or(Order::Abandon), &mut flight).await {
                            return Ok(Taken::Stopped(end));
                        }
                    }
                    Flown::Left => return Ok(Taken::Stopped(End::Aborted {})),
                    Flown::Failed(problem) => {
                        flight.land(Why::Over).await;
                        return Err(problem);
                    }
                },
                order = self.control.order() => {
                    if let Some(end) = self.obey(order, &mut flight).await {
                        return Ok(Taken::Stopped(end));
                    }
                }
                () = flight.clock.over() => {
                    flight.land(Why::Over).await;
                    flight.turn.on(Happening::Failed(self.out_of_time()));
                }
            }
        }
    }

    /// What the loop is told first; without the tools of servers that had not listed them when an order came.
    ///
    /// Of a repeated attempt something may be recorded, which an interruption does not take away: to find it, the loop
    /// has to be told the same as before.
    async fn brief(&mut self, number: u32) -> (Brief, Option<Order>) {
        let scribe = self.control.scribe();
        let is_first = self.ticket.attempt.0 <= 1;
        let brief = self.kit.brief(number, &scribe);
        tokio::pin!(brief);
        let mut told = None;
        loop {
            tokio::select! {
                brief = &mut brief => return (brief, told),
                order = end_of(&mut self.control) => {
                    told = Some(order);
                    if is_first || order != Order::Cancel(Level::Interrupt) {
                        return (Brief::of(self.kit.assistant(), Vec::new()), told);
                    }
                }
            }
        }
    }

    /// Does as told; says how the attempt ends, where it does.
    async fn obey(&self, order: Order, flight: &mut Flight) -> Option<End> {
        match order {
            Order::Continue => flight.clock.go_on(),
            Order::Hold => flight.clock.hold(),
            Order::Cancel(Level::Interrupt) => {
                flight.interrupt().await;
                self.look_up(flight);
            }
            Order::Cancel(_) => {
                let why = if self.control.is_leaving() { Why::Handover } else { Why::Over };
                flight.land(why).await;
                return Some(End::Aborted {});
            }
            Order::Abandon => return Some(End::Aborted {}),
        }
        None
    }

    /// What the model was asked when the turn was interrupted may be recorded: then it counts.
    fn look_up(&self, flight: &mut Flight) {
        if let Some((step, request)) = flight.asking.clone() {
            let deltas = Deltas::new(self.control.scribe(), flight.number, step).unheard();
            flight.ask(&self.gateway, (step, request), deltas);
        }
    }

    /// Begins what is due; the end of the turn when that is what is due.
    fn begin(&self, action: Action, flight: &mut Flight) -> Option<TurnEnd> {
        match action {
            Action::Ask { step, request } => {
                let mut deltas = Deltas::new(self.control.scribe(), flight.number, step);
                if std::mem::replace(&mut flight.asked, step) == step {
                    deltas.again();
                }
                flight.ask(&self.gateway, (step, request), deltas);
            }
            Action::Call { position, call } => self.call(flight, (position, call, None)),
            Action::Refuse { position, call, why } => self.call(flight, (position, call, Some(why))),
            Action::Remark(remark) => self.remark(remark.kind.as_str(), &remark.message),
            Action::Finish(ended) => return Some(*ended),
        }
        None
    }

    fn call(&self, flight: &mut Flight, asked: (Position, ToolCall, Option<String>)) {
        let (kit, link) = (Arc::clone(&self.kit), self.link.clone());
        let brake = Arc::clone(&flight.brake);
        flight.flying.push(Box::pin(kit.call(link, self.ticket.clone(), asked, brake)));
    }

    /// Writes the turn down, if one was taken, and says what follows.
    pub(super) async fn conclude(&self, turn: u32, ended: Option<&TurnEnd>) -> Result<Concluded, Problem> {
        let conclusion = Conclusion {
            ticket: self.ticket.clone(),
            turn,
            messages: ended.map(|ended| speech::kept(&ended.messages)).unwrap_or_default(),
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

/// Waits for an order to end: nothing is under way yet that could be held.
async fn end_of(control: &mut Control) -> Order {
    loop {
        match control.order().await {
            Order::Continue | Order::Hold => {}
            order => return order,
        }
    }
}
