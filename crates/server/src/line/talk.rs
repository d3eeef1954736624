//! What the worker of a conversation asks, passed on to the broker: from the words of the line to those of the boundary.

use mainspring_api::worker::{
    Concluded, Conclusion, Incoming, Recalled, Receipt, Ticket, ToolDecision, ToolEnd, ToolIntent,
    ToolOutcome, ToolSettlement,
};
use mainspring_boundary::{
    broker::{Broker, Decision, End, Permit, Settled, Wanted},
    conversation,
};
use mainspring_types::{Code, Problem};
use serde_json::value::RawValue;

/// Where the conversation stands; `None` when the attempt no longer counts.
pub(super) async fn recall(broker: &Broker, ticket: &Ticket) -> Result<Option<Recalled>, Problem> {
    let recalled = broker.recall(ticket.nonce).await.map_err(|fault| fault.to_problem())?;
    let Some(conversation::Recalled { history, next_turn, inbox, done }) = recalled else { return Ok(None) };
    Ok(Some(Recalled { history, next_turn, inbox: heard(inbox)?, done }))
}

pub(super) async fn intend(broker: &Broker, intent: ToolIntent) -> Result<ToolDecision, Problem> {
    let ToolIntent { ticket, position, tool, arguments, unsure, refused } = intent;
    let wanted = Wanted { position, tool, arguments: arguments.get().to_owned(), unsure, refused };
    let decision = broker.intend(ticket.nonce, wanted).await.map_err(|fault| fault.to_problem())?;
    Ok(match decision {
        Decision::Run(permit) => {
            let idempotency_key = permit.idempotency_key();
            let Permit { effect, number, arguments } = permit;
            ToolDecision::Run { effect, number, idempotency_key, arguments: raw(arguments)? }
        }
        Decision::Probe(permit) => {
            let idempotency_key = permit.idempotency_key();
            let Permit { effect, number, arguments } = permit;
            ToolDecision::Probe { effect, number, idempotency_key, arguments: raw(arguments)? }
        }
        Decision::Recorded { effect, text, error } => {
            ToolDecision::Recorded { effect, outcome: ToolOutcome { text, error } }
        }
        Decision::Gate { gate, deadline } => ToolDecision::Gate { gate, deadline },
        Decision::Child(child) => ToolDecision::Child { child },
        Decision::Interrupted { begun } => ToolDecision::Interrupted { begun },
        Decision::Abandon => ToolDecision::Abandon {},
    })
}

pub(super) async fn settle(broker: &Broker, settlement: ToolSettlement) -> Result<Receipt, Problem> {
    let ToolSettlement { ticket, effect, number, end, elapsed_ms } = settlement;
    let end = match end {
        ToolEnd::Returned(ToolOutcome { text, error }) => End::Returned { text, error },
        ToolEnd::Failed { message } => End::Failed { message },
        ToolEnd::Unknown { message } => End::Unknown { message },
        ToolEnd::NotDone {} => End::NotDone,
    };
    let settled = broker.settle(ticket.nonce, (effect, number), end, elapsed_ms).await;
    Ok(match settled.map_err(|fault| fault.to_problem())? {
        Settled::Written => Receipt::Recorded,
        Settled::Abandoned => Receipt::Abandon,
    })
}

pub(super) async fn conclude(broker: &Broker, conclusion: Conclusion) -> Result<Concluded, Problem> {
    let Conclusion { ticket, turn, messages, text } = conclusion;
    let turn = conversation::Turn { number: turn, messages, text };
    let concluded = broker.conclude(ticket.nonce, turn).await.map_err(|fault| fault.to_problem())?;
    Ok(match concluded {
        conversation::Concluded::Messages(messages) => Concluded::Messages(heard(messages)?),
        conversation::Concluded::Next => Concluded::Next {},
        conversation::Concluded::Over => Concluded::Over {},
        conversation::Concluded::Gate { gate, deadline } => Concluded::Gate { gate, deadline },
        conversation::Concluded::Abandon => Concluded::Abandon {},
    })
}

fn heard(messages: Vec<conversation::Incoming>) -> Result<Vec<Incoming>, Problem> {
    let heard = |message: conversation::Incoming| Ok(Incoming { id: message.id, parts: raw(message.parts)? });
    messages.into_iter().map(heard).collect()
}

fn raw(document: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(document)
        .map_err(|error| Problem::new(Code::DataCorrupt, "read what was recorded").because(&error))
}
