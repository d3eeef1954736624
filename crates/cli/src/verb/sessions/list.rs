//! `mainspring sessions list`: sessions, newest first.

use std::process::ExitCode;

use mainspring_api::session::ListSessions;
use mainspring_types::Timestamp;

use crate::{
    Outcome, connect,
    context::Context,
    output::{self, Format},
    render,
};

/// List conversations, newest first
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Go on where a page before ended
    #[arg(long)]
    cursor: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let list = ListSessions { limit: Some(args.limit), cursor: args.cursor };
    let page = server.client.list_sessions(&list).await?;
    context.output.show(&page, |palette| render::sessions(&page.items, Timestamp::now(), palette))?;
    if context.output.format == Format::Table {
        let palette = context.output.err_palette;
        match &page.next_cursor {
            Some(cursor) => {
                output::note(&palette.dim(&format!("more: mainspring sessions list --cursor {cursor}")));
            }
            None if page.items.is_empty() => {
                output::note(&palette.dim("no sessions yet; begin one with `mainspring chat AGENT.yaml`"));
            }
            None => {}
        }
    }
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
