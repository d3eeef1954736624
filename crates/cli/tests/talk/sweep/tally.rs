//! The figures of a sweep.

use std::{fmt, ops::AddAssign};

/// What came of points.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) points: usize,
    /// Whose run had ended before the kill.
    pub(super) too_late: usize,
    /// Tool calls under way at the kill.
    pub(super) in_flight: usize,
    /// Of those, the ones whose effect was made twice under one key: pure and idempotent ones.
    pub(super) repeated: usize,
    /// Gates about calls of which nobody knew the end, and how they were answered.
    pub(super) gates: usize,
    pub(super) answered: usize,
    /// Calls that a repeated attempt got from the journal.
    pub(super) replayed: usize,
    /// Calls of the model that were sent again.
    pub(super) sent_again: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.points += other.points;
        self.too_late += other.too_late;
        self.in_flight += other.in_flight;
        self.repeated += other.repeated;
        self.gates += other.gates;
        self.answered += other.answered;
        self.replayed += other.replayed;
        self.sent_again += other.sent_again;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { points, too_late, in_flight, repeated, gates, answered, replayed, sent_again } = self;
        write!(
            f,
            "{points} points ({too_late} after the end), {in_flight} tool calls under way, {repeated} effects "
        )?;
        write!(
            f,
            "repeated under their key, {gates} gates ({answered} answered from the ledger), {replayed} tool calls "
        )?;
        write!(f, "replayed, {sent_again} model calls sent again")
    }
}
