//! One request from the door to its answer.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hyper::{HeaderMap, Method, Request, Response, body::Incoming};
use mainspring_store::{Fault, Recorded};
use mainspring_types::{Code, EffectId, Problem, Timestamp};

use super::{
    Order, Shared,
    call::{Job, Unfit},
    deliver::{self, Body, refuse},
    flight::{Flight, Listener},
    fly::fly,
    head::Head,
    hold::Held,
    knock::Knock,
    read::{self, Unread},
    wait::{Turn, budget, gate, latest, looking_again, out_of_budget},
};
use crate::{
    Divergence, Pass,
    budget::{Limit, Policy},
    journal::{Decision, Intent, Terms, unpack},
    refusal::Kind,
    route::{Family, Route},
    work,
};

/// How long is waited for a flight that begins in this very moment.
const TAKE_OFF: Duration = Duration::from_millis(2);

/// Answers one request. Dropping the future is the client hanging up.
pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let knock = Knock::of(&head.uri, &head.headers);
    let route = Route::of(head.method.as_str(), &knock.path);
    let route = match family(&head.headers) {
        Some(family) => route.map(|route| route.asked_by(family)),
        None => route,
    };
    let pass = knock.token.as_deref().and_then(|token| shared.attempts.find(token));
    let Some(pass) = pass else {
        let message = "the key is not that of a live attempt; agents get theirs when they are started";
        return refuse(route.as_ref(), 403, Kind::Forbidden, Code::TokenRefused, message);
    };
    let Some(route) = route else {
        let message = format!(
            "`{} {}` is not passed on: the gateway speaks Anthropic Messages, OpenAI Chat Completions, Responses and \
             embeddings, and Gemini",
            head.method, knock.path
        );
        return refuse(None, 404, Kind::NotFound, Code::UnsupportedCall, &message);
    };
    match take(&shared, pass, (route.clone(), knock), (head.method, head.headers, body)).await {
        Ok(job) => Asking { shared, job: Arc::new(job) }.serve().await,
        Err(refusal) => *refusal,
    }
}

/// Whose client it is, by a header that only it sends.
fn family(headers: &HeaderMap) -> Option<Family> {
    let told = [("anthropic-version", Family::Anthropic), ("x-goog-api-key", Family::Gemini)];
    told.into_iter().find(|(name, _)| headers.contains_key(*name)).map(|(_, family)| family)
}

async fn take(
    shared: &Shared,
    pass: Pass,
    (route, knock): (Route, Knock),
    (method, headers, body): (Method, HeaderMap, Incoming),
) -> Result<Job, Box<Response<Body>>> {
    let refuse =
        |status, kind, code, message: &str| Box::new(refuse(Some(&route), status, kind, code, message));
    if headers.get("content-encoding").is_some_and(|encoding| encoding != "identity") {
        let message = "send the request without a content encoding: the gateway reads what it passes on";
        return Err(refuse(415, Kind::Malformed, Code::MalformedCall, message));
    }
    let body = read::whole(body).await.map_err(|error| {
        let status = if matches!(error, Unread::TooLarge) { 413 } else { 400 };
        refuse(status, Kind::Malformed, Code::MalformedCall, &error.to_string())
    })?;
    Job::read(shared, pass, (route.clone(), knock), (method, headers, body)).map_err(|error| {
        let message = error.to_string();
        match error {
            Unfit::Malformed(_) => refuse(400, Kind::Malformed, Code::MalformedCall, &message),
            Unfit::Unserved { family, .. } => {
                let hint = format!(
                    "{message}; set its key, such as {}_API_KEY, where `mainspring` is started, or add it to config.toml",
                    family.as_str().to_uppercase()
                );
                refuse(404, Kind::NotFound, Code::NoProvider, &hint)
            }
        }
    })
}

/// Serves one call.
struct Asking {
    shared: Arc<Shared>,
    job: Arc<Job>,
}

/// A decision, and what listens to the flight that follows from it.
type Decided = Result<(Decision, Option<Listener>), Fault>;

impl Asking {
    async fn serve(self) -> Response<Body> {
        let mut turn = self.first_turn();
        let (mut hold, mut told) = (None, None);
        loop {
            // Made before the journal is asked, so that no relief is missed in between.
            let relieved = self.shared.relief.notified();
            let alone = self.shared.aloft.is_empty();
            if self.shared.warden.order(self.pass()) == Order::End {
                return self.refused();
            }
            let (decision, listener) = match self.ask(turn.take(), told).await {
                Ok(decided) => decided,
                Err(fault) => return self.fault(&fault),
            };
            if let Some((held, until)) = self.stands_in_the_way(&decision, alone) {
                if let Decision::Diverged { policy, .. } = decision {
                    told = Some(policy);
                }
                hold = Some(self.shared.hold(self.pass(), held, hold.take()));
                looking_again(relieved, until).await;
                turn = self.first_turn();
                continue;
            }
            drop(hold.take());
            match decision {
                Decision::NeedsPermit => {
                    turn = Some(self.shared.turn(self.pass(), &self.job, 0).await);
                }
                Decision::Join(effect) => match self.shared.flight(effect) {
                    Some(flight) => {
                        flight.joined_by(self.pass().clone());
                        return deliver::live(&self.shared, self.pass(), Listener::new(flight)).await;
                    }
                    // It takes off, or has landed, this moment.
                    None => tokio::time::sleep(TAKE_OFF).await,
                },
                Decision::Send(_) => {
                    let listener = listener.expect("what is sent is in flight");
                    return deliver::live(&self.shared, self.pass(), listener).await;
                }
                Decision::Replay { effect, recorded } => return self.replay(effect, recorded).await,
                Decision::Short { limit, needs, .. } => return self.out_of_budget(&limit, needs),
                Decision::Diverged { expected, .. } => return self.diverged(expected),
                Decision::Unknowable(effect) => return self.unknowable(effect),
                Decision::Interrupted => return self.interrupted(),
                Decision::Refused => return self.refused(),
            }
        }
    }

    /// What a request is held for, and when that may end by itself. No run ends for what calls under way only hold:
    /// `alone` says that there were none before the journal was asked.
    fn stands_in_the_way(&self, decision: &Decision, alone: bool) -> Option<(Held, Option<Timestamp>)> {
        match decision {
            Decision::Short { limit, until, needs }
                if limit.policy != Policy::Terminate || !alone || !self.shared.aloft.is_empty() =>
            {
                Some((budget(limit, *until, *needs), latest(limit, *until)))
            }
            Decision::Diverged { expected, policy: Divergence::Ask } => {
                Some((gate(self.pass(), &strayed(*expected)), None))
            }
            _ => None,
        }
    }

    fn pass(&self) -> &Pass {
        &self.job.call.pass
    }

    /// A turn with the provider, if there is one at once. A repeated attempt begins with what is recorded, for which
    /// none is needed.
    fn first_turn(&self) -> Option<Turn> {
        let is_first = self.pass().attempt.0 <= 1;
        is_first.then(|| self.shared.turn_now(self.pass(), &self.job).ok()).flatten()
    }

    /// Asks the journal, and sends what it says is to be sent: whoever asked may hang up meanwhile.
    async fn ask(&self, turn: Option<Turn>, told: Option<Divergence>) -> Decided {
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        let steered = shared.attempts.get(self.pass().nonce).map(|pass| pass.divergence);
        let divergence = steered.unwrap_or(self.pass().divergence);
        let asking = self.shared.flying.spawn(async move {
            let provider = |turn: &Turn| shared.providers[job.providers[turn.place]].0.name.clone();
            let terms = Terms { provider: turn.as_ref().map(provider), divergence, told };
            let intent = Intent::new(Arc::clone(&job.call), terms, shared.ledger.clone());
            let lifted = shared.aloft.lift();
            let decision = work::ask(&shared.submit, intent).await?;
            let (Decision::Send(begun), Some(turn)) = (&decision, turn) else {
                return Ok((decision, None));
            };
            let flight = Arc::new(Flight::new(begun.effect, job.call.pass.clone()));
            let listener = Listener::new(Arc::clone(&flight));
            shared.flights().insert(begun.effect, Arc::clone(&flight));
            shared.flying.spawn(fly(Arc::clone(&shared), job, flight, (*begun, turn, lifted)));
            Ok((decision, Some(listener)))
        });
        asking.await.unwrap_or_else(|error| Err(Fault::Refused { detail: format!("asking failed: {error}") }))
    }

    async fn replay(&self, effect: EffectId, recorded: Recorded) -> Response<Body> {
        match self.recorded(recorded).await {
            Ok((head, body)) => deliver::recorded(&self.shared, self.pass(), effect, &head, body),
            Err(fault) => self.fault(&fault),
        }
    }

    async fn recorded(&self, recorded: Recorded) -> Result<(Head, Bytes), Fault> {
        let Some(document) = recorded.answer else { return Err(gone("an answer")) };
        let head = Head::read(&document)?;
        let Some(body) = recorded.body else { return Ok((head, Bytes::new())) };
        let bytes = match (body.bytes, body.hash) {
            (Some(bytes), _) => bytes,
            (None, Some(hash)) => self.shared.blob(&self.pass().key.tenant, hash).await?,
            (None, None) => return Err(gone("the body of an answer")),
        };
        Ok((head, unpack(body.packed, bytes)?.into()))
    }

    fn out_of_budget(&self, limit: &Limit, needs: u64) -> Response<Body> {
        let problem = out_of_budget(limit, needs);
        let refusal = self.refuse(402, Kind::Exhausted, problem.code, &problem.message);
        self.shared.warden.end(self.pass(), problem);
        refusal
    }

    fn diverged(&self, expected: EffectId) -> Response<Body> {
        let message = format!("the agent {}", strayed(expected));
        let problem = Problem::new(Code::Diverged, message.clone())
            .suggest("make the agent's requests the same on every start, or set `divergence = \"live\"`");
        self.shared.warden.end(self.pass(), problem);
        self.refuse(409, Kind::Forbidden, Code::Diverged, &message)
    }

    fn unknowable(&self, effect: EffectId) -> Response<Body> {
        let message = self.job.unknowable(effect).unwrap_or_else(|| {
            format!("the agent went another way than {effect}, which must not happen twice")
        });
        self.refuse(409, Kind::Forbidden, Code::EffectUnknown, &message)
    }

    fn interrupted(&self) -> Response<Body> {
        let message = "a person interrupted the turn: nothing new is begun in it";
        self.refuse(409, Kind::Forbidden, Code::Interrupted, message)
    }

    fn refused(&self) -> Response<Body> {
        let Pass { attempt, step, .. } = self.pass();
        let message = format!("attempt {attempt} of step `{step}` no longer counts");
        self.refuse(403, Kind::Forbidden, Code::TokenRefused, &message)
    }

    fn fault(&self, fault: &Fault) -> Response<Body> {
        let problem = fault.to_problem();
        tracing::error!(run = %self.pass().key.run, %fault, "a call was not journaled, and so not made");
        self.refuse(503, Kind::Internal, problem.code, &problem.message)
    }

    fn refuse(&self, status: u16, kind: Kind, code: Code, message: &str) -> Response<Body> {
        refuse(Some(&self.job.route), status, kind, code, message)
    }
}

fn strayed(expected: EffectId) -> String {
    format!("asks for something other than the recorded call {expected}")
}

fn gone(what: &str) -> Fault {
    Fault::Corrupt { detail: format!("{what} that was recorded is gone") }
}
