//! One tool call: asked for, made when the broker says so, and settled before the loop hears of it.

use std::{sync::Arc, time::Duration};

use mainspring_api::worker::{
    Receipt, Ticket, ToolDecision, ToolEnd, ToolIntent, ToolOutcome, ToolSettlement, Wait,
};
use mainspring_runtimes::default::{self as runtime, Happening, Position, ToolCall};
use mainspring_types::{EffectId, Problem};
use serde_json::{Value, value::RawValue};
use tokio::time::{Instant, sleep};

use super::{
    brake::{Brake, Why},
    flight::Flown,
    kit::Kit,
};
use crate::link::Link;

/// How long is waited before a call that changed nothing is made again; doubles with every try.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// One try of a call, as the broker allowed it.
struct Try {
    effect: EffectId,
    number: u32,
    key: String,
    arguments: Value,
}

impl Kit {
    /// Makes the call, or says what it waits for. One that is refused is written down and never made.
    pub(super) async fn call(
        self: Arc<Self>,
        link: Link,
        ticket: Ticket,
        (position, call, refused): (Position, ToolCall, Option<String>),
        brake: Arc<Brake>,
    ) -> Flown {
        let calling = Calling { kit: self, link, ticket, position, call, refused, brake };
        calling.make().await.unwrap_or_else(Flown::Failed)
    }
}

struct Calling {
    kit: Arc<Kit>,
    link: Link,
    ticket: Ticket,
    position: Position,
    call: ToolCall,
    /// Why the agent has no tool for it.
    refused: Option<String>,
    brake: Arc<Brake>,
}

impl Calling {
    async fn make(&self) -> Result<Flown, Problem> {
        let mut unsure = None;
        loop {
            match self.intend(unsure.take()).await? {
                ToolDecision::Recorded { outcome, .. } => return Ok(self.returned(outcome)),
                ToolDecision::Gate { gate, deadline } => {
                    return Ok(Flown::Waits(self.position, Wait::Gate { gate, deadline }));
                }
                ToolDecision::Child { child } => {
                    return Ok(Flown::Waits(self.position, Wait::Child { child }));
                }
                ToolDecision::Interrupted { begun: true } => return Ok(Flown::Interrupted(None)),
                ToolDecision::Interrupted { begun: false } => {
                    return Ok(Flown::Interrupted(Some(self.happened(unmade()))));
                }
                ToolDecision::Abandon {} => return Ok(Flown::Gone),
                ToolDecision::Run { effect, number, idempotency_key: key, arguments } => {
                    let begun = Try { effect, number, key, arguments: read(&arguments) };
                    if let Some(why) = self.brake.why() {
                        return self.leave(&begun, why).await;
                    }
                    if let Some(flown) = self.run(&begun).await? {
                        return Ok(flown);
                    }
                }
                ToolDecision::Probe { effect, number, idempotency_key: key, arguments } => {
                    let begun = Try { effect, number, key, arguments: read(&arguments) };
                    let found = tokio::select! {
                        found = self.kit.probe(&self.call.name, &begun.key, &begun.arguments) => found,
                        () = self.brake.halted() => return Ok(Flown::Left),
                    };
                    match found {
                        ToolEnd::Unknown { message } => unsure = Some(message),
                        // What was found is settled, and then is what is recorded.
                        found => drop(self.settle(&begun, found, Duration::ZERO).await?),
                    }
                }
            }
        }
    }

    async fn intend(&self, unsure: Option<String>) -> Result<ToolDecision, Problem> {
        let arguments = RawValue::from_string(self.call.arguments.to_string());
        self.link
            .intend(ToolIntent {
                ticket: self.ticket.clone(),
                position: self.position.to_string(),
                tool: self.call.name.clone(),
                arguments: arguments.expect("JSON is JSON"),
                unsure,
                refused: self.refused.clone(),
            })
            .await
    }

    /// Makes the call and settles it; nothing when only the broker can say what the agent is told of it.
    async fn run(&self, begun: &Try) -> Result<Option<Flown>, Problem> {
        let started = Instant::now();
        let end = match (self.until_made(begun).await, self.brake.why()) {
            // What was killed stays as open as if the worker had been killed with it: repeated, probed or asked about.
            (ToolEnd::Unknown { .. }, Some(Why::Handover)) if self.brake.killed().is_cancelled() => {
                return Ok(Some(Flown::Left));
            }
            (ToolEnd::Failed { .. }, Some(Why::Handover)) => {
                return self.leave(begun, Why::Handover).await.map(Some);
            }
            (end, _) => end,
        };
        let outcome = match &end {
            ToolEnd::Returned(outcome) => Some(outcome.clone()),
            ToolEnd::Failed { message } => Some(ToolOutcome { text: message.clone(), error: true }),
            ToolEnd::Unknown { .. } | ToolEnd::NotDone {} => None,
        };
        match self.settle(begun, end, started.elapsed()).await? {
            Receipt::Recorded => Ok(outcome.map(|outcome| self.returned(outcome))),
            Receipt::Abandon => Ok(Some(Flown::Gone)),
        }
    }

    /// Leaves a call that has not been made: nothing of this try took place.
    async fn leave(&self, begun: &Try, why: Why) -> Result<Flown, Problem> {
        let ToolOutcome { text, .. } = unmade();
        let end = match why {
            Why::Handover => ToolEnd::NotDone {},
            Why::Over if begun.number == 1 => ToolEnd::Failed { message: text.clone() },
            // Of the tries before, that is not known.
            Why::Over => ToolEnd::Unknown { message: text.clone() },
        };
        self.settle(begun, end, Duration::ZERO).await?;
        Ok(match why {
            Why::Handover => Flown::Left,
            Why::Over => self.returned(unmade()),
        })
    }

    /// Makes the call; one that is known to have changed nothing is made again, a few times.
    async fn until_made(&self, begun: &Try) -> ToolEnd {
        let killed = self.brake.killed();
        let mut wait = AGAIN_AFTER;
        for _ in 0..self.kit.assistant().bounds.tool_retries {
            let end = self.kit.run(&self.call.name, &begun.key, &begun.arguments, killed).await;
            if !matches!(end, ToolEnd::Failed { .. }) {
                return end;
            }
            tokio::select! {
                () = sleep(wait) => wait *= 2,
                () = self.brake.halted() => return end,
            }
        }
        self.kit.run(&self.call.name, &begun.key, &begun.arguments, killed).await
    }

    async fn settle(&self, begun: &Try, end: ToolEnd, elapsed: Duration) -> Result<Receipt, Problem> {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let Try { effect, number, .. } = *begun;
        let ticket = self.ticket.clone();
        self.link.settle(ToolSettlement { ticket, effect, number, end, elapsed_ms }).await
    }

    fn returned(&self, outcome: ToolOutcome) -> Flown {
        Flown::Happened(self.happened(outcome))
    }

    fn happened(&self, ToolOutcome { text, error }: ToolOutcome) -> Happening {
        let outcome = runtime::ToolOutcome { text, error };
        Happening::Returned { position: self.position, outcome }
    }
}

/// What the agent is told of a call that nothing came of.
fn unmade() -> ToolOutcome {
    let text = "the call was not made: the turn ended before it began".to_owned();
    ToolOutcome { text, error: true }
}

fn read(arguments: &RawValue) -> Value {
    serde_json::from_str(arguments.get()).unwrap_or_default()
}
