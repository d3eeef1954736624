//! The run in front of the reader: followed by its stream, and by its ledger for the moment of the kill.

use std::time::Duration;

use mainspring_api::{
    client::Client,
    effect::{EffectView, ListEffects},
    run::RunView,
};
use mainspring_types::{Code, Problem, Timestamp};
use tokio::time::{Instant, Interval, interval};

use super::{canvas::Canvas, ledger::Ledger, reel::Reel, stage::Stage, teller::Teller};
use crate::follow::{Follow, Seen};

/// The second tool call, in the middle of which everything is killed.
pub(super) const DOOMED: &str = "river_length(Amazon)";
/// How long it has been at work by then.
const INTO_THE_CALL: Duration = Duration::from_millis(500);
const FRAME_EVERY: Duration = Duration::from_millis(80);

pub(super) struct Scene {
    client: Client,
    follow: Follow,
    canvas: Canvas,
    reel: Reel,
    frames: Interval,
    frame: usize,
    run: RunView,
    ledger: Ledger,
}

impl Scene {
    pub(super) fn open(client: Client, run: &RunView, stage: &Stage, teller: &Teller) -> Self {
        Self {
            follow: Follow::new(client.clone(), run.run_id, 0),
            client,
            canvas: teller.canvas(),
            reel: Reel::new(run.steps.iter().map(|step| step.id.as_str()), teller.palette),
            frames: interval(FRAME_EVERY),
            frame: 0,
            run: run.clone(),
            ledger: stage.ledger.clone(),
        }
    }

    /// Watches until the second tool call is in the middle of its work.
    pub(super) async fn watch_until_doomed(&mut self) -> Result<(), Problem> {
        let mut at_work: Option<Instant> = None;
        while self.watch().await? == Over::No {
            let noted = self.ledger.noted(DOOMED);
            if noted.done > 0 {
                break;
            }
            let since = (noted.begun > 0).then(|| *at_work.get_or_insert_with(Instant::now));
            if since.is_some_and(|since| since.elapsed() >= INTO_THE_CALL) {
                return Ok(());
            }
        }
        let run = self.client.run(self.run.run_id).await?;
        Err(run.error.unwrap_or_else(|| {
            Problem::new(Code::ExecutionFailed, "the demo's agent was done before anything could be killed")
                .suggest("run it again when the machine is less busy")
        }))
    }

    /// Says that what was being done is cut off, and more lines.
    pub(super) fn cut(&mut self, lines: &[String]) {
        let cut = self.reel.cut(Timestamp::now());
        self.canvas.draw(&[&cut, lines].concat(), None);
    }

    /// Says something beside the run.
    pub(super) fn say(&mut self, lines: &[String]) {
        self.canvas.draw(lines, None);
    }

    /// Watches the run to its end, and says how it ended.
    pub(super) async fn watch_to_the_end(&mut self) -> Result<RunView, Problem> {
        while self.watch().await? == Over::No {}
        self.canvas.draw(&[], None);
        self.client.run(self.run.run_id).await
    }

    /// The run's model calls.
    pub(super) async fn effects(&self) -> Result<Vec<EffectView>, Problem> {
        Ok(self.client.effects(self.run.run_id, &ListEffects::default()).await?.items)
    }

    /// How long the last attempt of a step took.
    pub(super) fn took(&self, step: &str) -> Option<Duration> {
        self.reel.took(step)
    }

    /// Shows what is seen next, or the next frame.
    async fn watch(&mut self) -> Result<Over, Problem> {
        let lines = tokio::select! {
            seen = self.follow.next() => match seen? {
                Some(Seen::Event(event)) => self.reel.fold(&event),
                // The reader is told by us when the server goes and comes.
                Some(Seen::Delta(_) | Seen::Away | Seen::Back) => Vec::new(),
                None => return Ok(Over::Yes),
            },
            _ = self.frames.tick() => Vec::new(),
        };
        self.frame += 1;
        self.canvas.draw(&lines, self.reel.foot(Timestamp::now(), self.frame).as_ref());
        Ok(Over::No)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Over {
    Yes,
    No,
}
