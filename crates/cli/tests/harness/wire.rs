//! HTTP by hand, for tests of the wire itself.
//!
//! Requests are of HTTP/1.0: then the answer ends with the connection and is not cut into chunks.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

use super::{PATIENCE, Stage};

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// `STATUS CODE: detail` of a problem body, and its suggestion on a line of its own.
    pub(crate) fn problem(&self) -> String {
        let body = self.json();
        let field = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        assert!(!field("request_id").is_empty(), "{body}");
        let told = format!("{} {}: {}", self.status, field("code"), field("detail"));
        if body["suggestion"].is_null() { told } else { format!("{told}\n  {}", field("suggestion")) }
    }
}

/// A request on its way to be written.
pub(crate) struct Ask {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Ask {
    /// `METHOD /path` to the server of this stage, with its key and its own host.
    pub(crate) fn to(stage: &Stage, line: &str) -> Self {
        let host = ("Host".to_owned(), stage.address().to_string());
        let key = ("Authorization".to_owned(), format!("Bearer {}", stage.key()));
        Self { line: line.to_owned(), headers: vec![host, key], body: String::new() }
    }

    /// With a header, in place of one of that name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the header of that name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// With a JSON body.
    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.header("Content-Type", "application/json")
    }

    /// Sends it and reads the whole answer.
    pub(crate) fn send(self, address: SocketAddr) -> Reply {
        let (status, mut rest) = self.open(address);
        let mut body = String::new();
        rest.read_to_string(&mut body).expect("the answer is text");
        Reply { status, body }
    }

    /// Sends it and reads the head of the answer.
    pub(crate) fn open(self, address: SocketAddr) -> (u16, BufReader<TcpStream>) {
        let mut wire = TcpStream::connect(address).expect("connects");
        wire.set_read_timeout(Some(PATIENCE)).expect("sets");
        wire.write_all(self.text().as_bytes()).expect("writes");
        let mut answer = BufReader::new(wire);
        let head: Vec<String> = lines(&mut answer).take_while(|line| !line.is_empty()).collect();
        let status = head.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        (status.unwrap_or_else(|| panic!("no HTTP: {head:?}")), answer)
    }

    fn text(&self) -> String {
        let mut text = format!("{} HTTP/1.0\r\n", self.line);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        text
    }
}

/// One server-sent event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) id: u64,
    pub(crate) event: String,
}

/// The events of a stream until it ends or breaks.
pub(crate) fn frames(stream: &mut BufReader<TcpStream>) -> impl Iterator<Item = Frame> {
    let mut lines = lines(stream);
    std::iter::from_fn(move || {
        let mut frame = Frame { id: 0, event: String::new() };
        loop {
            match lines.next()?.split_once(": ") {
                Some(("id", id)) => frame.id = id.parse().expect("a number"),
                Some(("event", event)) => event.clone_into(&mut frame.event),
                None if frame.id > 0 => return Some(frame),
                Some(_) | None => {}
            }
        }
    })
}

/// The lines of an answer; a broken connection ends them.
fn lines(answer: &mut BufReader<TcpStream>) -> impl Iterator<Item = String> {
    std::iter::from_fn(move || {
        let mut line = String::new();
        let read = answer.read_line(&mut line).unwrap_or(0);
        (read > 0 && line.ends_with('\n')).then(|| line.trim_end().to_owned())
    })
}
