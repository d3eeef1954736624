//! `mainspring gates list`: gates, oldest first.

use std::process::ExitCode;

use mainspring_api::gate::{GateState, ListGates};
use mainspring_types::Timestamp;

use crate::{
    Outcome, connect,
    context::Context,
    output::{self, Format},
    render,
    verb::find,
};

/// List what waits for a decision, oldest first
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Only those of this run: its id or the beginning of it
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Those that stand so, or all; open ones unless told otherwise
    #[arg(long, value_parser = GateState::ALL.iter().map(|state| state.as_str()).chain(["all"]).collect::<Vec<_>>())]
    #[arg(value_name = "STATE", hide_possible_values = true)]
    state: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Go on where a page before ended
    #[arg(long)]
    cursor: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let run = match &args.run {
        Some(run) => Some(find::run(&server.client, run).await?),
        None => None,
    };
    let list = ListGates { state: args.state, run, limit: Some(args.limit), cursor: args.cursor };
    let page = server.client.list_gates(&list).await?;
    let columns = context.output.out.columns();
    context.output.show(&page, |palette| render::gates(&page.items, Timestamp::now(), palette, columns))?;
    if context.output.format == Format::Table {
        let palette = context.output.err_palette;
        match &page.next_cursor {
            Some(cursor) => {
                output::note(&palette.dim(&format!("more: mainspring gates list --cursor {cursor}")));
            }
            None if page.items.is_empty() => output::note(&palette.dim("nothing waits for a decision")),
            None => {}
        }
    }
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}
