//! `mainspring run`: runs an agent, durably, and shows its result.

pub(super) mod request;

use std::{path::PathBuf, process::ExitCode};

use mainspring_api::{
    client::Client,
    run::{RunStatus, RunView},
};
use mainspring_types::{Problem, SessionId};
use serde_json::Value;

use crate::{
    Outcome, connect,
    context::Context,
    failure,
    follow::{Watched, watch},
    output::{self, Format, Output},
    render, spawn,
    verb::find,
};

const EXAMPLES: &str = "\
Examples:
  mainspring run ./calc add -p a=20 -p b=22         a method of an agent package
  mainspring run agent.py 'What is 2+2?'            a Python program: the prompt is its argument
  mainspring run agent.yaml 'What is 2+2?'          a prompt for a model agent or for steps
  mainspring run agent.yaml 'Fix it' --workspace .  its tools work in this folder
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
    /// Go on with this conversation: its id or the beginning of it
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    /// The folder that the tools of a model agent work in, in place of one of its own
    #[arg(long, value_name = "DIR")]
    workspace: Option<String>,
    /// A rule on tool calls beside those of the definition: allow, ask or deny by pattern; the stricter counts
    #[arg(long = "approve", value_name = "PATTERN=VERDICT", value_parser = request::rule)]
    approvals: Vec<(String, String)>,
    /// An image for a model agent, beside the prompt; may be given many times
    #[arg(long = "image", value_name = "FILE")]
    images: Vec<PathBuf>,
    /// The same key with the same request is the same run
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Let install commands of any form run, not only those of uv and pip
    #[arg(long)]
    allow_install: bool,
}

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let output = &context.output;
    let mut request = request::build(args)?;
    let folder = context.folder()?;
    let key = args.idempotency_key.as_deref();
    if args.detach {
        let client = match connect::owner(folder).await {
            Some(client) => client,
            None => spawn::server(folder, spawn::Stay::WhileBusy).await?.client,
        };
        request.session = session(args, &client).await?;
        let run = client.create_run(&request, key).await?;
        detached(&run, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let server = connect::connect_or_start(context).await?;
    request.session = session(args, &server.client).await?;
    let run = server.client.create_run(&request, key).await?;
    let watched = watch(&server.client, &run, output).await?;
    if let Watched::Ended { run, said } = &watched {
        show(run, said.as_deref(), output)?;
    }
    server.close(&context.output).await;
    Ok(watched.exit_code())
}

/// The conversation to go on with.
async fn session(args: &Args, client: &Client) -> Result<Option<SessionId>, Problem> {
    match &args.session {
        Some(text) => find::session(client, text).await.map(Some),
        None => Ok(None),
    }
}

/// The run's id, alone on standard output, and how to go on with it.
fn detached(run: &RunView, output: &Output) -> Result<(), Problem> {
    output.show(run, |_| run.run_id.to_string())?;
    let id = run.run_id;
    let hint =
        format!("follow it: mainspring runs events {id} --follow\nits result: mainspring runs show {id}");
    output::note(&output.err_palette.dim(&hint));
    Ok(())
}

/// The result on standard output; an error where errors go. What was `said` on the same terminal is not shown again.
fn show(run: &RunView, said: Option<&str>, output: &Output) -> Result<(), Problem> {
    let is_seen =
        |text: &str| output.out.is_terminal() && said.is_some_and(|said| said.trim() == text.trim());
    match (&run.result, output.format) {
        (_, Format::Json | Format::Yaml) => output.show(run, |_| String::new())?,
        (Some(Value::String(text)), Format::Table) if is_seen(text) => {}
        (Some(result), Format::Table) => output::print(&render::result(result, output.out)),
        (None, Format::Table) => {}
    }
    if let Some(receipt) = &run.receipt {
        output::note(&render::receipt(receipt, output.err_palette));
    }
    if let Some(problem) = run.error.as_ref().filter(|_| run.status != RunStatus::Completed) {
        output::note(&failure::block(problem, output.err_palette));
    }
    Ok(())
}
