//! A model agent as it works: what it says as it says it, its tool calls as cards, what it asks, what it has used.
//!
//! Pure like [`super::Progress`]: what is shown follows from the entries, the pieces, the time and the frame. Whatever
//! will not change any more is *settled*, handed out once; the line being said and the calls under way are the *foot*.

mod call;
mod look;
mod speech;
mod tally;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainspring_api::event::{Delta, DeltaKind, EventView};
use mainspring_types::Timestamp;

pub(crate) use self::tally::dollars;
use self::{
    call::{Card, Running},
    speech::{More, Speech},
    tally::Tally,
};
use super::{Entry, Prose, effect, entry, tool};
use crate::output::{Tone, count};

/// Where the agent is talked with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// In one run, whose end tells what it used.
    Run,
    /// Over many turns, each of which tells what it used.
    Chat,
}

/// What has been seen of a model agent so far.
pub(crate) struct Talk {
    place: Place,
    /// What is settled and not handed out yet.
    done: VecDeque<Block>,
    /// What was handed out last: a blank line stands between things of different kinds.
    last: Option<Kind>,
    prose: Prose,
    speech: Speech,
    /// What is being said now, as far as it is not settled.
    saying: Option<Saying>,
    /// The tool calls that the model is writing, by name.
    writing: Vec<String>,
    running: Vec<Running>,
    /// The models that are being asked, by effect.
    asking: BTreeMap<String, String>,
    /// Calls that are over; one that is answered again from the journal is not shown again.
    over: BTreeSet<String>,
    /// Calls answered again since an attempt was lost.
    again: u64,
    is_lost: bool,
    /// What waits for a decision, by gate.
    gates: BTreeMap<String, String>,
    /// How often each tool was called.
    called: BTreeMap<String, u64>,
    /// Messages that are on the terminal already.
    echoed: VecDeque<String>,
    /// What is happening besides, in words.
    stage: Option<String>,
    trouble: Option<String>,
    tally: Tally,
    is_working: bool,
    ended: Option<String>,
}

/// What is being said.
struct Saying {
    kind: Kind,
    text: String,
}

/// Something that will not change any more.
enum Block {
    /// A piece of what is said; lines are complete unless more of them follows.
    Said(Kind, String),
    /// What is being said is complete.
    Full(Kind),
    Message(String),
    Card(Box<Card>),
    Note(Tone, String),
    Used(String),
}

/// What kind of thing stands on the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Thinking,
    Message,
    Work,
    Used,
}

impl Talk {
    /// A conversation of which nothing has been seen; these messages are on the terminal already.
    pub(crate) fn new(place: Place, echoed: impl IntoIterator<Item = String>) -> Self {
        Self {
            place,
            done: VecDeque::new(),
            last: None,
            prose: Prose::default(),
            speech: Speech::default(),
            saying: None,
            writing: Vec::new(),
            running: Vec::new(),
            asking: BTreeMap::new(),
            over: BTreeSet::new(),
            again: 0,
            is_lost: false,
            gates: BTreeMap::new(),
            called: BTreeMap::new(),
            echoed: echoed.into_iter().collect(),
            stage: None,
            trouble: None,
            tally: Tally::default(),
            is_working: true,
            ended: None,
        }
    }

    /// Whether the agent has something to do, as far as is known.
    pub(crate) fn is_working(&self) -> bool {
        self.is_working
    }

    /// Whether it waits for a decision.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.gates.is_empty()
    }

    /// The text of the turn that ended last.
    pub(crate) fn ended(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// A message that the person typed: shown at once, and not again when it is heard.
    pub(crate) fn say(&mut self, text: &str) {
        self.echoed.push_back(text.to_owned());
        self.finish();
        self.done.push_back(Block::Message(text.to_owned()));
    }

    /// What was typed was not heard by anybody.
    pub(crate) fn unsay(&mut self, text: &str) {
        self.echoed.retain(|echoed| echoed != text);
    }

    /// Nothing was said yet.
    pub(crate) fn wait(&mut self) {
        self.is_working = false;
    }

    /// What has settled is on the terminal already.
    pub(crate) fn forget(&mut self) {
        self.done.clear();
    }

    /// The tools that were called, and how often.
    pub(crate) fn tools(&self) -> String {
        if self.called.is_empty() {
            return "no tool was called yet".to_owned();
        }
        let tools: Vec<String> =
            self.called.iter().map(|(tool, times)| format!("{tool} × {times}")).collect();
        tools.join("\n")
    }

    /// A line of somebody else's.
    pub(crate) fn note(&mut self, tone: Tone, words: &str) {
        self.finish();
        self.done.push_back(Block::Note(tone, words.to_owned()));
    }

    /// Takes in a piece of what the model says.
    pub(crate) fn hear(&mut self, delta: &Delta) {
        self.is_working = true;
        self.stage = None;
        if delta.kind == DeltaKind::Tool {
            self.writing.push(delta.text.clone());
            return;
        }
        let kind = if delta.kind == DeltaKind::Text { Kind::Text } else { Kind::Thinking };
        if let Some(more) = self.speech.hear(delta) {
            self.speak(kind, more);
        }
    }

    fn speak(&mut self, kind: Kind, more: More) {
        self.tell_replays();
        if self.saying.as_ref().is_some_and(|saying| saying.kind != kind) || matches!(more, More::Instead(_))
        {
            self.finish();
        }
        let (More::On(text) | More::Instead(text)) = more;
        let saying = self.saying.get_or_insert_with(|| Saying { kind, text: String::new() });
        saying.text.push_str(&text);
        if let Some(end) = saying.text.rfind('\n') {
            let rest = saying.text.split_off(end + 1);
            let lines = std::mem::replace(&mut saying.text, rest);
            self.done.push_back(Block::Said(kind, lines));
        }
    }

    /// What was being said is over.
    fn finish(&mut self) {
        if let Some(saying) = self.saying.take() {
            if !saying.text.trim().is_empty() {
                self.done.push_back(Block::Said(saying.kind, saying.text));
            }
            self.done.push_back(Block::Full(saying.kind));
        }
    }

    /// Takes in the next entry.
    pub(crate) fn fold(&mut self, event: &EventView) {
        let entry = Entry(event);
        self.tally.fold(entry);
        match entry.kind().split_once('.') {
            Some(("effect" | "budget", _)) => self.fold_model(entry),
            Some(("tool", _)) => self.fold_tool(entry),
            Some(("gate" | "message" | "child" | "turn", _)) => self.fold_exchange(entry),
            _ => self.fold_run(entry),
        }
    }

    fn fold_model(&mut self, entry: Entry<'_>) {
        let effect = entry.text("effect").unwrap_or_default().to_owned();
        match entry.kind() {
            "effect.intended" | "effect.repeated" => {
                self.begin(entry.0.at);
                self.finish();
                self.tell_replays();
                self.asking.insert(effect, entry.text("model").unwrap_or("a model").to_owned());
            }
            "effect.committed" => {
                self.asking.remove(&effect);
                self.trouble = None;
            }
            "effect.replayed" | "effect.near" => self.answered_again(entry.0.at),
            "effect.retried" => self.trouble = effect::told(entry),
            "effect.failed" | "effect.unknown" => {
                self.asking.remove(&effect);
                self.trouble = effect::told(entry);
            }
            _ => {
                if let Some(words) = effect::told(entry) {
                    self.note(Tone::Warn, &words);
                }
            }
        }
    }

    fn fold_tool(&mut self, entry: Entry<'_>) {
        let effect = entry.text("effect").unwrap_or_default().to_owned();
        self.begin(entry.0.at);
        self.finish();
        if let Some(written) = self.writing.iter().position(|tool| Some(tool.as_str()) == entry.text("tool"))
        {
            self.writing.remove(written);
        }
        let position = self.running.iter().position(|running| running.effect == effect);
        let running = position.map(|position| self.running.remove(position));
        if entry.kind() == "tool.intended" {
            self.tell_replays();
            self.running.push(Running::new(entry));
            return;
        }
        if entry.kind() == "tool.replayed" && self.over.contains(&effect) {
            self.answered_again(entry.0.at);
            return;
        }
        self.over.insert(effect);
        *self.called.entry(entry.text("tool").unwrap_or("?").to_owned()).or_default() += 1;
        self.tell_replays();
        self.done.push_back(Block::Card(Box::new(Card::settle(entry, running))));
    }

    /// A call was answered from the journal, which is worth a word only after something was lost.
    fn answered_again(&mut self, at: Timestamp) {
        self.begin(at);
        self.again += u64::from(self.is_lost);
    }

    /// Something new happens: how much was answered from the journal before it.
    fn tell_replays(&mut self) {
        if self.again > 0 {
            let words = format!("↺ {} from the journal", count(self.again, "call"));
            (self.again, self.is_lost) = (0, false);
            self.note(Tone::Good, &words);
        }
    }

    fn fold_exchange(&mut self, entry: Entry<'_>) {
        match entry.kind() {
            "gate.opened" => {
                self.finish();
                self.is_working &= entry.text("kind") != Some("input");
                if entry.text("kind") != Some("input") {
                    let id = entry.text("gate_id").unwrap_or_default().to_owned();
                    self.gates.insert(id, tool::matter(entry));
                }
            }
            "gate.settled" => {
                let asked = self.gates.remove(entry.text("gate_id").unwrap_or_default());
                if let Some(asked) = asked {
                    let (tone, words) = tool::settled(entry);
                    let mark = if tone == Tone::Bad { "✗" } else { "✓" };
                    self.note(tone, &format!("{mark} {asked} · {words}"));
                }
            }
            "message.added" => self.message(entry.text("text").unwrap_or_default(), entry.0.at),
            "turn.ended" => self.end_turn(entry),
            _ => {
                if let Some((tone, words)) = tool::said(entry) {
                    self.note(tone.unwrap_or(Tone::Dim), &words);
                }
            }
        }
    }

    fn message(&mut self, text: &str, at: Timestamp) {
        self.begin(at);
        match self.echoed.iter().position(|echoed| echoed == text) {
            Some(position) => drop(self.echoed.remove(position)),
            None => {
                self.finish();
                self.done.push_back(Block::Message(text.to_owned()));
            }
        }
    }

    fn end_turn(&mut self, entry: Entry<'_>) {
        let text = entry.text("text").unwrap_or_default();
        if let Some(more) = self.speech.conclude(text) {
            self.speak(Kind::Text, more);
        }
        self.finish();
        self.rest();
        if self.place == Place::Chat {
            self.done.push_back(Block::Used(self.tally.words(entry.0.at)));
        }
        self.tally = Tally::default();
        self.ended = Some(text.to_owned());
    }

    fn fold_run(&mut self, entry: Entry<'_>) {
        match entry.kind() {
            "attempt.preparing" => self.stage = Some(entry::preparing(entry)),
            "attempt.started" => {
                self.begin(entry.0.at);
                self.stage = None;
                self.speech.restart();
            }
            "attempt.lost" => {
                self.rest();
                self.is_lost = true;
                self.note(Tone::Warn, &entry::lost(entry));
            }
            "attempt.ended" => {
                self.rest();
                if let Some(problem) = entry.problem() {
                    self.trouble = Some(problem.message);
                }
            }
            "log" => entry.lines().for_each(|line| self.note(Tone::Dim, &format!("│ {line}"))),
            "remark" | "run.paused" | "run.resumed" | "run.cancel_requested" => {
                let words = tool::said(entry).or_else(|| Some(entry::words(entry)));
                let (tone, words) = words.unwrap_or_default();
                self.note(tone.unwrap_or(Tone::Dim), &words);
            }
            "run.completed" | "run.failed" | "run.cancelled" => {
                self.finish();
                self.rest();
                self.gates.clear();
            }
            _ => {}
        }
    }

    /// The agent works on a turn.
    fn begin(&mut self, at: Timestamp) {
        self.is_working = true;
        self.tally.since.get_or_insert(at);
    }

    /// Nothing is under way any more.
    fn rest(&mut self) {
        self.is_working = false;
        self.stage = None;
        self.trouble = None;
        self.speech.restart();
        self.asking.clear();
        self.running.clear();
        self.writing.clear();
    }
}

#[cfg(test)]
mod tests;
