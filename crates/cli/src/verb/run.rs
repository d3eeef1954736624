//! `mainspring run`: runs an agent, durably, and shows its result.

mod request;

use std::process::ExitCode;

use mainspring_api::run::{RunStatus, RunView};

use crate::{
    Outcome, connect,
    context::Context,
    failure,
    follow::{Watched, watch},
    output::{self, Format, Output},
    render, spawn,
};

const EXAMPLES: &str = "\
Examples:
  mainspring run ./calc add -p a=20 -p b=22         a method of an agent package
  mainspring run agent.py 'What is 2+2?'            a Python program: the prompt is its argument
  mainspring run ./agent.yaml 'What is 2+2?'        a prompt for the steps of a definition
  mainspring run ./tool --input @request.json       any program: JSON on its standard input
  mainspring run ./calc add -p a=1 --json | jq .result";

/// Run an agent and wait for its result
///
/// The run is durable: when the agent, the server or the machine dies, it goes on from its last finished step.
/// A server that owns the data folder runs it; without one, this command does, and takes up what was left over.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A folder with a manifest, a definition file or a program; or a name, as NAME@VERSION
    #[arg(value_name = "PATH")]
    agent: String,
    /// The method of a package; the prompt of any other agent
    #[arg(value_name = "METHOD|PROMPT")]
    word: Option<String>,
    /// A parameter, read as the type the method declares; may be given many times
    #[arg(short, long = "parameter", value_name = "KEY=VALUE", value_parser = request::pair)]
    parameters: Vec<(String, String)>,
    /// The input as JSON; @FILE reads a file, - reads standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    input: Option<String>,
    /// Print the run's id and leave; a server in the background runs it
    #[arg(short, long)]
    detach: bool,
    /// How long the run may take, such as 30s or 5m; building its environment not counted
    #[arg(long, value_name = "DURATION", value_parser = request::duration)]
    timeout: Option<String>,
    /// How many tokens its model calls may use; at the limit they wait, until `mainspring runs raise`
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// How much money they may cost, such as 1.50
    #[arg(long, value_name = "DOLLARS")]
    max_cost: Option<String>,
    /// How many calls may be sent to a provider, each try for itself
    #[arg(long, value_name = "N")]
    max_calls: Option<u64>,
    /// The same key with the same request is the same run
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Let install commands of any form run, not only those of uv and pip
    #[arg(long)]
    allow_install: bool,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let output = &context.output;
    let request = request::build(args)?;
    let folder = context.folder()?;
    let key = args.idempotency_key.as_deref();
    if args.detach {
        let client = match connect::owner(folder).await {
            Some(client) => client,
            None => spawn::server(folder, spawn::Stay::WhileBusy).await?.client,
        };
        let run = client.create_run(&request, key).await?;
        detached(&run, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let server = connect::connect_or_start(context).await?;
    let run = server.client.create_run(&request, key).await?;
    let watched = watch(&server.client, &run, output).await?;
    if let Watched::Ended(run) = &watched {
        show(run, output)?;
    }
    server.close(&context.output).await;
    Ok(watched.exit_code())
}

/// The run's id, alone on standard output, and how to go on with it.
fn detached(run: &RunView, output: &Output) -> Result<(), mainspring_types::Problem> {
    output.show(run, |_| run.run_id.to_string())?;
    let id = run.run_id;
    let hint =
        format!("follow it: mainspring runs events {id} --follow\nits result: mainspring runs show {id}");
    output::note(&output.err_palette.dim(&hint));
    Ok(())
}

/// The result on standard output; an error where errors go.
fn show(run: &RunView, output: &Output) -> Result<(), mainspring_types::Problem> {
    match (&run.result, output.format) {
        (_, Format::Json | Format::Yaml) => output.show(run, |_| String::new())?,
        (Some(result), Format::Table) => output::print(&render::result(result, output.out)),
        (None, Format::Table) => {}
    }
    if let Some(problem) = run.error.as_ref().filter(|_| run.status != RunStatus::Completed) {
        output::note(&failure::block(problem, output.err_palette));
    }
    Ok(())
}
