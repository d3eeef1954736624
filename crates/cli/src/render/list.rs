//! Runs as a table.

use mainspring_api::run::RunSummary;
use mainspring_types::Timestamp;

use crate::{
    output::{Palette, Table, age, time},
    render::tone_of,
};

/// One row a run; the reason a run waits stands beside its status.
pub(crate) fn list(runs: &[RunSummary], now: Timestamp, palette: Palette) -> String {
    let mut table = Table::new(["RUN", "STATUS", "AGENT", "METHOD", "AGE", "TIME"]);
    for run in runs {
        let status = palette.paint(tone_of(run.status), run.status.as_str());
        let reason = run.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
        table.row([
            run.run_id.to_string(),
            status + &palette.dim(&reason),
            run.agent.clone(),
            run.method.clone().unwrap_or_else(|| "-".to_owned()),
            age(run.created_at, now),
            time(run.ended_at.unwrap_or(now).since(run.created_at)),
        ]);
    }
    table.render(palette)
}

#[cfg(test)]
mod tests {
    use mainspring_api::run::RunStatus;

    use super::*;
    use crate::render::fixture::{at, summary};

    #[test]
    fn runs_stand_in_columns() {
        let runs = [RunStatus::Completed, RunStatus::Waiting].map(summary);
        insta::assert_snapshot!(list(&runs, at(200_000), Palette::Plain), @"
        RUN                             STATUS          AGENT   METHOD  AGE        TIME
        run_01kaj9tk80e00800000000001a  completed       writer  draft   3 min ago  6.3 s
        run_01kaj9tk80e00800000000001a  waiting (slot)  writer  draft   3 min ago  3 min 20 s
        ");
    }
}
