//! What callers say.

use std::{fmt::Write as _, sync::atomic::Ordering};

use super::{ANSWER, NEXT};

/// How a caller goes on from one call to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Talk {
    /// Every call is a question of its own, answered in one document.
    Questions,
    /// Conversations of so many turns: each call has everything in it that was said before.
    Conversations { turns: usize },
    /// Every call is a question of its own, answered as a stream.
    Streams,
}

/// What agents are told before everything else: 700 bytes.
const SYSTEM: &str = "You are a careful assistant that answers briefly and says what it does not know. ";

/// A talk as it stands.
pub(super) struct Said {
    talk: Talk,
    messages: String,
    turns: usize,
}

impl Said {
    pub(super) fn nothing(talk: Talk) -> Self {
        Self { talk, messages: String::new(), turns: 0 }
    }

    /// The body of the next call.
    pub(super) fn next(&mut self) -> String {
        let most = if let Talk::Conversations { turns } = self.talk { turns } else { 1 };
        if self.turns == 0 || self.turns == most {
            self.turns = 0;
            self.messages = format!(r#"{{"role":"system","content":"{}"}}"#, SYSTEM.repeat(9).trim_end());
        } else {
            self.say("assistant", &ANSWER);
        }
        self.turns += 1;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.say("user", &format!("Question {number}: how is it, and why is it not otherwise?"));
        let stream = if self.talk == Talk::Streams {
            r#","stream":true,"stream_options":{"include_usage":true}"#
        } else {
            ""
        };
        format!(r#"{{"model":"bench","max_tokens":4096{stream},"messages":[{}]}}"#, self.messages)
    }

    fn say(&mut self, role: &str, content: &str) {
        // Writing to text cannot fail.
        let _ = write!(self.messages, r#",{{"role":"{role}","content":"{content}"}}"#);
    }
}

/// Whether a request of ours asks for a stream.
pub(crate) fn asks_for_stream(body: &[u8]) -> bool {
    let asks = br#""stream":true"#;
    body.windows(asks.len()).any(|window| window == asks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(talk: Talk) -> Vec<usize> {
        let mut said = Said::nothing(talk);
        let mut count = || {
            let body: serde_json::Value = serde_json::from_str(&said.next()).expect("JSON");
            body["messages"].as_array().expect("messages").len()
        };
        (0..4).map(|_| count()).collect()
    }

    #[test]
    fn a_conversation_grows_to_its_turns_and_begins_again() {
        assert_eq!(counts(Talk::Conversations { turns: 3 }), [2, 4, 6, 2]);
        assert_eq!(counts(Talk::Questions), [2, 2, 2, 2]);
    }

    #[test]
    fn a_request_for_a_stream_is_known_by_its_body() {
        assert!(asks_for_stream(Said::nothing(Talk::Streams).next().as_bytes()));
        assert!(!asks_for_stream(Said::nothing(Talk::Questions).next().as_bytes()));
    }
}
