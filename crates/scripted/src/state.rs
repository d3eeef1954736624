//! What a script has answered so far: how often each rule fired, which ids were given out, which answers are stored.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mainspring_types::{Hash, Timestamp};
use serde_json::Value;

use crate::api::Family;

/// As many stored answers as a conversation could want to look back on; older ones are forgotten.
const STORED_MAX: usize = 1_000;

/// What the ids in answers look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Like those of the providers, and the same ones in the same order for the same seed.
    Seeded(u64),
    /// Of the same length, but counting up from 1, for tests that show them.
    Counting,
}

/// The memory of one script. Threads may share it; each answer takes what it needs in one step.
#[derive(Debug)]
pub struct State {
    ids: Ids,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    fired: BTreeMap<usize, u64>,
    minted: u64,
    stored: VecDeque<(String, Vec<Value>)>,
    admitted: VecDeque<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self::new(Ids::Seeded(0))
    }
}

impl State {
    /// A state in which nothing has been answered.
    pub fn new(ids: Ids) -> Self {
        Self { ids, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a firing of `rule` unless it has fired `times` already, and returns how many came before.
    pub(crate) fn fire(&self, rule: usize, times: Option<u64>) -> Option<u64> {
        let mut memory = self.memory();
        let fired = memory.fired.entry(rule).or_default();
        let before = *fired;
        (times.is_none_or(|times| before < times)).then(|| *fired += 1).map(|()| before)
    }

    /// Lets one call in, or says how long until the oldest of the last `calls` is `window` ago.
    pub(crate) fn admit(&self, calls: usize, window: Duration, now: Timestamp) -> Result<(), Duration> {
        let mut memory = self.memory();
        memory.admitted.retain(|at| now.since(*at) < window);
        if memory.admitted.len() >= calls {
            let oldest = memory.admitted.front().copied().unwrap_or(now);
            return Err(window.saturating_sub(now.since(oldest)));
        }
        memory.admitted.push_back(now);
        Ok(())
    }

    /// Keeps the items of a stored answer under its id.
    pub(crate) fn store(&self, id: &str, items: Vec<Value>) {
        let mut memory = self.memory();
        memory.stored.truncate(STORED_MAX - 1);
        memory.stored.push_front((id.to_owned(), items));
    }

    /// The items that were stored under `id`.
    pub(crate) fn stored(&self, id: &str) -> Option<Vec<Value>> {
        self.memory().stored.iter().find(|(known, _)| known == id).map(|(_, items)| items.clone())
    }

    /// A new id of a kind.
    pub(crate) fn mint(&self, kind: IdKind) -> String {
        let mut memory = self.memory();
        memory.minted += 1;
        let (prefix, length, letters) = kind.shape();
        match self.ids {
            Ids::Counting => format!("{prefix}{:0length$}", memory.minted),
            Ids::Seeded(seed) => prefix.to_owned() + &random_looking(seed, memory.minted, length, letters),
        }
    }
}

/// `length` letters that only the seed and the number decide.
fn random_looking(seed: u64, number: u64, length: usize, letters: &[u8]) -> String {
    let words = (0_u32..).flat_map(|part| {
        let digest = Hash::of(format!("{seed} {number} {part}").as_bytes()).to_hex();
        digest
            .into_bytes()
            .chunks(2)
            .map(|pair| usize::from(pair[0]) * 31 + usize::from(pair[1]))
            .collect::<Vec<_>>()
    });
    words.take(length).map(|word| char::from(letters[word % letters.len()])).collect()
}

/// What an id names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdKind {
    AnthropicMessage,
    AnthropicCall,
    AnthropicRequest,
    OpenAiCall,
    OpenAiRequest,
    Completion,
    Response,
    ResponseMessage,
    ResponseReasoning,
    ResponseFunction,
    ResponseCustom,
    GeminiResponse,
    GeminiCall,
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &[u8] = b"0123456789abcdef";

impl IdKind {
    /// The id of a request, which the answer carries in its head.
    pub(crate) const fn request(family: Family) -> Self {
        match family {
            Family::Anthropic => Self::AnthropicRequest,
            Family::OpenAi | Family::Gemini => Self::OpenAiRequest,
        }
    }

    /// What the id begins with, how many letters follow and which these are.
    const fn shape(self) -> (&'static str, usize, &'static [u8]) {
        match self {
            Self::AnthropicMessage => ("msg_01", 22, BASE62),
            Self::AnthropicCall => ("toolu_01", 22, BASE62),
            Self::AnthropicRequest => ("req_011", 21, BASE62),
            Self::OpenAiCall => ("call_", 24, BASE62),
            Self::OpenAiRequest => ("req_", 32, HEX),
            Self::Completion => ("chatcmpl-", 29, BASE62),
            Self::Response => ("resp_", 48, HEX),
            Self::ResponseMessage => ("msg_", 48, HEX),
            Self::ResponseReasoning => ("rs_", 48, HEX),
            Self::ResponseFunction => ("fc_", 48, HEX),
            Self::ResponseCustom => ("ctc_", 48, HEX),
            Self::GeminiResponse => ("", 22, BASE62),
            Self::GeminiCall => ("", 16, HEX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_the_seed_alone() {
        let first = |ids| State::new(ids).mint(IdKind::OpenAiCall);
        assert_eq!(first(Ids::Seeded(7)), first(Ids::Seeded(7)));
        assert_ne!(first(Ids::Seeded(7)), first(Ids::Seeded(8)));
        assert_eq!(first(Ids::Seeded(7)).len(), "call_".len() + 24);
        assert_eq!(first(Ids::Counting), "call_000000000000000000000001");
    }

    #[test]
    fn a_rule_fires_as_often_as_it_may() {
        let state = State::default();
        let fired: Vec<_> = (0..3).map(|_| state.fire(0, Some(2))).collect();
        assert_eq!(fired, [Some(0), Some(1), None]);
        assert_eq!(state.fire(1, None), Some(0));
    }

    #[test]
    fn a_window_lets_in_so_many_calls_and_says_when_the_next_may_come() {
        let (state, window) = (State::default(), Duration::from_secs(10));
        let ask = |seconds: i64| state.admit(2, window, Timestamp::from_millis(seconds * 1000));
        assert_eq!((ask(0), ask(4)), (Ok(()), Ok(())));
        assert_eq!(ask(7), Err(Duration::from_secs(3)));
        assert_eq!(ask(10), Ok(()));
    }
}
