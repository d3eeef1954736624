//! What a test does when a service it needs is not on this machine.

use std::{
    env,
    io::{self, Write as _},
};

/// Something a test needs that this machine does not offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} not found; {remedy}")]
pub struct Missing {
    /// What was looked for.
    pub what: &'static str,
    /// How to get it, as an instruction.
    pub remedy: &'static str,
}

/// The service, or `None` after saying on stderr that `test` is skipped and for what.
///
/// Where `CI` is set a missing service fails the test instead: there, everything is meant to be installed.
pub fn or_skip<T>(test: &str, found: Result<T, Missing>) -> Option<T> {
    let machine = if env::var_os("CI").is_some() { Machine::Ci } else { Machine::Own };
    match found.map_err(|missing| machine.notice(test, &missing)) {
        Ok(service) => Some(service),
        Err(notice) => {
            // Not `eprintln!`: the test harness would capture it, and a skipped test is to be seen.
            let _ = io::stderr().write_all(notice.as_bytes());
            None
        }
    }
}

/// Whose machine the tests run on.
enum Machine {
    Ci,
    Own,
}

impl Machine {
    fn notice(&self, test: &str, missing: &Missing) -> String {
        match self {
            Machine::Ci => panic!("{test}: {missing}"),
            Machine::Own => format!("SKIPPED {test}: {missing}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: Missing = Missing { what: "`postgres`", remedy: "install the package `postgresql`" };

    #[test]
    fn a_skip_names_the_test_the_service_and_the_remedy() {
        assert_eq!(
            Machine::Own.notice("twins_prepare", &MISSING),
            "SKIPPED twins_prepare: `postgres` not found; install the package `postgresql`\n"
        );
    }

    #[test]
    #[should_panic(expected = "twins_prepare: `postgres` not found; install the package `postgresql`")]
    fn in_ci_a_missing_service_fails_the_test() {
        Machine::Ci.notice("twins_prepare", &MISSING);
    }
}
