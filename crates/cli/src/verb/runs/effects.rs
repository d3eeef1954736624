//! `mainspring runs effects`: the model calls of one run, and what they used.

use std::process::ExitCode;

use mainspring_api::{
    effect::{EffectView, ListEffects},
    run::{Page, RunView},
};
use mainspring_types::{Problem, RunId};

use super::{Which, find};
use crate::{
    Outcome,
    connect::{self, Server},
    context::Context,
    output::{self, Format, Output},
    render,
};

/// The largest page there is.
const PAGE_MAX: u32 = 200;

/// List the model calls of a run: what each used, and which were answered from the journal
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find(&server.client, &args.which.run).await?;
    let run = server.run(id).await?;
    let page = Page { items: every(&server, id).await?, next_cursor: None };
    show(&page, &run, &context.output)?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}

async fn every(server: &Server, run: RunId) -> Result<Vec<EffectView>, Problem> {
    let mut effects = Vec::new();
    let mut list = ListEffects { limit: Some(PAGE_MAX), cursor: None };
    loop {
        let page = server.client.effects(run, &list).await?;
        effects.extend(page.items);
        match page.next_cursor {
            Some(cursor) => list.cursor = Some(cursor),
            None => return Ok(effects),
        }
    }
}

fn show(page: &Page<EffectView>, run: &RunView, output: &Output) -> Result<(), Problem> {
    if page.items.is_empty() && output.format == Format::Table {
        output::note(&output.err_palette.dim(render::without_effects(run.status)));
        return Ok(());
    }
    output.show(page, |palette| render::effects(&page.items, run, palette))
}
