//! `mainspring gates approve`, `deny` and `answer`: decides, once.

use std::process::ExitCode;

use mainspring_api::gate::{Action, AnswerGate};
use mainspring_types::{Code, Problem};
use serde_json::Value;

use super::Which;
use crate::{Outcome, connect, context::Context, render, verb::find};

/// Let a tool be called; for a call that broke off, make it again
#[derive(clap::Args, Debug)]
pub(crate) struct Approve {
    #[command(flatten)]
    which: Which,
    /// Call it with these arguments in place of those the model asked for
    #[arg(long, value_name = "JSON")]
    arguments: Option<String>,
    /// Let calls of this shape happen from now on, in this run
    #[arg(long)]
    remember: bool,
    /// What is said with it, for the record
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

/// Refuse a tool call; the agent is told, with the reason if there is one
#[derive(clap::Args, Debug)]
pub(crate) struct Deny {
    #[command(flatten)]
    which: Which,
    /// Why not
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

/// Answer a question, or say what a call that broke off returned
#[derive(clap::Args, Debug)]
pub(crate) struct Answer {
    #[command(flatten)]
    which: Which,
    /// The answer
    #[arg(value_name = "TEXT")]
    text: String,
}

pub(crate) async fn approve(args: Approve, context: &Context) -> Outcome {
    let arguments = args.arguments.as_deref().map(object).transpose()?;
    let answer =
        AnswerGate { action: Action::Approve, arguments, message: args.message, remember: args.remember };
    send(&args.which, &answer, context).await
}

pub(crate) async fn deny(args: Deny, context: &Context) -> Outcome {
    let answer = AnswerGate { action: Action::Deny, arguments: None, message: args.message, remember: false };
    send(&args.which, &answer, context).await
}

pub(crate) async fn answer(args: Answer, context: &Context) -> Outcome {
    let answer =
        AnswerGate { action: Action::Answer, arguments: None, message: Some(args.text), remember: false };
    send(&args.which, &answer, context).await
}

async fn send(which: &Which, answer: &AnswerGate, context: &Context) -> Outcome {
    let server = connect::look(context).await?;
    let id = find::gate(&server.client, &which.gate).await?;
    let gate = server.client.answer_gate(id, answer).await?;
    context.output.show(&gate, |palette| render::decided(&gate, palette))?;
    server.close(&context.output).await;
    Ok(ExitCode::SUCCESS)
}

/// Arguments of a tool are an object.
fn object(text: &str) -> Result<Value, Problem> {
    let wrong = Problem::new(Code::InvalidInput, "read `--arguments` as a JSON object")
        .suggest("write them as the gate shows them, such as --arguments '{\"command\": \"ls\"}'");
    match serde_json::from_str(text) {
        Ok(arguments @ Value::Object(_)) => Ok(arguments),
        Ok(_) => Err(wrong),
        Err(error) => Err(wrong.because(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_an_object() {
        assert!(object(r#"{"command": "ls"}"#).is_ok());
        assert_eq!(object("[1]").expect_err("a list").message, "read `--arguments` as a JSON object");
        assert!(object("{").is_err());
    }
}
