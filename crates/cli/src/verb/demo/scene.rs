//! The run in front of the reader: followed by its stream, and by its ledger for the moment of the kill.

use std::{io::Write, time::Duration};

use mainspring_api::{client::Client, run::RunView};
use mainspring_types::{Code, Problem};
use tokio::time::{Instant, Interval, interval};

use super::{ledger::Ledger, stage::Stage, teller::Teller};
use crate::{
    follow::{Follow, Seen, View},
    render,
};

/// How many steps are done before the kill.
const DONE_FIRST: usize = 2;
/// How long the doomed step has been at work by then.
const INTO_THE_STEP: Duration = Duration::from_millis(500);
const FRAME_EVERY: Duration = Duration::from_millis(80);

pub(super) struct Scene {
    client: Client,
    follow: Follow,
    pub(super) view: View<Box<dyn Write + Send>>,
    frames: Interval,
    run: RunView,
    ledger: Ledger,
}

impl Scene {
    pub(super) fn open(client: Client, run: &RunView, stage: &Stage, teller: &Teller) -> Self {
        Self {
            follow: Follow::new(client.clone(), run.run_id, 0),
            client,
            view: teller.view(run),
            frames: interval(FRAME_EVERY),
            run: run.clone(),
            ledger: stage.ledger.clone(),
        }
    }

    /// Watches until a step is in the middle of its work, and says which.
    pub(super) async fn watch_until_at_work(&mut self) -> Result<String, Problem> {
        let mut doomed: Option<(String, Instant)> = None;
        while self.watch().await? == Over::No {
            match doomed.take_if(|(step, _)| self.ledger.noted(step).done > 0) {
                None if doomed.is_none() => doomed = self.at_work().map(|step| (step, Instant::now())),
                _ => {}
            }
            if let Some((step, since)) = &doomed
                && since.elapsed() >= INTO_THE_STEP
            {
                return Ok(step.clone());
            }
        }
        let status = self.client.run(self.run.run_id).await?;
        Err(status.error.unwrap_or_else(|| {
            Problem::new(Code::ExecutionFailed, "the demo's run was over before anything could be killed")
                .suggest("run it again when the machine is less busy")
        }))
    }

    /// A step that has begun and is not done: not among the first, which are to be done, nor the last.
    fn at_work(&self) -> Option<String> {
        let last = self.run.steps.len() - 1;
        let steps = self.run.steps[DONE_FIRST..last].iter().map(|step| step.id.as_str());
        steps
            .map(|step| (step, self.ledger.noted(step)))
            .find(|(_, noted)| (noted.begun, noted.done) == (1, 0))
            .map(|(step, _)| step.to_owned())
    }

    /// Watches the run to its end, and says how it ended.
    pub(super) async fn watch_to_the_end(&mut self) -> Result<RunView, Problem> {
        while self.watch().await? == Over::No {}
        let run = self.client.run(self.run.run_id).await?;
        self.view.close(&[String::new(), format!("  {}", render::ending(&run, self.view.palette()))]);
        Ok(run)
    }

    /// How long the last attempt of a step took.
    pub(super) fn took(&self, step: &str) -> Option<Duration> {
        self.view.progress.took(step)
    }

    /// Shows what is seen next, or the next frame.
    async fn watch(&mut self) -> Result<Over, Problem> {
        tokio::select! {
            seen = self.follow.next() => match seen? {
                Some(Seen::Event(event)) => self.view.event(&event),
                // The reader is told by us when the server goes and comes.
                Some(Seen::Away | Seen::Back) => {}
                None => return Ok(Over::Yes),
            },
            _ = self.frames.tick() => self.view.draw(),
        }
        Ok(Over::No)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Over {
    Yes,
    No,
}
