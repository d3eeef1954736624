//! The embedded engine: the driver inside the store's writer thread.
//!
//! Makes no distributed claim: one process owns the data folder. Agents die with it, so at the start every attempt a
//! worker had is lost and gets a new number.

mod in_writer;

use std::{sync::Arc, time::Duration};

use mainspring_core::{Ask, AttemptEnd, CancelLevel, Loss, Principal, Request, Used};
use mainspring_store::{Blobs, Fault, Queue, RunKey, Store, Submit, Version, Writer};
use mainspring_types::{AttemptNo, INLINE_MAX, RequestId, StepId, TenantId, Value};
use tokio::sync::oneshot;

use self::in_writer::InWriter;
use crate::{Accepted, Assignment, Bell, Body, Create, Desk, Driver, Held, Message, Refused, RunNote, World};

/// How long is waited before a claim that could not be written is tried again.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How long a worker may be silent before its attempts are lost.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The driver declined, or the store failed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The engine has stopped.
    #[error("the engine has stopped")]
    Stopped,
}

/// The engine of one data folder. Clones share it.
#[derive(Clone)]
pub struct Embedded {
    queue: Queue<Message>,
    desk: Arc<Desk>,
    bell: Bell,
    blobs: Blobs,
}

impl Embedded {
    /// Starts the engine on an opened store and takes up every run that was left unfinished.
    ///
    /// The future is the engine's own housekeeping, to be run beside it for as long as it lives.
    pub async fn start(
        store: Store,
        blobs: Blobs,
    ) -> Result<(Self, Writer<Message>, impl Future<Output = ()> + Send), EngineError> {
        let desk = Arc::new(Desk::default());
        let bell = Bell::default();
        let (late, mut aborted) = tokio::sync::mpsc::unbounded_channel();
        let around = Around { desk: desk.clone(), bell: bell.clone(), aborted: late };
        let writer = store.start(InWriter::new(Driver::new(around), bell.clone())).map_err(Refused::from)?;
        let engine = Self { queue: writer.queue(), desk, bell, blobs };
        engine.tell(|reply| Message::Recover { reply }).await?;
        let keeper = engine.clone();
        let housekeeping = async move {
            tokio::select! {
                () = keeper.lose_the_silent() => {}
                () = async {
                    while let Some(never_begun) = aborted.recv().await {
                        keeper.end_unbegun(never_begun).await;
                    }
                } => {}
            }
        };
        Ok((engine, writer, housekeeping))
    }

    /// Begins a run; durable once this returns.
    pub async fn create(
        &self,
        create: impl FnOnce(oneshot::Sender<Result<Accepted, Refused>>) -> Create,
    ) -> Result<Accepted, EngineError> {
        self.tell(|reply| Message::Create(Box::new(create(reply)))).await
    }

    /// Asks something of a run; recorded durably once this returns.
    pub async fn ask(&self, key: &RunKey, by: Principal, id: RequestId, ask: Ask) -> Result<(), EngineError> {
        self.ask_with(key, Request { id, by, ask }, None).await
    }

    /// Takes up to `most` attempts for a worker; waits up to `wait` for the first.
    pub async fn claim(&self, most: usize, wait: Duration) -> Result<Vec<Held>, EngineError> {
        let held = self.desk.claim(most, wait).await;
        for held in &held {
            // Before anything the attempt does: whatever of it becomes durable, its claim is durable first.
            self.send(claimed(held, None))?;
        }
        Ok(held)
    }

    /// The same, with the claims durable: what the attempts do may be seen by the world before it is recorded.
    pub async fn claim_durably(&self, most: usize, wait: Duration) -> Result<Vec<Held>, EngineError> {
        let held = self.desk.claim(most, wait).await;
        let mut waiting = Vec::with_capacity(held.len());
        for held in &held {
            let (reply, answer) = oneshot::channel();
            self.send(claimed(held, Some(reply)))?;
            waiting.push((held, answer));
        }
        for (held, mut answer) in waiting {
            // On a full disk the claim is kept and written later; until then nothing starts.
            while answer.await.map_err(|_| EngineError::Stopped)?.is_err() {
                tokio::time::sleep(CLAIM_AGAIN_AFTER).await;
                let (reply, again) = oneshot::channel();
                self.send(claimed(held, Some(reply)))?;
                answer = again;
            }
        }
        Ok(held)
    }

    /// What queues work for the writer's transaction beside the engine's own.
    pub fn submit(&self) -> Submit {
        let queue = self.queue.clone();
        Arc::new(move |unit| queue.send(Message::Unit(unit)))
    }

    /// Records how an attempt ended.
    pub async fn end_attempt(
        &self,
        key: &RunKey,
        worker: &str,
        (step, attempt): (StepId, AttemptNo),
        (end, used): (AttemptEnd, Used),
        body: Option<Body>,
    ) -> Result<(), EngineError> {
        let id = RequestId::from_cause(format!("end/{step}/{attempt}"));
        let by = Principal::Worker(worker.to_owned());
        let ask = Ask::EndAttempt { step, attempt, end, used };
        self.ask_with(key, Request { id, by, ask }, body).await
    }

    /// Notes something about an attempt; not waited for.
    pub fn note(&self, note: RunNote) -> Result<(), EngineError> {
        self.send(Message::Note(note))
    }

    /// Puts a version into the catalogue.
    pub async fn catalogue(&self, tenant: &TenantId, version: Version) -> Result<(), EngineError> {
        let tenant = tenant.clone();
        self.tell(|reply| Message::Catalogue { tenant, version, reply }).await
    }

    /// Stores a value as it is to be recorded: a large one becomes a blob, durable once this returns.
    pub async fn keep(&self, tenant: &TenantId, value: Value) -> Result<Body, EngineError> {
        let body = Body::from(value);
        if body.value.bytes().is_none_or(|bytes| bytes.len() <= INLINE_MAX) {
            return Ok(body);
        }
        let digest = body.digest;
        let owner = tenant.clone();
        self.tell(|reply| Message::Pin { tenant: owner, digest, reply }).await?;
        let (blobs, owner) = (self.blobs.clone(), tenant.clone());
        let put = move || blobs.put(&owner, &digest.hash, body.value.bytes().unwrap_or_default());
        blocking(put).await?;
        Ok(Body { digest, value: Value::Blob(digest) })
    }

    /// The value itself, read from its blob when it is one.
    pub async fn fetch(&self, tenant: &TenantId, value: Value) -> Result<Value, EngineError> {
        let Value::Blob(digest) = value else { return Ok(value) };
        let (blobs, owner) = (self.blobs.clone(), tenant.clone());
        let bytes = blocking(move || blobs.get(&owner, &digest)).await?;
        let not_text =
            || Fault::Corrupt { detail: format!("blob {} is not {:?}", digest.hash, digest.media) };
        Ok(Value::from_stored(digest.media, bytes).ok_or_else(not_text).map_err(Refused::from)?)
    }

    /// Where attempts wait for workers.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Where news of runs is heard.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    async fn ask_with(&self, key: &RunKey, request: Request, body: Option<Body>) -> Result<(), EngineError> {
        let (key, request) = (key.clone(), Box::new(request));
        self.tell(|reply| Message::Ask { key, request, body, reply }).await
    }

    async fn tell<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Message,
    ) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        Ok(answer.await.map_err(|_| EngineError::Stopped)??)
    }

    fn send(&self, message: Message) -> Result<(), EngineError> {
        self.queue.send(message).map_err(|_| EngineError::Stopped)
    }

    /// Records the end of an attempt that was aborted before a worker took it.
    async fn end_unbegun(&self, Assignment { key, step, attempt, .. }: Assignment) {
        let end = (AttemptEnd::Aborted {}, Used::default());
        if let Err(error) = self.end_attempt(&key, "engine", (step, attempt), end, None).await {
            tracing::debug!(run = %key.run, %error, "an attempt that never began had ended already");
        }
    }

    async fn lose_the_silent(&self) {
        loop {
            tokio::time::sleep(SILENCE_MAX / 6).await;
            for (key, step, attempt) in self.desk.silent(SILENCE_MAX) {
                let id = RequestId::from_cause(format!("lost/{step}/{attempt}"));
                let ask = Ask::LoseAttempt { step, attempt, loss: Loss::Worker };
                match self.ask(&key, Principal::Engine, id, ask).await {
                    Err(EngineError::Stopped) => return,
                    Err(error) => tracing::debug!(run = %key.run, %error, "a silent attempt had ended"),
                    Ok(()) => tracing::warn!(run = %key.run, "a worker fell silent; its attempt is lost"),
                }
            }
        }
    }
}

fn claimed(held: &Held, reply: Option<oneshot::Sender<Result<(), Refused>>>) -> Message {
    let Assignment { key, step, attempt, .. } = &held.assignment;
    Message::Claimed { key: key.clone(), step: step.clone(), attempt: *attempt, nonce: held.nonce, reply }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| EngineError::Stopped)?;
    Ok(done.map_err(Refused::from)?)
}

/// The world around the embedded driver.
struct Around {
    desk: Arc<Desk>,
    bell: Bell,
    aborted: tokio::sync::mpsc::UnboundedSender<Assignment>,
}

impl World for Around {
    fn dispatch(&mut self, assignment: Assignment) {
        self.desk.dispatch(assignment);
    }

    fn abort(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo, level: CancelLevel) {
        if let Some(never_begun) = self.desk.abort(key, step, attempt, level) {
            // The receiver lives as long as the engine; without it there is nobody left to tell.
            drop(self.aborted.send(never_begun));
        }
    }

    fn interrupt(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) {
        self.desk.interrupt(key, step, attempt);
    }

    fn hold(&mut self, key: &RunKey) {
        self.desk.hold(key);
    }

    fn unhold(&mut self, key: &RunKey) {
        self.desk.unhold(key);
    }

    fn release(&mut self, key: &RunKey, step: &StepId, attempt: AttemptNo) {
        self.desk.release(key, step, attempt);
    }

    fn finish(&mut self, key: &RunKey) {
        tracing::info!(run = %key.run, "the run has ended");
    }

    fn news(&mut self, key: &RunKey, seq: u64) {
        self.bell.ring(key, seq);
    }
}
