//! What a model has said, piece by piece, so that nothing is shown twice.
//!
//! Pieces are not journaled: some are missing after a break, and a repeated attempt says all of them again. What was
//! shown of each call is remembered for the turn, and only what goes beyond it is handed on. At the end of the turn
//! the committed text decides.

use std::collections::BTreeMap;

use mainspring_api::event::{Delta, DeltaKind};

/// One of a turn's model calls, and what is heard of it.
type Place = (u32, u32, bool);

/// What was said in the turn so far.
#[derive(Default)]
pub(super) struct Speech {
    said: BTreeMap<Place, Said>,
    /// The text that was said last.
    last: Option<Place>,
    /// The turn and the call that were heard last.
    heard: (u32, u32),
    /// An attempt is over, and it is not known yet whether a piece is still its own.
    may_restart: bool,
    /// The turn that ended last: what is still on its way from it was shown at its end.
    ended: u32,
}

#[derive(Default)]
struct Said {
    /// What was shown.
    shown: String,
    /// What the attempt that is heard now has said.
    heard: String,
}

/// What is to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum More {
    /// This follows what was shown.
    On(String),
    /// This stands in place of what was shown, which is not what is said now.
    Instead(String),
}

impl Speech {
    /// Whether the piece is of a turn that has ended: it was shown at its end.
    pub(super) fn is_over(&self, delta: &Delta) -> bool {
        delta.turn <= self.ended
    }

    /// Takes in a piece.
    pub(super) fn hear(&mut self, delta: &Delta) -> Option<More> {
        let is_text = delta.kind == DeltaKind::Text;
        let place = (delta.turn, delta.call, is_text);
        if is_text {
            self.last = Some(place);
        }
        self.notice_restart(delta, place);
        let said = self.said.entry(place).or_default();
        said.heard.push_str(&delta.text);
        if said.shown.starts_with(&said.heard) {
            return None;
        }
        let more = match said.heard.strip_prefix(&said.shown) {
            Some(more) => More::On(more.to_owned()),
            None => More::Instead(said.heard.clone()),
        };
        said.shown.clone_from(&said.heard);
        Some(more)
    }

    /// The call is made again: it says everything anew.
    pub(super) fn repeat(&mut self, delta: &Delta) {
        for is_text in [true, false] {
            if let Some(said) = self.said.get_mut(&(delta.turn, delta.call, is_text)) {
                said.heard.clear();
            }
        }
    }

    /// The attempt was cut off: what is heard next is another's.
    pub(super) fn restart(&mut self) {
        self.said.values_mut().for_each(|said| said.heard.clear());
        self.may_restart = false;
    }

    /// The attempt is over: the next says everything anew, once the last pieces of this one have come.
    pub(super) fn end(&mut self) {
        self.may_restart = true;
    }

    /// Another attempt speaks when an earlier call is heard again, or a call from its beginning.
    fn notice_restart(&mut self, delta: &Delta, place: Place) {
        let at = (delta.turn, delta.call);
        let is_back = at < std::mem::replace(&mut self.heard, at);
        let begins = |said: &Said| !said.heard.is_empty() && said.shown.starts_with(&delta.text);
        if is_back || (self.may_restart && self.said.get(&place).is_some_and(begins)) {
            self.restart();
        }
    }

    /// The turn is over with this text, or with one that begins so: a long one is committed cut. What of it was not
    /// shown, and all that is shown then.
    pub(super) fn conclude(&mut self, turn: u32, text: &str) -> (Option<More>, String) {
        self.ended = self.ended.max(turn);
        let said = self.last.take().and_then(|place| self.said.remove(&place)).unwrap_or_default();
        self.said.clear();
        let (shown, text) = (said.shown.trim(), text.trim());
        if !shown.is_empty() && shown.starts_with(text) {
            return (None, shown.to_owned());
        }
        let more = match text.strip_prefix(shown) {
            Some("") => None,
            Some(more) if !shown.is_empty() => {
                // The blank between the two may have been shown already.
                let has_blank = said.shown.ends_with(char::is_whitespace);
                Some(More::On(if has_blank { more.trim_start() } else { more }.to_owned()))
            }
            _ => Some(More::Instead(text.to_owned())),
        };
        (more, text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use mainspring_types::StepId;

    use super::*;

    fn hear(speech: &mut Speech, call: u32, text: &str) -> Option<More> {
        hear_in(speech, 1, call, text)
    }

    fn hear_in(speech: &mut Speech, turn: u32, call: u32, text: &str) -> Option<More> {
        speech.hear(&piece(turn, call, text))
    }

    fn piece(turn: u32, call: u32, text: &str) -> Delta {
        let step = StepId::new("main").expect("a step name");
        Delta { step, turn, call, kind: DeltaKind::Text, text: text.to_owned() }
    }

    fn on(text: &str) -> More {
        More::On(text.to_owned())
    }

    #[test]
    fn a_repeated_attempt_shows_nothing_twice() {
        let mut speech = Speech::default();
        assert_eq!(hear(&mut speech, 1, "Hel"), Some(on("Hel")));
        speech.restart();
        assert_eq!(hear(&mut speech, 1, "He"), None);
        assert_eq!(hear(&mut speech, 1, "llo"), Some(on("lo")));
        assert_eq!(hear(&mut speech, 2, "Next"), Some(on("Next")));
        assert_eq!(hear(&mut speech, 1, "Hello"), None);
        assert_eq!(hear(&mut speech, 2, "Next"), None);
        assert_eq!(speech.conclude(1, "Next").0, None);
    }

    #[test]
    fn the_end_of_an_attempt_may_be_told_before_its_last_words() {
        let mut speech = Speech::default();
        hear(&mut speech, 1, "I remove");
        speech.end();
        assert_eq!(hear(&mut speech, 1, " the build."), Some(on(" the build.")));
        assert_eq!(hear(&mut speech, 1, "I remove the build."), None);
    }

    #[test]
    fn the_committed_text_completes_what_was_heard() {
        let concluded = |said: &str, text: &str| {
            let mut speech = Speech::default();
            hear(&mut speech, 1, said);
            speech.conclude(1, text)
        };
        assert_eq!(concluded("The answer", "The answer is 4.\n").0, Some(on(" is 4.")));
        assert_eq!(concluded("The answer ", "The answer is 4.").0, Some(on("is 4.")));
        assert_eq!(concluded("", "Unheard.").0, Some(More::Instead("Unheard.".to_owned())));
        assert_eq!(concluded("", ""), (None, String::new()));
        assert_eq!(concluded("A long answer", "A long"), (None, "A long answer".to_owned()));
    }

    #[test]
    fn what_comes_after_the_end_of_its_turn_was_shown_already() {
        let mut speech = Speech::default();
        assert_eq!(speech.conclude(1, "Done.").0, Some(More::Instead("Done.".to_owned())));
        assert!(speech.is_over(&piece(1, 1, "Done.")) && !speech.is_over(&piece(2, 1, "Done.")));
        assert_eq!(hear_in(&mut speech, 2, 1, "Next"), Some(on("Next")));
    }

    #[test]
    fn what_has_a_gap_is_shown_whole_once_it_is_committed() {
        let mut speech = Speech::default();
        hear(&mut speech, 1, "The ");
        hear(&mut speech, 1, "is 4.");
        assert_eq!(
            speech.conclude(1, "The answer is 4.").0,
            Some(More::Instead("The answer is 4.".to_owned()))
        );
    }

    #[test]
    fn another_answer_takes_the_place_of_the_first() {
        let mut speech = Speech::default();
        hear(&mut speech, 1, "One");
        speech.restart();
        assert_eq!(hear(&mut speech, 1, "Two"), Some(More::Instead("Two".to_owned())));
    }
}
