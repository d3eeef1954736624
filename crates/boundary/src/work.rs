//! Work for the writer's transaction that somebody waits for.

use mainspring_store::{Demand, Fault, News, Pen, Submit, Unit, WriterGone};
use mainspring_types::Timestamp;
use tokio::sync::oneshot;

/// Something to be decided and written as one, whose outcome is told once it is durable.
pub(crate) trait Work: Send + 'static {
    /// What comes of it.
    type Outcome: Send + 'static;

    /// Decides and writes. After an error nothing of it is written.
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp, news: &mut News) -> Result<Self::Outcome, Fault>;

    /// What the engine has to do in the same transaction.
    fn demands(&mut self) -> Vec<Demand> {
        Vec::new()
    }

    /// Nothing of it was written after all.
    fn undone(&mut self) {}
}

/// Queues the work and waits until what came of it is durable.
pub(crate) async fn ask<W: Work>(submit: &Submit, work: W) -> Result<W::Outcome, Fault> {
    let stopped = || Err(Fault::Refused { detail: "the writer has stopped".into() });
    asked(submit, work).await.unwrap_or_else(stopped)
}

/// The same; `None` when the writer has stopped, and nobody will ever know.
pub(crate) async fn asked<W: Work>(submit: &Submit, work: W) -> Option<Result<W::Outcome, Fault>> {
    let (reply, answer) = oneshot::channel();
    submit(Box::new(Asked { work, outcome: None, reply: Some(reply) })).ok()?;
    answer.await.ok()
}

/// Queues work that nobody waits for; says whether the writer takes it.
pub(crate) fn tell<W: Work>(submit: &Submit, work: W) -> Result<(), WriterGone> {
    submit(Box::new(Asked { work, outcome: None, reply: None }))
}

struct Asked<W: Work> {
    work: W,
    outcome: Option<W::Outcome>,
    /// Where the outcome goes, if anyone waits for it.
    reply: Option<oneshot::Sender<Result<W::Outcome, Fault>>>,
}

impl<W: Work> Unit for Asked<W> {
    fn write(&mut self, pen: &mut Pen<'_>, now: Timestamp) -> Result<News, Fault> {
        let mut news = News::new();
        self.outcome = Some(self.work.write(pen, now, &mut news)?);
        Ok(news)
    }

    fn demands(&mut self) -> Vec<Demand> {
        self.work.demands()
    }

    fn settled(mut self: Box<Self>, written: Result<(), Fault>) {
        if written.is_err() {
            self.work.undone();
        }
        let answer = written.map(|()| self.outcome.take().expect("what is written has an outcome"));
        if let Some(reply) = self.reply.take() {
            // Whoever asked may be gone; what is written stays written.
            drop(reply.send(answer));
        }
    }
}
