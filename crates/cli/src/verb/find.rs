//! Finds the run, gate or session that a person means by the beginning of its id.

use std::fmt::Display;

use mainspring_api::{
    client::Client,
    gate::ListGates,
    run::{ListRuns, Page},
    session::ListSessions,
};
use mainspring_types::{Code, GateId, Problem, RunId, SessionId};

/// How many pages are searched, 200 items each: a beginning is typed for something seen lately.
const PAGES_MAX: usize = 10;
const PAGE: Option<u32> = Some(200);

/// What is looked for: how its ids begin, what it is called, and which command lists it.
#[derive(Clone, Copy)]
struct Kind {
    prefix: &'static str,
    noun: &'static str,
    list: &'static str,
}

const RUN: Kind = Kind { prefix: "run_", noun: "run", list: "mainspring runs list" };
const GATE: Kind = Kind { prefix: "gate_", noun: "gate", list: "mainspring gates list --state all" };
const SESSION: Kind = Kind { prefix: "ses_", noun: "session", list: "mainspring sessions list" };

/// The run whose id is or begins with `text`; the `run_` before it may be left out.
pub(crate) async fn run(client: &Client, text: &str) -> Result<RunId, Problem> {
    if let Ok(run) = text.parse() {
        return Ok(run);
    }
    let begin = RUN.begin_of(text)?;
    let ids = every(async |cursor| {
        let list = ListRuns { limit: PAGE, cursor, ..ListRuns::default() };
        Ok(ids_of(client.list_runs(&list).await?, |run| run.run_id))
    });
    RUN.sole(&ids.await?, &begin, text)
}

/// The gate whose id is or begins with `text`.
pub(crate) async fn gate(client: &Client, text: &str) -> Result<GateId, Problem> {
    if let Ok(gate) = text.parse() {
        return Ok(gate);
    }
    let begin = GATE.begin_of(text)?;
    let ids = every(async |cursor| {
        let list = ListGates { state: Some("all".to_owned()), limit: PAGE, cursor, run: None };
        Ok(ids_of(client.list_gates(&list).await?, |gate| gate.gate_id))
    });
    GATE.sole(&ids.await?, &begin, text)
}

/// The session whose id is or begins with `text`.
pub(crate) async fn session(client: &Client, text: &str) -> Result<SessionId, Problem> {
    if let Ok(session) = text.parse() {
        return Ok(session);
    }
    let begin = SESSION.begin_of(text)?;
    let ids = every(async |cursor| {
        let list = ListSessions { limit: PAGE, cursor };
        Ok(ids_of(client.list_sessions(&list).await?, |session| session.session_id))
    });
    SESSION.sole(&ids.await?, &begin, text)
}

/// The ids of the first pages, one after another.
async fn every<I>(page: impl AsyncFn(Option<String>) -> Result<Page<I>, Problem>) -> Result<Vec<I>, Problem> {
    let mut ids = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let page = page(cursor).await?;
        ids.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(ids)
}

fn ids_of<T, I>(page: Page<T>, id: impl Fn(&T) -> I) -> Page<I> {
    Page { items: page.items.iter().map(id).collect(), next_cursor: page.next_cursor }
}

impl Kind {
    fn begin_of(self, text: &str) -> Result<String, Problem> {
        let Self { prefix, noun, list } = self;
        let begin = if text.starts_with(prefix) { text.to_owned() } else { format!("{prefix}{text}") };
        let plausible = begin.len() <= prefix.len() + 26
            && begin.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if plausible && begin.len() > prefix.len() {
            return Ok(begin.to_lowercase());
        }
        let message = format!("`{text}` is not a {noun} id or the beginning of one");
        Err(Problem::new(Code::NotFound, message).suggest(format!("list the {noun}s with `{list}`")))
    }

    fn sole<I: Copy + Display>(self, ids: &[I], begin: &str, text: &str) -> Result<I, Problem> {
        let Self { noun, list, .. } = self;
        let found: Vec<I> = ids.iter().filter(|id| id.to_string().starts_with(begin)).copied().collect();
        match found[..] {
            [id] => Ok(id),
            [] => Err(Problem::new(Code::NotFound, format!("no {noun} begins with `{text}`"))
                .suggest(format!("list the {noun}s with `{list}`"))),
            [first, second, ..] => {
                let number = found.len();
                let message =
                    format!("{number} {noun}s begin with `{text}`, among them `{first}` and `{second}`");
                Err(Problem::new(Code::NotFound, message).suggest("write more of the id"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_must_mean_one_run() {
        let runs = [1_u128, 2].map(RunId::from_u128);
        assert_eq!(RUN.sole(&runs[..1], "run_0", "0"), Ok(runs[0]));
        assert_eq!(
            RUN.sole(&runs, "run_0", "0").expect_err("two").message,
            "2 runs begin with `0`, among them `run_00000000000000000000000001` and `run_00000000000000000000000002`"
        );
        assert_eq!(RUN.sole(&runs, "run_9", "9").expect_err("none").message, "no run begins with `9`");
    }

    #[test]
    fn a_beginning_may_leave_out_what_all_ids_begin_with() {
        assert_eq!(RUN.begin_of("01K9").ok().as_deref(), Some("run_01k9"));
        assert_eq!(GATE.begin_of("gate_7").ok().as_deref(), Some("gate_7"));
        assert!(RUN.begin_of("run_").is_err() && SESSION.begin_of("../x").is_err());
    }
}
