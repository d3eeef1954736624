//! What happened in universes, and what is told of one that broke a law.

use std::fmt;

use super::laws::Broken;

/// Counts that add up over many universes, each with its name.
macro_rules! counts {
    ($($field:ident: $name:literal,)*) => {
        /// What happened; sums over many.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub(crate) struct Report {
            $(pub(super) $field: u64,)*
        }

        impl Report {
            /// Every count with its name.
            pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$(($name, self.$field),)*].into_iter()
            }
        }

        impl std::ops::AddAssign for Report {
            fn add_assign(&mut self, more: Self) {
                $(self.$field += more.$field;)*
            }
        }
    };
}

counts! {
    acts: "acts",
    batches: "batches",
    crashes: "crashes",
    faults: "faults",
    deeds: "deeds",
    replays: "replays",
    probes: "probes",
    answers: "answers",
    late_answers: "late answers",
    expired: "deadlines passed",
    doubts: "doubts",
    denials: "denials",
    edits: "edited arguments",
    remembered: "shapes remembered",
    parks: "parks",
    children: "children",
    messages: "messages",
    interrupts: "interrupts",
    cancels: "cancels",
    losses: "workers lost",
    paid: "answers paid",
    turns: "turns",
    completed: "runs completed",
    failed: "runs failed",
    cancelled: "runs cancelled",
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self.counts().map(|(what, count)| format!("{count} {what}")).collect();
        f.write_str(&counts.join(", "))
    }
}

/// A seed that broke a law.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The seed.
    pub(crate) seed: u64,
    broken: Broken,
    /// What happened last, oldest first.
    trace: Vec<String>,
}

impl Failure {
    pub(super) fn of(seed: u64, broken: Broken, trace: Vec<String>) -> Self {
        Self { seed, broken, trace }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "agents of seed {} break a law: {}", self.seed, self.broken.law)?;
        write!(f, "  {}", self.broken.detail)
    }
}
