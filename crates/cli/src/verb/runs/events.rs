//! `mainspring runs events`: the journal of one run, one line an entry.

use std::process::ExitCode;

use futures_util::StreamExt;
use mainspring_api::event::EventView;
use mainspring_types::{Problem, RunId};

use super::{Which, find};
use crate::{
    Outcome,
    connect::{self, Server},
    context::Context,
    follow::{AWAY, BACK, Follow, Seen},
    output::{self, Format, Output},
    render,
};

/// Show the journal of a run, one line an entry
///
/// With `-o json` every entry is one JSON document on its own line.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Stay until the run ends
    #[arg(short, long)]
    follow: bool,
    /// Only entries after this sequence number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u64,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let output = &context.output;
    if args.follow {
        follow(&server, id, args.after, output).await?;
    } else {
        past(&server, id, args.after, output).await?;
    }
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}

/// The entries that are there now.
async fn past(server: &Server, run: RunId, after: u64, output: &Output) -> Result<(), Problem> {
    let last = server.client.run(run).await?.last_seq;
    if after >= last {
        return Ok(());
    }
    let mut events = Box::pin(server.client.events(run, after).await?);
    while let Some(event) = events.next().await.transpose()? {
        show(&event, output)?;
        if event.seq >= last {
            break;
        }
    }
    Ok(())
}

async fn follow(server: &Server, run: RunId, after: u64, output: &Output) -> Result<(), Problem> {
    let mut follow = Follow::new(server.client.clone(), run, after);
    while let Some(seen) = follow.next().await? {
        match seen {
            Seen::Event(event) => show(&event, output)?,
            Seen::Delta(_) => {}
            Seen::Away => output::note(&output.err_palette.dim(AWAY)),
            Seen::Back => output::note(&output.err_palette.dim(BACK)),
        }
    }
    Ok(())
}

fn show(event: &EventView, output: &Output) -> Result<(), Problem> {
    match output.format {
        Format::Table => output::print(&render::line(event, output.palette, output.out.columns())),
        Format::Json => {
            output::print(&serde_json::to_string(event).map_err(|error| output::unwritable("JSON", &error))?);
        }
        Format::Yaml => {
            output::print("---");
            output.show(event, |_| String::new())?;
        }
    }
    Ok(())
}
