//! Answers to agents: from the journal, from a flight, or ours.

use std::{convert::Infallible, io, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{Response, body::Frame};
use mainspring_types::{Code, EffectId};

use super::{
    Order, Shared,
    flight::{Beginning, Listener, Next},
    head::Head,
};
use crate::{
    Pass,
    journal::Delivery,
    refusal::{self, Kind},
    route::Route,
};

/// A body for an agent. It breaks off, without an end, when its answer did.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The answer as it was recorded.
pub(super) fn recorded(
    shared: &Arc<Shared>,
    pass: &Pass,
    effect: EffectId,
    head: &Head,
    body: Bytes,
) -> Response<Body> {
    let receipt = Receipt { shared: Arc::clone(shared), pass: pass.clone(), effect };
    let is_cut = head.cut.is_some();
    let whole = stream::iter([body]).map(move |body| {
        if !is_cut {
            receipt.delivered();
        }
        Ok(Frame::data(body))
    });
    let end = stream::iter(is_cut.then_some(())).then(|()| async { Err(broken_off().await) });
    respond(head, StreamBody::new(whole.chain(end)).boxed_unsync(), Some((effect, "true")))
}

/// The answer as it comes.
pub(super) async fn live(shared: &Arc<Shared>, pass: &Pass, listener: Listener) -> Response<Body> {
    let effect = listener.effect();
    let receipt = Receipt { shared: Arc::clone(shared), pass: pass.clone(), effect };
    // From here on a hang-up is heard, before the first byte as well as after it.
    let mut listening = Listening { listener, receipt };
    match listening.listener.beginning().await {
        Beginning::Head(head) => {
            let pieces = stream::unfold(listening, |mut listening| async move {
                let piece = match listening.listener.next().await {
                    Next::Piece(piece) => Ok(Frame::data(piece)),
                    Next::Cut => Err(broken_off().await),
                    Next::End => return None,
                };
                listening.note();
                Some((piece, listening))
            });
            respond(&head, StreamBody::new(pieces).boxed_unsync(), Some((effect, "false")))
        }
        Beginning::Instead(head, body) => {
            listening.receipt.delivered();
            respond(&head, whole(body), Some((effect, "false")))
        }
        Beginning::Cut => {
            let broken = stream::once(async { Err(broken_off().await) });
            respond(&Head::ours(502), StreamBody::new(broken).boxed_unsync(), Some((effect, "false")))
        }
    }
}

/// A refusal of ours, in the shape of the provider that the agent believes it speaks to.
pub(super) fn refuse(
    route: Option<&Route>,
    status: u16,
    kind: Kind,
    code: Code,
    message: &str,
) -> Response<Body> {
    let body = refusal::body(route, status, kind, code.as_str(), message);
    respond(&Head::refusing(status), whole(body.into()), None)
}

/// What breaks an agent's connection; what it was sent before is written out first.
async fn broken_off() -> io::Error {
    tokio::task::yield_now().await;
    io::Error::other("the answer broke off")
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never: Infallible| match never {}).boxed_unsync()
}

fn respond(head: &Head, body: Body, effect: Option<(EffectId, &str)>) -> Response<Body> {
    let mut response = Response::builder().status(head.status);
    for (name, value) in &head.headers {
        response = response.header(name, value);
    }
    if let Some((effect, replayed)) = effect {
        response = response.header("x-mainspring-effect", effect.to_string());
        response = response.header("x-mainspring-replayed", replayed);
    }
    response.body(body).unwrap_or_else(|_| {
        // A recorded header that HTTP no longer takes: the agent gets what we can still say.
        let mut bare = Response::new(whole(Bytes::from_static(b"{}")));
        *bare.status_mut() = hyper::StatusCode::BAD_GATEWAY;
        bare
    })
}

/// Notes that the agent got all of an answer.
struct Receipt {
    shared: Arc<Shared>,
    pass: Pass,
    effect: EffectId,
}

impl Receipt {
    fn delivered(&self) {
        let (key, attempt) = (self.pass.key.clone(), self.pass.attempt);
        self.shared.ledger.deliveries.note(Delivery { key, attempt, effect: self.effect });
    }
}

/// A listener whose hang-up is noticed.
struct Listening {
    listener: Listener,
    receipt: Receipt,
}

impl Listening {
    /// The last piece is handed over: what the connection still holds back, it will send.
    fn note(&mut self) {
        if self.listener.is_done() {
            self.receipt.delivered();
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let Receipt { shared, pass, .. } = &self.receipt;
        if shared.warden.order(pass) != Order::GoOn {
            self.listener.desert();
        }
    }
}
