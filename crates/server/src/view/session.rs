//! Conversations as the API shows them.

use mainspring_api::session::{SessionView, TurnView};
use mainspring_boundary::conversation;
use mainspring_store::{Fault, SessionRow, TurnRow};
use mainspring_types::RunId;

/// A session of so many turns, and the run that is live in it.
pub(crate) fn session(row: SessionRow, turns: u32, live_run: Option<RunId>) -> SessionView {
    let SessionRow { session, agent, title, forked, created_at, changed_at } = row;
    let (forked_from, forked_at) = forked.unzip();
    SessionView {
        session_id: session,
        agent,
        title,
        turns,
        live_run,
        forked_from,
        forked_at,
        created_at,
        changed_at,
    }
}

/// A concluded turn, with all that was said in it.
pub(crate) fn turn(row: TurnRow) -> Result<TurnView, Fault> {
    let (turn, run_id, at, text) = (row.turn, row.run, row.at, row.text.clone());
    let messages = conversation::messages(row)?;
    let messages = serde_json::to_value(messages).expect("what was read from JSON is JSON");
    Ok(TurnView { turn, run_id, at, text, messages })
}
