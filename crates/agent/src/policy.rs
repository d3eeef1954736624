//! Decides what becomes of a tool call: from the assistant's grants, its capabilities and the rules of every layer.
//!
//! Nothing is allowed that is not granted. A call of several commands is judged by the strictest; what cannot be read
//! is judged as the worst it could be. Paths are judged by their text: a tool that follows links keeps its own watch.

mod command;
mod glob;
mod grant;
mod narrow;
mod pattern;
mod shape;
mod subject;
mod unit;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::assistant::{Approval, Assistant, Capabilities, EffectClass, Layer, Verdict};
use crate::toolset::{Subject, SubjectKind};

use grant::{Grant, not_granted};
use subject::Target;
use unit::{Named, Reading, Unit};

pub use glob::{Glob, ParseGlobError};
pub(crate) use grant::SERVER_SEAM;
pub(crate) use narrow::covered;
pub use narrow::{Refusal, TaskAsk, narrowed};
pub use pattern::{ParsePatternError, Pattern};
pub use subject::workspace_path;

/// What one assistant may do.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    assistant: &'a Assistant,
}

/// What becomes of one call, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ruling {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, as the model and the record are told.
    pub why: String,
    /// The line that decided, with where it came from; `None` when no line speaks of the call.
    pub rule: Option<String>,
    /// What the call may do to the world.
    pub class: EffectClass,
    /// Whether a tool of this name is granted.
    pub known: bool,
}

impl Ruling {
    /// Of a call for which the agent has no tool.
    pub const fn not_granted(why: String) -> Self {
        Self { verdict: Verdict::Deny, why, rule: None, class: EffectClass::Irreversible, known: false }
    }
}

impl<'a> Policy<'a> {
    /// The policy of an assistant with everything that was laid over it.
    pub const fn of(assistant: &'a Assistant) -> Self {
        Self { assistant }
    }

    /// Judges one call. What a person said to `remember` lifts an [`Verdict::Ask`], never a [`Verdict::Deny`].
    pub fn rule(self, tool: &str, arguments: &Value, remembered: &[Pattern]) -> Ruling {
        let Some(grant) = Grant::find(self.assistant, tool) else {
            return Ruling::not_granted(not_granted(self.assistant, tool));
        };
        let denied =
            |why| Ruling { verdict: Verdict::Deny, why, rule: None, class: grant.class(), known: true };
        let target = match Target::of(grant.subject(), arguments) {
            Ok(target) => target,
            Err(why) => return denied(why),
        };
        let (call, units) = (grant.named(tool), Unit::all(&target));
        if let Err(why) = self.assistant.capabilities.admit(grant.subject(), &units) {
            return denied(why);
        }
        let class = self.class(grant.class(), &call, &units);
        let granted = Ruling { verdict: Verdict::Allow, why: grant.source(), rule: None, class, known: true };
        match self.strictest(&call, &units) {
            Some(line) if line.verdict == Verdict::Ask => {
                let lifted = lifting(remembered, &call, &target, &units);
                lifted.map_or_else(|| ruled(line, class), |why| Ruling { why, ..granted })
            }
            Some(line) => ruled(line, class),
            None => granted,
        }
    }

    /// The line that decides: in each layer the closest one, the stricter of two alike; of all layers the strictest.
    fn strictest(self, call: &Named<'_>, units: &[Unit]) -> Option<&'a Approval> {
        let lines = &self.assistant.approvals;
        let layers: BTreeSet<(u32, Layer)> = lines.iter().map(|line| (line.generation, line.from)).collect();
        let closest = |layer: (u32, Layer), unit: &Unit| {
            let of_layer = lines.iter().filter(move |line| (line.generation, line.from) == layer);
            let fitting = of_layer.filter_map(|line| {
                let reading = if line.verdict == Verdict::Allow { Reading::Narrow } else { Reading::Wide };
                Some((line.pattern.closeness(call, unit, reading)?, line.verdict, line))
            });
            fitting.max_by_key(|(closeness, verdict, _)| (*closeness, *verdict)).map(|(_, _, line)| line)
        };
        let all =
            layers.into_iter().flat_map(|layer| units.iter().filter_map(move |unit| closest(layer, unit)));
        all.max_by_key(|line| line.verdict)
    }

    /// The gravest class of all parts of the call, each by the closest line of `effects`.
    fn class(self, own: EffectClass, call: &Named<'_>, units: &[Unit]) -> EffectClass {
        let of_unit = |unit: &Unit| {
            let fitting = self.assistant.effects.iter().filter_map(|line| {
                let reading = if line.class < own { Reading::Narrow } else { Reading::Wide };
                Some((line.pattern.closeness(call, unit, reading)?, line.class))
            });
            fitting.max().map(|(_, class)| class)
        };
        let parts = units.iter().filter(|unit| !matches!(unit, Unit::Whole(_)));
        parts.map(|unit| of_unit(unit).unwrap_or(own)).max().unwrap_or(own)
    }
}

fn ruled(line: &Approval, class: EffectClass) -> Ruling {
    let place = line.place.as_ref().map_or(String::new(), |place| format!(", {place}"));
    let whose = match (line.from, line.generation) {
        (Layer::Agent, 0) => "the agent",
        (Layer::Agent, _) => "the parent",
        (Layer::Tenant, _) => "the tenant",
        (Layer::Run, _) => "the run",
    };
    let rule = format!("{}: {} ({whose}{place})", line.pattern, line.verdict);
    let why = format!("`{}` says {} ({whose}{place})", line.pattern, line.verdict);
    Ruling { verdict: line.verdict, why, rule: Some(rule), class, known: true }
}

/// Why nobody needs to be asked: what is remembered is about the call as it stands, or about every part of it.
fn lifting(remembered: &[Pattern], call: &Named<'_>, target: &Target, units: &[Unit]) -> Option<String> {
    if let Target::Commands(line, _) = target
        && let Some(pattern) = remembered.iter().find(|pattern| pattern.is_exactly(call, line))
    {
        return Some(format!("allowed before as `{pattern}`"));
    }
    let parts = units.iter().filter(|unit| !matches!(unit, Unit::Whole(_)));
    let fits = |pattern: &&Pattern, unit: &Unit| pattern.closeness(call, unit, Reading::Narrow).is_some();
    let found: Option<BTreeSet<&Pattern>> =
        parts.map(|unit| remembered.iter().find(|pattern| fits(pattern, unit))).collect();
    let names: Vec<String> = found?.iter().map(|pattern| format!("`{pattern}`")).collect();
    Some(format!("allowed before as {}", names.join(" and ")))
}

impl Capabilities {
    /// Whether this host may be spoken to; asked again after every redirect.
    pub fn admits_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.as_ref().is_none_or(|globs| globs.iter().any(|glob| glob.matches(&host)))
    }

    fn admit(&self, subject: Option<Subject>, units: &[Unit]) -> Result<(), String> {
        let (globs, field) = match subject.map(|subject| subject.kind) {
            Some(SubjectKind::Command) => (&self.commands, "commands"),
            Some(SubjectKind::ReadFile | SubjectKind::ReadTree) => (&self.read, "read"),
            Some(SubjectKind::WriteFile) => (&self.write, "write"),
            Some(SubjectKind::Host) => (&self.hosts, "hosts"),
            Some(SubjectKind::Text) | None => return Ok(()),
        };
        let Some(globs) = globs else { return Ok(()) };
        let outside = units
            .iter()
            .filter(|unit| !matches!(unit, Unit::Whole(_)))
            .find(|unit| !globs.iter().any(|glob| unit.fits(glob, Reading::Narrow)));
        let Some(outside) = outside else { return Ok(()) };
        let allowed: Vec<&str> = globs.iter().map(Glob::as_str).collect();
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        Err(format!("{outside} is outside `capabilities.{field}`; allowed: {allowed}"))
    }
}
