//! The limits of a run for people.

use mainspring_api::{limit::BudgetView, run::RunView};

use crate::output::Palette;

/// What a run may use, one line a limit, and what follows where nothing is left.
pub(crate) fn budget(run: &RunView, palette: Palette) -> String {
    let id = palette.strong(&run.run_id.to_string());
    let limits = run.budget.iter().map(|limit| format!("  {}{}\n", limit.summary, aside(limit)));
    format!("{id} has used\n{}", limits.collect::<String>())
}

fn aside(limit: &BudgetView) -> &'static str {
    match (limit.used >= limit.max, limit.policy.as_str()) {
        (false, _) => "",
        (true, "terminate") => ": its next call ends it",
        (true, _) => ": its next call waits for a higher limit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::paid;

    #[test]
    fn a_limit_that_is_used_up_says_what_follows() {
        insta::assert_snapshot!(budget(&paid(), Palette::Plain), @"
        run_01kaj9tk80e00800000000001a has used
          412 of 1000 tokens
          2 of 2 calls: its next call waits for a higher limit
        ");
    }
}
