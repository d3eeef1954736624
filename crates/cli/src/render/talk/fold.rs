//! What each entry of the journal means for the talk.

use mainspring_api::event::EventView;
use mainspring_types::Timestamp;
use serde_json::Value;

use super::{
    Block, Kind, Place, Talk, Waiting,
    call::{Card, Running},
    speech::More,
    tally::Tally,
};
use crate::{
    output::{Tone, count},
    render::{Entry, effect, entry, tool},
};

/// Messages up to so many bytes are told whole.
const TOLD_WHOLE_MAX: usize = 1_990;

impl Talk {
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
        if let Some(written) = self.writing.iter().position(|tool| Some(tool.as_str()) == entry.text("tool"))
        {
            self.writing.remove(written);
        }
        let is_it = |running: &Running| running.effect == effect;
        let child = self.children.iter().position(is_it).map(|at| self.children.remove(at));
        let running = self.running.iter().position(is_it).map(|at| self.running.remove(at)).or(child);
        if let Some(arguments) = entry.0.data.get("arguments") {
            self.arguments.insert(effect.clone(), arguments.clone());
        }
        if entry.kind() == "tool.intended" {
            self.tell_replays();
            self.led_to = self.led_to.max(led_by(entry));
            self.running.push(Running::new(entry));
            return;
        }
        if entry.kind() == "tool.replayed" && self.over.contains(&effect) {
            self.answered_again(entry.0.at);
            return;
        }
        let arguments = self.arguments.get(&effect).cloned().unwrap_or(Value::Null);
        self.over.insert(effect);
        *self.called.entry(entry.text("tool").unwrap_or("?").to_owned()).or_default() += 1;
        self.tell_replays();
        let refused = self.refused.iter().position(|tool| Some(tool.as_str()) == entry.text("tool"));
        let is_refused = running.is_none() && refused.map(|at| self.refused.remove(at)).is_some();
        let card = Card::settle(entry, running, arguments);
        if !is_refused && !card.is_told() {
            self.held.push(Block::Card(Box::new(card)));
        }
    }

    /// A call was answered from the journal, which is worth a word only after something was lost.
    fn answered_again(&mut self, at: Timestamp) {
        self.begin(at);
        self.again += u64::from(self.is_lost);
    }

    /// Something new happens: how much was answered from the journal before it. Whether there is something to tell.
    pub(super) fn tell_replays(&mut self) -> bool {
        let again = std::mem::take(&mut self.again);
        if again > 0 {
            self.is_lost = false;
            self.note(Tone::Good, &format!("↺ {} from the journal", count(again, "call")));
        }
        again > 0
    }

    fn fold_exchange(&mut self, entry: Entry<'_>) {
        match entry.kind() {
            "gate.opened" => {
                self.is_working &= entry.text("kind") != Some("input");
                if entry.text("kind") != Some("input") {
                    let id = entry.text("gate_id").unwrap_or_default().to_owned();
                    let tool = entry.text("tool").map(str::to_owned);
                    self.gates.insert(id, Waiting { matter: tool::matter(entry), tool });
                }
            }
            "gate.settled" => {
                let asked = self.gates.remove(entry.text("gate_id").unwrap_or_default());
                if let Some(Waiting { matter, tool }) = asked {
                    let (tone, words) = tool::settled(entry);
                    let is_refused = entry.text("action") == Some("deny");
                    self.refused.extend(tool.filter(|_| is_refused));
                    let mark = match entry.text("action") {
                        Some("deny") => "✗",
                        Some("withdraw") => "■",
                        _ => "✓",
                    };
                    self.note(tone, &format!("{mark} {matter} · {words}"));
                }
            }
            "child.started" => {
                let known =
                    self.running.iter().position(|call| Some(call.effect.as_str()) == entry.text("effect"));
                let call = known.map(|at| self.running.remove(at));
                self.children.push(Running::child(entry, call));
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
        if let Some(position) = self.echoed.iter().position(|echoed| is_begun_by(echoed, text)) {
            self.echoed.remove(position);
        } else {
            self.add_message(text);
        }
    }

    fn end_turn(&mut self, entry: Entry<'_>) {
        let text = entry.text("text").unwrap_or_default();
        let turn = entry.number("turn").and_then(|turn| u32::try_from(turn).ok()).unwrap_or(0);
        let (more, said) = self.speech.conclude(turn, text);
        if let Some(more) = more {
            if matches!(more, More::Instead(_)) {
                self.flush();
            }
            self.speak(Kind::Text, more);
        }
        self.flush();
        self.rest();
        if self.place == Place::Chat {
            self.done.push_back(Block::Used(self.tally.words(entry.0.at)));
        }
        self.tally = Tally::default();
        self.arguments.clear();
        self.ended = Some(said);
    }

    fn fold_run(&mut self, entry: Entry<'_>) {
        match entry.kind() {
            "attempt.preparing" => self.stage = Some(entry::preparing(entry)),
            "attempt.started" => {
                self.begin(entry.0.at);
                self.stage = None;
            }
            "attempt.lost" => {
                self.rest();
                self.speech.restart();
                self.is_lost = true;
                self.note(Tone::Warn, &entry::lost(entry));
            }
            "attempt.ended" => {
                self.rest();
                self.speech.end();
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
                self.flush();
                self.rest();
                self.gates.clear();
                self.children.clear();
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
        self.asking.clear();
        self.running.clear();
        self.writing.clear();
    }
}

/// The turn and the model call that a tool call stands in: `TURN.CALL.INDEX`.
fn led_by(entry: Entry<'_>) -> (u32, u32) {
    let mut numbers =
        entry.text("position").unwrap_or_default().split('.').map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Whether a message is told with this text: long ones are told cut.
fn is_begun_by(message: &str, text: &str) -> bool {
    message == text || (text.len() > TOLD_WHOLE_MAX && message.starts_with(text))
}
