//! Callers: each has a connection, asks one thing after the other, and reads each answer to its end.

mod caller;
mod talk;

use std::{
    sync::{LazyLock, atomic::AtomicU64},
    time::{Duration, Instant},
};

use crate::{
    board::Point,
    measure::{Interval, cpu_of, quantile},
    peer::{Door, Peer},
};

pub(crate) use self::{
    caller::Caller,
    talk::{Talk, asks_for_stream},
};

/// Words of a streamed answer.
pub(crate) const EVENTS: usize = 1000;

/// What an answer in one document says.
pub(crate) static ANSWER: LazyLock<String> = LazyLock::new(|| "so it is said ".repeat(46));

/// The number of the next question: no two calls are the same.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// What became of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    /// From the question to the first byte of the answer's body.
    pub(crate) first: Duration,
    /// From the question to the end of the answer.
    pub(crate) whole: Duration,
    /// Events of the answer, if it was a stream.
    pub(crate) events: usize,
}

/// What callers did in an interval, and what that took the process they called.
pub(crate) struct Load {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) others: f64,
    pub(crate) heard: Vec<Heard>,
}

/// So many callers talk to a peer for `length`; measured is the processor time of that peer alone.
pub(crate) async fn drive(peer: &Peer, concurrency: usize, talk: Talk, length: Duration) -> Load {
    let mut callers = Vec::new();
    for place in 0..concurrency {
        callers.push(Caller::connect(&peer.door.url, tokens(&peer.door, place, concurrency)).await);
    }
    let (interval, before, began) = (Interval::begin(), cpu_of(peer.pid()), Instant::now());
    let until = began + length;
    let callers: Vec<_> =
        callers.into_iter().map(|caller| tokio::spawn(caller.talk_until(talk, until))).collect();
    let mut heard = Vec::new();
    for caller in callers {
        heard.extend(caller.await.expect("a caller ends"));
    }
    let (wall, cpu) = (began.elapsed(), cpu_of(peer.pid()).saturating_sub(before));
    Load { wall, cpu, others: interval.others(), heard }
}

/// The tokens of one caller among several: each run is called by one of them, and all runs are called.
fn tokens(door: &Door, place: usize, callers: usize) -> Vec<String> {
    if door.tokens.is_empty() {
        return vec!["no-key".to_owned()];
    }
    door.tokens.iter().skip(place).step_by(callers).cloned().collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
impl Load {
    pub(crate) fn calls_per_s(&self) -> f64 {
        self.heard.len() as f64 / self.wall.as_secs_f64()
    }

    pub(crate) fn cpu_ms_per_call(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.heard.len().max(1) as f64
    }

    pub(crate) fn events_per_s(&self) -> f64 {
        self.events() / self.wall.as_secs_f64()
    }

    pub(crate) fn cpu_us_per_event(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.events().max(1.0)
    }

    /// What a share `q` of the calls do not exceed, in milliseconds.
    pub(crate) fn quantile_ms(&self, of: fn(&Heard) -> Duration, q: f64) -> f64 {
        let mut times: Vec<Duration> = self.heard.iter().map(of).collect();
        times.sort_unstable();
        quantile(&times, q)
    }

    /// These figures at this concurrency.
    pub(crate) fn point(&self, concurrency: usize, figures: Vec<f64>) -> Point {
        Point { concurrency, figures, others: self.others }
    }

    fn events(&self) -> f64 {
        self.heard.iter().map(|heard| heard.events).sum::<usize>() as f64
    }
}
