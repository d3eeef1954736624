//! `mainspring chat`: talks with a model agent over many turns, and goes on where it was left.

mod commands;
mod conversation;
mod piped;
mod seat;

use std::path::Path;

use mainspring_api::run::CreateRun;
use mainspring_types::{Code, Problem};

use self::conversation::Conversation;
use super::run::request::{absolute, is_path, rule};
use crate::{Outcome, connect, context::Context, failure::Failure, output::Format, terminal::Keyboard};

const EXAMPLES: &str = "\
Examples:
  mainspring chat agent.yaml                        begin a conversation
  mainspring chat agent.yaml 'Look at the diff'     begin with a message
  mainspring chat agent.yaml --workspace .          let its tools work in this folder
  mainspring chat --resume                          go on with the conversation used last
  mainspring chat agent.yaml < questions.txt        each line a message, answers on standard output";

/// Talk with a model agent
///
/// The conversation is kept: closing the terminal loses nothing, and `--resume` goes on. What is typed while the agent
/// works is heard when its turn is over. Ctrl-C interrupts the turn, a second one cancels it. /help tells the rest.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition of a model agent, or a name as NAME@VERSION; with --resume it is known
    #[arg(value_name = "AGENT", required_unless_present = "resume")]
    agent: Option<String>,
    /// The first message
    #[arg(value_name = "PROMPT")]
    prompt: Option<String>,
    /// Go on with a session, or with that of a run; with the session used last when none is named
    #[arg(long, value_name = "SESSION|RUN", num_args = 0..=1, default_missing_value = LAST)]
    resume: Option<String>,
    /// The folder that its tools work in, in place of one of its own
    #[arg(long, value_name = "DIR")]
    workspace: Option<String>,
    /// A rule on tool calls beside those of the definition: allow, ask or deny by pattern; the stricter counts
    #[arg(long = "approve", value_name = "PATTERN=VERDICT", value_parser = rule)]
    approvals: Vec<(String, String)>,
}

/// What stands for the session used last.
const LAST: &str = "last";

pub(crate) async fn run(args: &Args, context: &Context) -> Outcome {
    let (agent, prompt) = words(args);
    let (agent, name) = agent.map(|agent| named_or_read(&agent)).transpose()?.unwrap_or_default();
    let begin = CreateRun {
        agent,
        conversation: Some(true),
        workspace: args.workspace.as_deref().map(absolute).transpose()?,
        approvals: args.approvals.iter().cloned().collect(),
        ..CreateRun::default()
    };
    let server = connect::connect_or_start(context).await?;
    let client = server.client.clone();
    let conversation = match &args.resume {
        Some(which) => Conversation::resume(client, which, begin).await?,
        None => Conversation::begin(client, begin, name),
    };
    let output = &context.output;
    let is_seat = output.format == Format::Table && output.err.is_terminal();
    let ended = match is_seat.then(Keyboard::open).flatten() {
        Some(keyboard) => seat::hold(conversation, prompt, keyboard, output).await,
        None => piped::hold(conversation, prompt, output).await,
    };
    server.close(output).await;
    ended
}

/// The agent and the first message. Where a session is resumed its agent is known, and a word that is no path is the
/// message.
fn words(args: &Args) -> (Option<String>, Option<String>) {
    match (&args.agent, &args.prompt, &args.resume) {
        (Some(word), None, Some(_)) if !is_path(word) => (None, Some(word.clone())),
        (agent, prompt, _) => (agent.clone(), prompt.clone()),
    }
}

/// How the server knows the agent, and how people do. One at a path is read here, so that every mistake is told with its
/// place in the user's file.
fn named_or_read(agent: &str) -> Result<(String, String), Failure> {
    if !is_path(agent) {
        return Ok((agent.to_owned(), agent.to_owned()));
    }
    let read = mainspring_agent::read(Path::new(agent))?;
    if read.assistant().is_none() {
        let message = format!("`{agent}` is no model agent: there is nobody to talk with");
        let problem = Problem::new(Code::InvalidInput, message);
        return Err(problem.suggest(format!("run it with `mainspring run {agent}`")).into());
    }
    Ok((absolute(agent)?, read.name.to_string()))
}
