//! Messages that wait for an answer, and what was answered.

use mainspring_core::{Ask, AttemptEnd, Request};
use mainspring_store::{Fault, RunKey};
use tokio::sync::oneshot::{Receiver, Sender, channel, error::TryRecvError};

use crate::{Accepted, Refused};

/// What a message was about.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// The creation of this run, sent by its client.
    Create(RunKey),
    /// A request.
    Ask { key: RunKey, request: Box<Request>, from: From },
    /// The start of a server's life.
    Recover,
    /// A version or a blob.
    Stock,
}

/// Who sent a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum From {
    Client,
    Engine,
    /// The worker with this holding, which waits for the answer.
    Worker(u64),
    /// The network, delivering a report once more.
    Repeat,
    /// A worker whose attempt no longer counts.
    Zombie,
}

/// How a message was answered.
#[derive(Debug)]
pub(super) enum Said {
    Accepted(Accepted),
    Done,
    Refused(Refused),
    /// The server ended first.
    Lost,
}

/// What waits for an answer.
#[derive(Default)]
pub(super) struct Mail {
    awaited: Vec<Awaited>,
}

struct Awaited {
    about: About,
    answer: Answer,
    said: Option<Said>,
}

enum Answer {
    Accepted(Receiver<Result<Accepted, Refused>>),
    Done(Receiver<Result<(), Refused>>),
    Recovered(Receiver<Result<usize, Refused>>),
}

impl Mail {
    pub(super) fn for_creation(&mut self, key: RunKey) -> Sender<Result<Accepted, Refused>> {
        let (reply, answer) = channel();
        self.expect(About::Create(key), Answer::Accepted(answer));
        reply
    }

    pub(super) fn for_request(&mut self, about: About) -> Sender<Result<(), Refused>> {
        let (reply, answer) = channel();
        self.expect(about, Answer::Done(answer));
        reply
    }

    pub(super) fn for_recovery(&mut self) -> Sender<Result<usize, Refused>> {
        let (reply, answer) = channel();
        self.expect(About::Recover, Answer::Recovered(answer));
        reply
    }

    fn expect(&mut self, about: About, answer: Answer) {
        self.awaited.push(Awaited { about, answer, said: None });
    }

    /// An answer that was given by now and says more than that the store failed.
    pub(super) fn answered_early(&mut self) -> Option<String> {
        self.collect();
        let more = |said: &Said| !matches!(said, Said::Refused(Refused::Fault(_)));
        let early = self.awaited.iter().find(|awaited| awaited.said.as_ref().is_some_and(more));
        early.map(|awaited| format!("{:?}: {:?}", awaited.about, awaited.said))
    }

    /// What was answered since this was last asked for.
    pub(super) fn open(&mut self) -> Vec<(About, Said)> {
        self.collect();
        let (said, awaited) =
            std::mem::take(&mut self.awaited).into_iter().partition(|awaited| awaited.said.is_some());
        self.awaited = awaited;
        let open = |awaited: Awaited| awaited.said.map(|said| (awaited.about, said));
        Vec::into_iter(said).filter_map(open).collect()
    }

    /// How many answers are outstanding.
    pub(super) fn outstanding(&self) -> usize {
        self.awaited.len()
    }

    fn collect(&mut self) {
        for awaited in self.awaited.iter_mut().filter(|awaited| awaited.said.is_none()) {
            awaited.said = awaited.answer.try_take();
        }
    }
}

impl Answer {
    fn try_take(&mut self) -> Option<Said> {
        match self {
            Self::Accepted(answer) => take(answer, Said::Accepted),
            Self::Done(answer) => take(answer, |()| Said::Done),
            Self::Recovered(answer) => take(answer, |_| Said::Done),
        }
    }
}

fn take<T>(answer: &mut Receiver<Result<T, Refused>>, said: fn(T) -> Said) -> Option<Said> {
    match answer.try_recv() {
        Ok(Ok(answer)) => Some(said(answer)),
        Ok(Err(refused)) => Some(Said::Refused(refused)),
        Err(TryRecvError::Closed) => Some(Said::Lost),
        Err(TryRecvError::Empty) => None,
    }
}

impl Said {
    /// Whether the sender may have to send again: it does not know that the message counted.
    pub(super) const fn is_unsure(&self) -> bool {
        matches!(self, Self::Lost | Self::Refused(Refused::Fault(_)))
    }

    /// Whether the sender was told that nothing of the message counts.
    pub(super) const fn is_undone(&self) -> bool {
        matches!(self, Self::Refused(Refused::Fault(Fault::Full | Fault::Refused { .. })))
    }
}

/// The request in a few words.
pub(super) fn words(request: &Request) -> String {
    match &request.ask {
        Ask::EndAttempt { step, attempt, end, .. } => match end {
            AttemptEnd::Done { output } => format!("{step}/{attempt} is done with {}", output.hash),
            AttemptEnd::Failed(failure) => format!("{step}/{attempt} failed, {:?}", failure.class),
            AttemptEnd::Parked(wait) => format!("{step}/{attempt} waits for {wait:?}"),
            AttemptEnd::Aborted {} => format!("{step}/{attempt} was aborted"),
        },
        Ask::LoseAttempt { step, attempt, loss } => format!("{step}/{attempt} is lost with its {loss:?}"),
        ask => format!("{ask:?}"),
    }
}
