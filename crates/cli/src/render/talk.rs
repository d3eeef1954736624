//! A model agent as it works: what it says as it says it, its tool calls as cards, what it asks, what it has used.
//!
//! Pure like [`super::Progress`]: what is shown follows from the entries, the pieces, the time and the frame. Whatever
//! will not change any more is *settled*, handed out once; the line being said and the calls under way are the *foot*.

mod call;
mod fold;
mod look;
mod speech;
mod tally;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mainspring_api::event::{Delta, DeltaKind};
use serde_json::Value;

pub(crate) use self::tally::dollars;
use self::{
    call::{Card, Running},
    speech::{More, Speech},
    tally::Tally,
};
use super::Prose;
use crate::output::Tone;

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
    /// What follows what is being said. Words are on their way longer than entries are: it is held until no more come.
    held: Vec<Block>,
    /// In which frame it was first held without more words.
    quiet: Option<usize>,
    /// What was handed out last: a blank line stands between things of different kinds.
    last: Option<Kind>,
    prose: Prose,
    speech: Speech,
    /// What is being said now, as far as it is not settled.
    saying: Option<Saying>,
    /// The turn and the model call that were heard last.
    heard: (u32, u32),
    /// The model call that led to the latest tool call.
    led_to: (u32, u32),
    /// The tools whose call somebody refused: that is told, and what it means for the call need not be.
    refused: Vec<String>,
    /// The tool calls that the model is writing, by name.
    writing: Vec<String>,
    running: Vec<Running>,
    /// Calls that another run works on; the agent itself may be at rest meanwhile.
    children: Vec<Running>,
    /// What the calls of this turn were made with, by effect: later entries do not say it again.
    arguments: BTreeMap<String, Value>,
    /// The models that are being asked, by effect.
    asking: BTreeMap<String, String>,
    /// Calls that are over; one that is answered again from the journal is not shown again.
    over: BTreeSet<String>,
    /// Calls answered again since an attempt was lost.
    again: u64,
    is_lost: bool,
    /// What waits for a decision, by gate.
    gates: BTreeMap<String, Waiting>,
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

/// What waits for a decision.
struct Waiting {
    /// What is asked, in one line.
    matter: String,
    /// The tool that is to be called.
    tool: Option<String>,
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
    Full,
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
            held: Vec::new(),
            quiet: None,
            last: None,
            prose: Prose::default(),
            speech: Speech::default(),
            saying: None,
            heard: (0, 0),
            led_to: (0, 0),
            refused: Vec::new(),
            writing: Vec::new(),
            running: Vec::new(),
            children: Vec::new(),
            arguments: BTreeMap::new(),
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
        self.is_working || !self.children.is_empty()
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
        self.add_message(text);
    }

    fn add_message(&mut self, text: &str) {
        self.flush();
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
        self.flush();
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
        self.held.push(Block::Note(tone, words.to_owned()));
    }

    /// Takes in a piece of what the model says.
    pub(crate) fn hear(&mut self, delta: &Delta) {
        if self.speech.is_over(delta) {
            return;
        }
        self.is_working = true;
        self.stage = None;
        match delta.kind {
            DeltaKind::Tool => return self.writing.push(delta.text.clone()),
            DeltaKind::Again => {
                self.writing.clear();
                return self.speech.repeat(delta);
            }
            DeltaKind::Text | DeltaKind::Thinking => {}
        }
        let kind = if delta.kind == DeltaKind::Text { Kind::Text } else { Kind::Thinking };
        let Some(more) = self.speech.hear(delta) else { return };
        let place = (delta.turn, delta.call);
        if self.heard < place {
            self.heard = place;
            // What is held may be what these very words led to.
            if self.led_to < place {
                self.flush();
            }
        }
        self.quiet = None;
        self.speak(kind, more);
    }

    fn speak(&mut self, kind: Kind, more: More) {
        if self.tell_replays() {
            self.flush();
        }
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

    /// What is held follows what was said.
    fn flush(&mut self) {
        self.finish();
        self.done.extend(self.held.drain(..));
        self.quiet = None;
    }

    /// What was being said is over.
    fn finish(&mut self) {
        if let Some(saying) = self.saying.take() {
            if !saying.text.trim().is_empty() {
                self.done.push_back(Block::Said(saying.kind, saying.text));
            }
            self.done.push_back(Block::Full);
        }
    }
}

#[cfg(test)]
mod tests;
