//! The simulated world: who acts when, how batches settle, how servers end and begin, and how all is healed at last.

use std::collections::VecDeque;

use mainspring_core::{Ask, Principal, Request};
use mainspring_store::RunKey;
use mainspring_types::Timestamp;

use super::{
    Ledgers, Report,
    client::Clients,
    disk::Disk,
    laws::{self, Lawful, demand},
    mail::{About, From, Mail, Said, words},
    mishap::Mishap,
    prng::Prng,
    record::{Record, Slot},
    server::{Server, Settled},
    worker::Workers,
};
use crate::{Body, Message};

/// How many things happen before the world is healed.
const ACTIONS: u32 = 160;

/// How rough a universe is: drawn once, so that some seeds go deep and others break often.
pub(super) struct Temper {
    /// Of a hundred batches, how many meet a mishap.
    mishaps: u64,
    /// Of a thousand actions, how many end the server.
    crashes: u64,
    /// Of a hundred attempts about to report, how many fall silent instead.
    pub(super) silence: u64,
    /// Of a hundred attempts that end, how many wait at one gate that they share.
    pub(super) gates: u64,
}

/// How many rounds a healed world may take until every run has ended.
const ROUNDS_MAX: u32 = 300;

/// How many lines of the trace are kept.
const TRACE_MAX: usize = 60;

/// Everything there is in one simulation.
pub(super) struct Universe {
    pub(super) prng: Prng,
    pub(super) now: Timestamp,
    pub(super) server: Server,
    pub(super) mail: Mail,
    pub(super) clients: Clients,
    pub(super) workers: Workers,
    pub(super) record: Record,
    pub(super) report: Report,
    pub(super) temper: Temper,
    /// What went wrong in the latest batch.
    mishap: Mishap,
    pub(super) told: VecDeque<String>,
}

impl Universe {
    pub(super) fn new(seed: u64, ledgers: Ledgers) -> Self {
        let mut prng = Prng::new(seed);
        let temper = Temper {
            mishaps: prng.weigh(&[(2, 2), (3, 8), (1, 30)]),
            crashes: prng.weigh(&[(2, 1), (3, 10), (1, 40)]),
            silence: prng.weigh(&[(3, 2), (2, 10), (1, 85)]),
            gates: prng.weigh(&[(5, 2), (1, 60)]),
        };
        Self {
            prng,
            temper,
            mishap: Mishap::None,
            now: Timestamp::from_millis(1_700_000_000_000),
            server: Server::new(Disk::new(ledgers)),
            mail: Mail::default(),
            clients: Clients::default(),
            workers: Workers::default(),
            record: Record::default(),
            report: Report::default(),
            told: VecDeque::new(),
        }
    }

    /// Lives through everything the seed holds, then heals and takes stock.
    pub(super) fn live(&mut self) -> Lawful {
        self.start()?;
        for _ in 0..ACTIONS {
            self.act()?;
        }
        self.heal()?;
        self.take_stock()
    }

    fn act(&mut self) -> Lawful {
        self.report.actions += 1;
        if self.prng.below(1_000) < self.temper.crashes {
            return self.restart();
        }
        match self.prng.below(100) {
            0..40 if self.server.has_work(self.now) => return self.deliver(),
            0..74 => return self.work(),
            74..92 => self.ask(),
            _ => self.wait(),
        }
        Ok(())
    }

    fn wait(&mut self) {
        let jump = self.prng.weigh(&[(5, 500_u64), (4, 10_000), (2, 120_000)]);
        let jump = i64::try_from(self.prng.below(jump)).expect("two minutes");
        // Clocks are also set back.
        let jump = if self.prng.chance(15) { -jump / 4 } else { jump };
        self.now = Timestamp::from_millis(self.now.as_millis() + jump);
        self.trace(|| format!("the clock jumps {jump} ms"));
    }

    fn deliver(&mut self) -> Lawful {
        let most = if self.prng.chance(15) { usize::MAX } else { 1 + self.prng.index(5) };
        let mishap =
            if self.prng.chance(self.temper.mishaps) { Mishap::draw(&mut self.prng) } else { Mishap::None };
        match self.settle(most, mishap)? {
            Settled::Durable | Settled::Undone => self.check_what_the_server_knows(),
            Settled::DiedAfter | Settled::DiedBefore => self.restart(),
        }
    }

    /// The server ends; after some time another begins on the same disk.
    fn restart(&mut self) -> Lawful {
        self.trace(|| "the server ends".to_owned());
        self.report.crashes += 1;
        self.workers.die();
        self.server.begin_anew();
        self.hear_answers()?;
        self.start()
    }

    /// Recovers; after a mishap the server ends and tries again, as an init system would make it.
    fn start(&mut self) -> Lawful {
        for tries in 0.. {
            self.wait();
            let reply = self.mail.for_recovery();
            self.server.send(Message::Recover { reply });
            let unlucky = tries < 3 && self.prng.chance(20);
            let mishap = if unlucky { Mishap::draw(&mut self.prng) } else { Mishap::None };
            let refused = self.report.refused_recoveries;
            let settled = self.settle(1, mishap)?;
            self.hear_answers()?;
            if settled == Settled::Durable && self.report.refused_recoveries == refused {
                return self.check_what_the_server_knows();
            }
            self.report.crashes += 1;
            self.server.begin_anew();
            self.workers.die();
            self.hear_answers()?;
        }
        unreachable!("a start without a mishap succeeds")
    }

    /// Writes a batch and checks what is on the disk afterwards.
    fn settle(&mut self, most: usize, mishap: Mishap) -> Lawful<Settled> {
        let queued = self.server.queued();
        let settled = self.server.settle(self.now, most, mishap, &mut self.mail)?;
        let written = queued - self.server.queued();
        if written > 0 || mishap != Mishap::None {
            self.trace(|| format!("a batch of {written} of {queued}, {mishap:?}: {settled:?}"));
        }
        self.mishap = mishap;
        self.report.batches += 1;
        self.report.faults += u64::from(mishap != Mishap::None);
        let read = self.record.absorb(self.server.disk())?;
        self.report.entries += read;
        let kept = matches!(settled, Settled::Durable | Settled::DiedAfter);
        demand(kept || read == 0, "what was not committed is not there", || format!("{read} entries"))?;
        laws::the_tables_are_the_fold(self.server.disk(), &self.record)?;
        Ok(settled)
    }

    /// Checks what a server that is up remembers, has let go and has answered.
    fn check_what_the_server_knows(&mut self) -> Lawful {
        laws::the_server_remembers_what_is_durable(&mut self.server, &self.record)?;
        let told = std::mem::take(&mut self.server.driver.world().told);
        laws::what_is_let_go_is_owed(&told, &self.record)?;
        let slot = |given: crate::Assignment| (given.key, given.step, given.attempt);
        self.end_the_unbegun(told.unbegun.into_iter().map(slot).collect());
        let around = self.server.driver.world();
        laws::the_desk_has_the_live_attempts(around, &self.record, &self.workers.unbegun)?;
        self.hear_answers()?;
        let (queued, outstanding) = (self.server.queued_with_reply(), self.mail.outstanding());
        demand(queued == outstanding, "every message is answered", || {
            format!("{outstanding} answers are outstanding, {queued} messages are queued")
        })
    }

    fn hear_answers(&mut self) -> Lawful {
        for (about, said) in self.mail.open() {
            laws::only_a_mishap_is_answered_with_a_fault(self.mishap, &about, &said)?;
            match about {
                About::Create(key) => self.creation_was_answered(key, &said)?,
                About::Ask { key, request, from } => self.request_was_answered(key, &request, from, &said)?,
                About::Recover => self.report.refused_recoveries += u64::from(said.is_unsure()),
                About::Stock => {}
            }
        }
        Ok(())
    }

    fn request_was_answered(&mut self, key: RunKey, request: &Request, from: From, said: &Said) -> Lawful {
        match &request.ask {
            Ask::EndAttempt { step, attempt, end, .. } => {
                let slot: Slot = (key, step.clone(), *attempt);
                self.report_was_answered(&slot, end, from, said)
            }
            _ if matches!(request.by, Principal::User(_)) => self.client_was_answered(&key, request, said),
            _ => Ok(()),
        }
    }

    pub(super) fn send_request(&mut self, key: RunKey, request: Request, body: Option<Body>, from: From) {
        self.trace(|| format!("{from:?} asks {}: {}", key.run, words(&request)));
        let request = Box::new(request);
        let about = About::Ask { key: key.clone(), request: request.clone(), from };
        let reply = self.mail.for_request(about);
        self.server.send(Message::Ask { key, request, body, reply });
    }

    /// Nothing goes wrong any more, everyone answers, and every run ends.
    fn heal(&mut self) -> Lawful {
        self.trace(|| "the world heals".to_owned());
        for _ in 0..ROUNDS_MAX {
            self.settle(usize::MAX, Mishap::None)?;
            self.check_what_the_server_knows()?;
            if self.record.existing().all(|(_, run)| run.outcome().is_some()) && self.server.queued() == 0 {
                break;
            }
            self.lose_the_silent(100);
            self.finish_all()?;
            self.claim(usize::MAX)?;
            self.give_every_way_out();
            if self.server.queued() == 0 {
                self.now = self.now.max(self.server.driver.due().unwrap_or(self.now));
            }
        }
        Ok(())
    }

    fn take_stock(&mut self) -> Lawful {
        laws::ended_runs_owe_nothing(&mut self.server, &self.record)?;
        laws::reading_twice_gives_the_same(&mut self.server, &self.record)?;
        self.clients_got_what_they_were_told()?;
        self.report.count_runs(self.record.existing().map(|(_, run)| run.status()));
        Ok(())
    }

    pub(super) fn trace(&mut self, line: impl FnOnce() -> String) {
        if self.told.len() == TRACE_MAX {
            self.told.pop_front();
        }
        self.told.push_back(format!("{} {}", self.now, line()));
    }
}
