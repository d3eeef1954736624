//! Calls that another run works on.

use mainspring_agent::EffectClass;
use mainspring_store::{Candidate, Fault, News, Pen};
use mainspring_types::Timestamp;
use serde_json::Value;

use super::{Decided, Intend, close::Closing};
use crate::broker::{
    Decision,
    child::{self, Child},
    lines,
};

impl Intend {
    /// Starts the run that works on the task, or says why it is not started.
    pub(super) fn bear(
        &mut self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        (executed, arguments): (Option<&str>, &Value),
        news: &mut News,
    ) -> Result<Decision, Fault> {
        let wanted = match child::prepare(&self.charter, &self.pass, arguments) {
            Ok(wanted) => wanted,
            Err(why) => {
                return self.close(pen, now, None, Closing::Denied { why: &why, rule: None }, news);
            }
        };
        let arguments = executed.unwrap_or(&self.wanted.arguments);
        let effect = self.write_down(pen, now, arguments, EffectClass::Idempotent)?;
        let Child { run, agent, demand } = wanted.begin(pen, now, (&self.pass, effect))?;
        news.push(lines::append(pen, &self.pass, now, self.named(effect).child(run, &agent))?);
        self.demands.push(demand);
        Ok(Decision::Child(run))
    }

    /// Waits for the run that works on the task, or takes what came of it.
    pub(super) fn wait_for_child(
        &self,
        pen: &mut Pen<'_>,
        now: Timestamp,
        effect: &Candidate,
        news: &mut News,
    ) -> Result<Decided, Fault> {
        let run = child::run_of(&self.pass, effect.id);
        let Some((text, error)) = child::outcome(pen, &self.pass, run)? else {
            if pen.is_interrupted(&self.pass.key)? {
                return Ok(Decided::Now(Decision::Interrupted { begun: true }));
            }
            self.lend(pen, effect)?;
            return Ok(Decided::Now(Decision::Child(run)));
        };
        let closing = Closing::Said { text: &text, error };
        self.close(pen, now, Some(effect), closing, news).map(Decided::Now)
    }
}
