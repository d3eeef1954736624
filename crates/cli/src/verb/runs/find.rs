//! Finds the run that a person means by the beginning of its id.

use mainspring_api::{
    client::Client,
    run::{ListRuns, RunSummary},
};
use mainspring_types::{Code, Problem, RunId};

/// How many pages of runs are searched, 200 runs each: a prefix is typed for a run seen lately.
const PAGES_MAX: usize = 10;

/// The run whose id is or begins with `text`; the `run_` before it may be left out.
pub(crate) async fn find(client: &Client, text: &str) -> Result<RunId, Problem> {
    if let Ok(run) = text.parse() {
        return Ok(run);
    }
    let begin = begin_of(text)?;
    let mut found: Vec<RunId> = Vec::new();
    let mut list = ListRuns { limit: Some(200), ..ListRuns::default() };
    for _ in 0..PAGES_MAX {
        let page = client.list_runs(&list).await?;
        found.extend(matching(&page.items, &begin));
        match page.next_cursor {
            Some(cursor) => list.cursor = Some(cursor),
            None => break,
        }
    }
    sole(&found, text)
}

fn begin_of(text: &str) -> Result<String, Problem> {
    let begin = if text.starts_with("run_") { text.to_owned() } else { format!("run_{text}") };
    let plausible =
        begin.len() <= 30 && begin.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plausible && begin.len() > "run_".len() {
        return Ok(begin.to_lowercase());
    }
    Err(Problem::new(Code::NotFound, format!("`{text}` is not a run id or the beginning of one"))
        .suggest("list the runs with `mainspring runs list`"))
}

fn matching<'a>(runs: &'a [RunSummary], begin: &'a str) -> impl Iterator<Item = RunId> + 'a {
    runs.iter().map(|run| run.run_id).filter(move |run| run.to_string().starts_with(begin))
}

fn sole(found: &[RunId], text: &str) -> Result<RunId, Problem> {
    match found {
        [run] => Ok(*run),
        [] => Err(Problem::new(Code::NotFound, format!("no run begins with `{text}`"))
            .suggest("list the runs with `mainspring runs list`")),
        [first, second, ..] => {
            let message =
                format!("{} runs begin with `{text}`, among them `{first}` and `{second}`", found.len());
            Err(Problem::new(Code::NotFound, message).suggest("write more of the id"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_must_mean_one_run() {
        let runs = [1_u128, 2].map(RunId::from_u128);
        assert_eq!(sole(&runs[..1], "0"), Ok(runs[0]));
        assert_eq!(
            sole(&runs, "0").expect_err("two").message,
            "2 runs begin with `0`, among them `run_00000000000000000000000001` and `run_00000000000000000000000002`"
        );
        assert_eq!(sole(&[], "9").expect_err("none").message, "no run begins with `9`");
        assert_eq!(begin_of("01K9").ok().as_deref(), Some("run_01k9"));
        assert!(begin_of("run_").is_err() && begin_of("../x").is_err());
    }
}
