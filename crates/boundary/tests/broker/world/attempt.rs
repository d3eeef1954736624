//! One attempt, as its worker drives it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use mainspring_boundary::{
    Pass,
    broker::{Broker, Decision, End, Permit, Settled, Wanted},
    conversation::{Concluded, Recalled, Turn},
};
use mainspring_core::{Ask, AttemptEnd, Failure, Loss, Principal, Used, Wait};
use mainspring_engine::{Body, Embedded};
use mainspring_types::{Hash, RequestId, RunId, Value as Stored};
use serde_json::{Value, json, value::RawValue};

use super::sound;

/// An attempt that a worker has.
pub(crate) struct Attempt {
    pub(super) broker: Broker,
    pub(super) engine: Embedded,
    pub(super) address: String,
    pub(super) token: String,
    pub(crate) pass: Pass,
}

impl Attempt {
    /// Asks for a call.
    pub(crate) async fn intend(&self, position: &str, tool: &str, arguments: &Value) -> Decision {
        self.ask(position, tool, arguments, None).await
    }

    /// The same, of a tool that could not tell what became of the last try.
    pub(crate) async fn unsure(&self, position: &str, tool: &str, arguments: &Value) -> Decision {
        self.ask(position, tool, arguments, Some("it does not answer".into())).await
    }

    /// Has a call written down that its agent has no tool for.
    pub(crate) async fn refuse(&self, position: &str, tool: &str, why: &str) -> Decision {
        let (position, tool, arguments) = (position.into(), tool.into(), "{}".into());
        self.want(Wanted { position, tool, arguments, unsure: None, refused: Some(why.into()) }).await
    }

    async fn ask(&self, position: &str, tool: &str, arguments: &Value, unsure: Option<String>) -> Decision {
        let (position, tool, arguments) = (position.into(), tool.into(), arguments.to_string());
        self.want(Wanted { position, tool, arguments, unsure, refused: None }).await
    }

    async fn want(&self, wanted: Wanted) -> Decision {
        sound(self.broker.intend(self.pass.nonce, wanted).await)
    }

    /// Asks the shell for a command.
    pub(crate) async fn shell(&self, command: &str) -> Decision {
        self.intend("1.1.0", "shell", &json!({ "command": command })).await
    }

    /// The same, where it is made now.
    pub(crate) async fn run(&self, command: &str) -> Permit {
        made(self.shell(command).await)
    }

    pub(crate) async fn settle(&self, permit: &Permit, end: End) -> Settled {
        sound(self.broker.settle(self.pass.nonce, (permit.effect, permit.number), end, 5).await)
    }

    /// Settles a call with what the tool said.
    pub(crate) async fn returned(&self, permit: &Permit, text: &str) -> Settled {
        self.settle(permit, End::Returned { text: text.into(), error: false }).await
    }

    pub(crate) async fn recall(&self) -> Option<Recalled> {
        sound(self.broker.recall(self.pass.nonce).await)
    }

    /// Concludes a turn that ended with this text.
    pub(crate) async fn conclude(&self, number: u32, text: &str) -> Concluded {
        let said = json!({ "role": "assistant", "parts": [{ "type": "text", "text": text }] });
        let messages = vec![RawValue::from_string(said.to_string()).expect("JSON")];
        let turn = Turn { number, messages, text: text.into() };
        sound(self.broker.conclude(self.pass.nonce, turn).await)
    }

    /// The attempt waits at a gate.
    pub(crate) async fn park(self, gate: Hash, deadline: Option<mainspring_types::Timestamp>) {
        self.end(AttemptEnd::Parked(Wait::Gate { gate, deadline }), None).await;
    }

    /// The attempt waits for what the decision says.
    pub(crate) async fn park_for(self, decision: &Decision) {
        match decision {
            Decision::Gate { gate, deadline } => self.park(*gate, *deadline).await,
            Decision::Child(child) => self.park_for_child(*child).await,
            other => panic!("nothing is waited for: {other:?}"),
        }
    }

    pub(crate) async fn park_for_child(self, child: RunId) {
        self.end(AttemptEnd::Parked(Wait::Child { child }), None).await;
    }

    /// The attempt did its work.
    pub(crate) async fn finish(self) {
        let output = Body::from(Stored::json(&json!("done")).expect("JSON serialises"));
        self.end(AttemptEnd::Done { output: output.digest }, Some(output)).await;
    }

    /// The attempt was told to end, and did.
    pub(crate) async fn abort(self) {
        self.end(AttemptEnd::Aborted {}, None).await;
    }

    /// The attempt could not do its work.
    pub(crate) async fn fail(self, failure: Failure) {
        self.end(AttemptEnd::Failed(failure), None).await;
    }

    async fn end(self, end: AttemptEnd, output: Option<Body>) {
        let Pass { key, step, attempt, nonce, .. } = self.pass;
        self.broker.release(nonce);
        let ended = self.engine.end_attempt(&key, "test", (step, attempt), (end, Used::default()), output);
        ended.await.expect("it is recorded");
    }

    /// The worker falls silent: the engine gives the attempt up, and nothing else hears of it.
    pub(crate) async fn lose(&self) {
        let Pass { key, step, attempt, .. } = &self.pass;
        let lost = Ask::LoseAttempt { step: step.clone(), attempt: *attempt, loss: Loss::Worker };
        let id = RequestId::from_cause(format!("lost/{attempt}"));
        self.engine.ask(key, Principal::Engine, id, lost).await.expect("it is lost");
    }

    /// Asks a model through the gateway; gives the status of its answer.
    pub(crate) async fn model(&self, text: &str) -> u16 {
        self.answer(text).await.0
    }

    /// Asks a model through the gateway; gives the status of its answer and all of it.
    pub(crate) async fn answer(&self, text: &str) -> (u16, String) {
        let body = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": text }] });
        let (address, token, body) = (self.address.clone(), self.token.clone(), body.to_string());
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        tokio::task::spawn_blocking(move || exchange(&address, &request)).await.expect("no panic")
    }
}

fn exchange(address: &str, request: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(address).expect("the gateway listens");
    socket.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it is answered");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

/// The right to make the call.
pub(crate) fn made(decision: Decision) -> Permit {
    match decision {
        Decision::Run(permit) => permit,
        other => panic!("it is not made: {other:?}"),
    }
}

/// What is recorded of the call: the text, and whether that is a complaint.
pub(crate) fn recorded(decision: Decision) -> (String, bool) {
    match decision {
        Decision::Recorded { text, error, .. } => (text, error),
        other => panic!("nothing is recorded: {other:?}"),
    }
}

/// The gate that decides about the call.
pub(crate) fn gated(decision: &Decision) -> Hash {
    match decision {
        Decision::Gate { gate, .. } => *gate,
        other => panic!("nobody is asked: {other:?}"),
    }
}
