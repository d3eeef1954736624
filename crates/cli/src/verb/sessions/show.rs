//! `mainspring sessions show`: one session with all that was said.

use std::process::ExitCode;

use mainspring_api::{
    client::Client,
    session::{ListSessions, SessionView, TurnView},
};
use mainspring_types::{Problem, SessionId, Timestamp};
use serde::Serialize;

use super::Which;
use crate::{Outcome, connect, context::Context, render, verb::find};

/// Show one conversation, turn by turn
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

/// A session with its turns.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    session: SessionView,
    concluded: Vec<TurnView>,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find::session(&server.client, &args.which.session).await?;
    let session = server.client.session(id).await?;
    let whole = Whole { session, concluded: turns(&server.client, id).await? };
    let columns = context.output.out.columns();
    context.output.show(&whole, |palette| {
        render::session(&whole.session, &whole.concluded, Timestamp::now(), palette, columns)
    })?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}

/// Every concluded turn, oldest first.
pub(crate) async fn turns(client: &Client, session: SessionId) -> Result<Vec<TurnView>, Problem> {
    let mut turns = Vec::new();
    let mut list = ListSessions { limit: Some(200), cursor: None };
    loop {
        let page = client.turns(session, &list).await?;
        turns.extend(page.items);
        match page.next_cursor {
            Some(cursor) => list.cursor = Some(cursor),
            None => return Ok(turns),
        }
    }
}
