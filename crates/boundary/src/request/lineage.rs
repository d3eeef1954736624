//! Where a request stands in its conversation, told by hash chains over its messages.
//!
//! ```text
//!    system   user   model model   tool tool        the messages of a request
//!  seed ──●──────●──────────────●───────────●
//!              previous      parent       own
//! ```
//!
//! A conversation grows at its end, so `previous` of a request is `own` of the one whose answer it carries on. The
//! chain runs over loose forms: a date in a prompt or a mark for caching that moves on does not tear it.

use mainspring_types::{Hash, Hasher};

use super::dialect::Author;

/// Where a request stands in its conversation: hash chains over its masked messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lineage {
    /// Up to and including the last message a model wrote; for a first call, up to the end of the system prompt.
    pub parent: Hash,
    /// Everything before the last run of messages a model wrote: `own` of the call that produced them.
    pub previous: Option<Hash>,
    /// All messages.
    pub own: Hash,
}

/// Follows the messages of one request in their order.
pub(super) struct Trail {
    lineage: Lineage,
    last: Last,
}

/// What the newest message was part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// The system prompt, with nothing before it but its like.
    Prompt,
    /// A run of messages that a model wrote.
    Run,
    /// Anything else.
    Other,
}

impl Trail {
    /// Starts behind whatever comes before the first message.
    pub(super) fn from(seed: Hash) -> Self {
        Self { lineage: Lineage { parent: seed, previous: None, own: seed }, last: Last::Prompt }
    }

    /// Takes in the next message.
    pub(super) fn add(&mut self, author: Author, loose: Hash) {
        let before = self.lineage.own;
        self.lineage.own = linked(before, loose);
        self.last = match (author, self.last) {
            (Author::Model, Last::Run) => Last::Run,
            (Author::Model, _) => {
                self.lineage.previous = Some(before);
                Last::Run
            }
            (Author::System, Last::Prompt) => Last::Prompt,
            _ => Last::Other,
        };
        if self.last != Last::Other {
            self.lineage.parent = self.lineage.own;
        }
    }

    /// Where the request stands, now that all its messages were taken in.
    pub(super) fn end(self) -> Lineage {
        self.lineage
    }
}

fn linked(before: Hash, loose: Hash) -> Hash {
    let mut hasher = Hasher::new();
    hasher.update(before.as_bytes());
    hasher.update(loose.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows messages given by letters: `s` for the system's, `m` for a model's, others for the agent's.
    fn follow(letters: &str) -> Lineage {
        let mut trail = Trail::from(Hash::of(b"seed"));
        for letter in letters.bytes() {
            let author = match letter {
                b's' => Author::System,
                b'm' => Author::Model,
                _ => Author::Agent,
            };
            trail.add(author, Hash::of(&[letter]));
        }
        trail.end()
    }

    #[test]
    fn a_request_goes_on_from_the_one_whose_answer_it_carries() {
        for (turn, next) in [("su", "sumt"), ("sumt", "sumtmt"), ("u", "ummmtt"), ("summtt", "summttmu")] {
            assert_eq!(follow(next).previous, Some(follow(turn).own), "{turn} {next}");
        }
    }

    #[test]
    fn the_parent_ends_with_what_the_model_wrote() {
        assert_eq!(follow("summtt").parent, follow("summ").own);
        assert_eq!(follow("summtt").parent, follow("summu").parent);
        assert_ne!(follow("summtt").parent, follow("sumtt").parent);
    }

    #[test]
    fn a_first_call_comes_from_its_system_prompt() {
        assert_eq!(
            follow("ssu"),
            Lineage { parent: follow("ss").own, previous: None, own: follow("ssu").own }
        );
        assert_eq!(follow("uv").parent, Hash::of(b"seed"));
        // A reminder of the system within the conversation is no prompt.
        assert_eq!(follow("sus").parent, follow("s").own);
    }
}
