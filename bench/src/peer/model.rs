//! The provider's place for agents with tools: a bare server that leads each conversation as its first words say.
//!
//! ```text
//!  steps N      calls `read_file` N times, one after the other, and ends
//!  approval N   calls `write_file` once, which has to be approved, and ends
//!  question N   calls `ask_user` once and ends
//!  input N      answers, whatever is said
//! ```
//! It keeps nothing in mind: what comes next is read from the request.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Door, http,
    upstream::{Body, end, frame, respond},
};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// All of it.
    pub(crate) body: Bytes,
    /// What the agent was told first: a word and a number.
    word: String,
    pub(crate) number: usize,
    /// How many tools have answered.
    results: usize,
}

#[derive(Deserialize)]
struct Chat {
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    role: String,
    #[serde(default)]
    content: Value,
}

impl Asked {
    fn read(body: Bytes) -> Self {
        let Chat { messages } = serde_json::from_slice(&body).expect("agents ask in the form of a chat");
        let of = |role: &'static str| messages.iter().filter(move |said| said.role == role);
        let first =
            of("user").next().and_then(|said| said.content.as_str()).expect("an agent is told what to do");
        let (word, number) = first.split_once(' ').expect("a word and a number");
        let number = number.parse().expect("a number");
        let (word, results) = (word.to_owned(), of("tool").count());
        Self { body, word, number, results }
    }

    /// The tool that is called next, if one is.
    fn call(&self) -> Option<(&'static str, Value)> {
        let step = self.results;
        match self.word.as_str() {
            "steps" if step < self.number => Some(("read_file", file(step))),
            "approval" if step == 0 => {
                Some(("write_file", json!({"path": "approved.txt", "content": "yes"})))
            }
            "question" if step == 0 => Some(("ask_user", json!({"question": "May I?"}))),
            _ => None,
        }
    }
}

/// What `read_file` is asked in a step: never twice the same, which an agent would be warned of.
pub(crate) fn file(step: usize) -> Value {
    json!({ "path": format!("{step}.txt") })
}

/// Opens the server in this process; `heard` is told of each request when the whole of it has arrived.
pub(crate) async fn open(heard: impl Fn(&Asked) + Clone + Send + 'static) -> Door {
    let answer = move |request: Request<Incoming>| {
        let heard = heard.clone();
        async move {
            let body = request.into_body().collect().await.expect("a whole request").to_bytes();
            let asked = Asked::read(body);
            heard(&asked);
            answer(&asked)
        }
    };
    Door { url: http::listen(answer).await, tokens: Vec::new() }
}

fn answer(asked: &Asked) -> Response<Body> {
    let (delta, finish) = match asked.call() {
        None => (json!({"content": "It is done."}), "stop"),
        Some((name, arguments)) => {
            let call = json!({
                "index": 0, "id": format!("call_{}", asked.results), "type": "function",
                "function": {"name": name, "arguments": arguments.to_string()},
            });
            (json!({ "tool_calls": [call] }), "tool_calls")
        }
    };
    let frames = [frame(&delta.to_string(), "null", "null")].into_iter().chain(end(finish, 20));
    let body: Vec<u8> = frames.flatten().collect();
    respond("text/event-stream", Full::from(body).boxed_unsync())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(messages: &[Value]) -> Option<(&'static str, Value)> {
        Asked::read(json!({ "messages": messages }).to_string().into()).call()
    }

    #[test]
    fn a_conversation_is_led_as_its_first_words_say() {
        let (told, result) = (json!({"role": "user", "content": "steps 2"}), json!({"role": "tool"}));
        assert_eq!(called(&[told.clone(), result.clone()]), Some(("read_file", json!({"path": "1.txt"}))));
        assert_eq!(called(&[told, result.clone(), result]), None);
        assert_eq!(called(&[json!({"role": "user", "content": "input 7"})]), None);
    }
}
