//! The control plane's end of the worker protocol: decodes calls, asks the engine, encodes answers.

mod talk;

use std::time::Duration;

use mainspring_api::{
    event::Delta,
    run::Level,
    worker::{
        self, Answer, Call, Claim, End, Heartbeat, Line, Note, Progress, Receipt, Report, Task, Ticket,
        encode,
    },
};
use mainspring_boundary::{broker::Broker, gateway::Parting};
use mainspring_core::{
    Ask, AttemptEnd, CancelLevel, Failure, FailureClass, Loss, Principal, Refusal, Used, Wait,
};
use mainspring_engine::{Embedded, EngineError, Held, Order, Refused, RunNote};
use mainspring_store::RunKey;
use mainspring_types::{AttemptNo, Code, Problem, RequestId, StepId, Value};
use serde_json::json;

use crate::{boundary::Boundary, whisper::Whispers};

/// The longest a call may wait for something to say, so that a broken line is noticed.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// The line of a worker in the same process.
#[derive(Clone)]
pub(crate) struct EmbeddedLine {
    engine: Embedded,
    /// Where attempts make their calls; `None` when what runs here makes none.
    boundary: Option<Boundary>,
    /// Who listens to what models are just saying.
    whispers: Whispers,
}

impl EmbeddedLine {
    pub(crate) fn new(engine: Embedded, boundary: Option<Boundary>, whispers: Whispers) -> Self {
        Self { engine, boundary, whispers }
    }

    async fn answer(&self, call: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let call: Call = serde_json::from_slice(&call)
            .map_err(|error| Problem::new(Code::BadRequest, "read a worker's call").because(&error))?;
        match call {
            Call::Claim(claim) => Ok(encode(&self.claim(claim).await?)),
            Call::Heartbeat(heartbeat) => Ok(encode(&self.heartbeat(heartbeat).await)),
            Call::Progress(notes) => Ok(encode(&self.progress(notes).await?)),
            Call::Report(report) => Ok(encode(&self.report(*report).await?)),
            Call::Recall(ticket) => Ok(encode(&talk::recall(self.broker()?, &ticket).await?)),
            Call::Intend(intent) => Ok(encode(&talk::intend(self.broker()?, *intent).await?)),
            Call::Settle(settlement) => Ok(encode(&talk::settle(self.broker()?, *settlement).await?)),
            Call::Conclude(turn) => Ok(encode(&talk::conclude(self.broker()?, *turn).await?)),
        }
    }

    fn broker(&self) -> Result<&Broker, Problem> {
        let missing = || Problem::new(Code::Internal, "nothing here passes on what agents call");
        self.boundary.as_ref().map(Boundary::broker).ok_or_else(missing)
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Task>, Problem> {
        let wait = Duration::from_millis(claim.wait_ms).min(WAIT_MAX);
        let slots = claim.slots as usize;
        let held = match self.boundary {
            // What calls out is seen by the world: its claim must be on disk before it starts.
            Some(_) => self.engine.claim_durably(slots, wait).await,
            None => self.engine.claim(slots, wait).await,
        };
        let held = held.map_err(|error| problem_of(&error))?;
        let mut tasks = Vec::with_capacity(held.len());
        for held in held {
            let (key, at) =
                (held.assignment.key.clone(), (held.assignment.step.clone(), held.assignment.attempt));
            let nonce = held.nonce;
            match self.task(held).await {
                Ok(task) => tasks.push(task),
                // One value that is gone must not take the other attempts of this claim with it.
                Err(problem) => {
                    if let Some(boundary) = &self.boundary {
                        boundary.release(nonce, Parting::ByItself);
                    }
                    self.fail(&key, at, problem).await?;
                }
            }
        }
        Ok(tasks)
    }

    /// Records that an attempt cannot begin.
    async fn fail(&self, key: &RunKey, at: (StepId, AttemptNo), problem: Problem) -> Result<(), Problem> {
        let end = AttemptEnd::Failed(Failure { class: FailureClass::Permanent, problem });
        let failed = self.engine.end_attempt(key, "embedded", at, (end, Used::default()), None).await;
        failed.map_err(|error| problem_of(&error))
    }

    async fn task(&self, held: Held) -> Result<Task, Problem> {
        let Held { assignment: is, nonce } = held;
        let boundary = self.boundary.as_ref().map(|boundary| boundary.admit(&is, nonce));
        let tenant = is.key.tenant.clone();
        let work = serde_json::value::to_raw_value(&is.work).expect("JSON serialises");
        Ok(Task {
            ticket: Ticket { tenant, run: is.key.run, step: is.step, attempt: is.attempt, nonce },
            version: is.version,
            work,
            input: self.fetch(&is.key, is.input).await?,
            allow_install: is.work["allow_install"].as_bool().unwrap_or(false),
            boundary,
            previous: match is.previous {
                Some(previous) => Some(self.fetch(&is.key, previous).await?),
                None => None,
            },
        })
    }

    async fn fetch(&self, key: &RunKey, value: Value) -> Result<Value, Problem> {
        self.engine.fetch(&key.tenant, value).await.map_err(|error| problem_of(&error))
    }

    async fn heartbeat(&self, heartbeat: Heartbeat) -> worker::Order {
        let Heartbeat { ticket, wait_ms, held } = heartbeat;
        let wait = Duration::from_millis(wait_ms).min(WAIT_MAX);
        let (key, attempt) = (key_of(&ticket), (ticket.attempt, ticket.nonce));
        let knows = if held { Order::Hold } else { Order::Continue };
        match self.engine.desk().order(&key, &ticket.step, attempt, (knows, wait)).await {
            Order::Continue => worker::Order::Continue,
            Order::Hold => worker::Order::Hold,
            Order::Cancel(level) => worker::Order::Cancel(level_to_wire(level)),
            Order::Abandon => {
                self.release(&ticket, Parting::ByItself);
                worker::Order::Abandon
            }
        }
    }

    async fn progress(&self, notes: Vec<Progress>) -> Result<(), Problem> {
        for Progress { ticket, note } in notes {
            if !self.hear(&ticket) {
                continue;
            }
            if let Note::Started { .. } = note {
                self.start_clock(&ticket).await?;
            }
            if let Note::Delta { turn, call, kind, text } = note {
                let delta = Delta { step: ticket.step.clone(), turn, call, kind, text };
                self.whispers.whisper(&key_of(&ticket), delta);
                continue;
            }
            let envelope = envelope_of(&ticket, note);
            let note = RunNote { key: key_of(&ticket), envelope };
            self.engine.note(note).map_err(|error| problem_of(&error))?;
        }
        Ok(())
    }

    /// The run's own time counts from here, once, if it has a limit.
    async fn start_clock(&self, ticket: &Ticket) -> Result<(), Problem> {
        let ask = Ask::StartClock { step: ticket.step.clone(), attempt: ticket.attempt };
        let id = RequestId::from_cause("clock");
        match self.engine.ask(&key_of(ticket), Principal::Engine, id, ask).await {
            Ok(()) | Err(EngineError::Refused(Refused::Declined(_))) => Ok(()),
            Err(error) => Err(problem_of(&error)),
        }
    }

    async fn report(&self, report: Report) -> Result<Receipt, Problem> {
        let ticket = report.ticket.clone();
        let key = key_of(&ticket);
        let told = self.engine.desk().ending(&key, &ticket.step, (ticket.attempt, ticket.nonce));
        let receipt = self.record(report).await?;
        self.release(&ticket, if told.is_some() { Parting::AsTold } else { Parting::ByItself });
        Ok(receipt)
    }

    /// The attempt is over: it calls out no more.
    fn release(&self, ticket: &Ticket, parting: Parting) {
        if let Some(boundary) = &self.boundary {
            boundary.release(ticket.nonce, parting);
        }
    }

    async fn record(&self, report: Report) -> Result<Receipt, Problem> {
        let Report { ticket, end, used } = report;
        if !self.hear(&ticket) {
            return Ok(Receipt::Abandon);
        }
        let key = key_of(&ticket);
        let at = (ticket.step, ticket.attempt);
        let (end, body) = match end {
            End::Done { output } => {
                if let Some(boundary) = &self.boundary {
                    boundary.sum_up(ticket.nonce);
                }
                let body = self.engine.keep(&key.tenant, output).await.map_err(|error| problem_of(&error))?;
                (AttemptEnd::Done { output: body.digest }, Some(body))
            }
            End::Failed { retryable, problem } => {
                let class = if retryable { FailureClass::Transient } else { FailureClass::Permanent };
                (AttemptEnd::Failed(Failure { class, problem }), None)
            }
            End::Parked { wait: worker::Wait::Gate { gate, deadline } } => {
                (AttemptEnd::Parked(Wait::Gate { gate, deadline }), None)
            }
            End::Parked { wait: worker::Wait::Child { child } } => {
                (AttemptEnd::Parked(Wait::Child { child }), None)
            }
            End::Aborted {} => (AttemptEnd::Aborted {}, None),
            End::Lost {} => return receipt(self.lose(&key, at).await),
        };
        let used = Used { active_ms: used.active_ms, cpu_ms: used.cpu_ms, peak_memory: used.peak_memory };
        receipt(self.engine.end_attempt(&key, "embedded", at, (end, used), body).await)
    }

    /// Records that an attempt was taken from its worker; the core hands its step out again.
    async fn lose(&self, key: &RunKey, (step, attempt): (StepId, AttemptNo)) -> Result<(), EngineError> {
        let id = RequestId::from_cause(format!("lost/{step}/{attempt}"));
        let ask = Ask::LoseAttempt { step, attempt, loss: Loss::Worker };
        self.engine.ask(key, Principal::Engine, id, ask).await
    }

    fn hear(&self, ticket: &Ticket) -> bool {
        self.engine.desk().hear(&key_of(ticket), &ticket.step, (ticket.attempt, ticket.nonce))
    }
}

impl Line for EmbeddedLine {
    fn call(&self, call: Vec<u8>) -> Answer<'_> {
        Box::pin(self.answer(call))
    }
}

/// What the worker is told about its report.
fn receipt(recorded: Result<(), EngineError>) -> Result<Receipt, Problem> {
    match recorded {
        Ok(()) => Ok(Receipt::Recorded),
        Err(EngineError::Refused(Refused::Declined(Refusal::Stale { .. } | Refusal::Ended))) => {
            Ok(Receipt::Abandon)
        }
        Err(error) => Err(problem_of(&error)),
    }
}

fn key_of(ticket: &Ticket) -> RunKey {
    RunKey { tenant: ticket.tenant.clone(), run: ticket.run }
}

fn envelope_of(ticket: &Ticket, note: Note) -> String {
    let mut data = match note {
        Note::Preparing { stage, message } => {
            json!({ "type": "attempt.preparing", "stage": stage, "message": message })
        }
        Note::Started { isolation } => json!({ "type": "attempt.started", "isolation": isolation }),
        Note::Log { stream, lines, dropped } => {
            json!({ "type": "log", "stream": stream, "lines": lines, "dropped": dropped })
        }
        Note::Delta { .. } => unreachable!("a piece of speech is no entry"),
        Note::Remark { kind, message } => json!({ "type": "remark", "kind": kind, "message": message }),
        Note::Fraction { fraction, message } => {
            json!({ "type": "progress", "fraction": fraction, "message": message })
        }
    };
    data["step"] = json!(ticket.step);
    data["attempt"] = json!(ticket.attempt);
    data.to_string()
}

/// The engine's refusal or fault as a person sees it.
pub(crate) fn problem_of(error: &EngineError) -> Problem {
    match error {
        EngineError::Refused(Refused::Fault(fault)) => fault.to_problem(),
        EngineError::Refused(Refused::NoSuchRun) => Problem::new(Code::NotFound, "there is no such run")
            .suggest("`mainspring runs list` shows the runs there are"),
        EngineError::Refused(refused @ Refused::KeyUsed { .. }) => {
            Problem::new(Code::IdempotencyConflict, refused.to_string())
                .suggest("use a new key for a new request, or send the same request again")
        }
        EngineError::Refused(refused @ Refused::Unreadable { .. }) => {
            Problem::new(Code::DataCorrupt, refused.to_string())
                .suggest("open it with the version that wrote it")
        }
        EngineError::Refused(Refused::Declined(refusal)) => {
            Problem::new(Code::StateConflict, refusal.to_string())
        }
        EngineError::Stopped => Problem::new(Code::Unreachable, "the engine has stopped")
            .suggest("see the server's log for why, and start it again"),
    }
}

fn level_to_wire(level: CancelLevel) -> Level {
    match level {
        CancelLevel::Interrupt => Level::Interrupt,
        CancelLevel::Stop => Level::Stop,
        CancelLevel::Kill => Level::Kill,
    }
}

/// How hard a run is ended, as the core says it.
pub(crate) fn level_from_wire(level: Level) -> CancelLevel {
    match level {
        Level::Interrupt => CancelLevel::Interrupt,
        Level::Stop => CancelLevel::Stop,
        Level::Kill => CancelLevel::Kill,
    }
}
