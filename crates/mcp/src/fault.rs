//! Why a server gave no answer that can be used, in words for whoever has to mend it.

use std::time::Duration;

use mainspring_sandbox::{Exit, How, StartError};
use mainspring_types::{Code, Problem};

use crate::gauge::Breach;

/// What was being done with a server when it failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Doing {
    Start,
    List,
    Call(String),
}

/// What went wrong with a server.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The definition names no such server.
    Unknown { known: Vec<String> },
    /// The server has, or is granted, no such tool.
    NoTool { known: Vec<String> },
    /// The arguments are no object.
    Arguments,
    /// Its address or a header of it cannot be used.
    Malformed { reason: String },
    /// Its program was not started.
    NotStarted { problem: Box<Problem> },
    /// Nobody answers at its address.
    Unreachable { reason: String },
    /// It sends callers elsewhere.
    Redirects { to: String },
    /// It answered with a status that says no.
    Refused { status: u16, body: String },
    /// It did not answer in time.
    Slow { after: Duration },
    /// The caller changed its mind.
    Cancelled,
    /// It broke a bound.
    Unruly(Breach),
    /// Its connection ended; with how its program ended, where it has one.
    Gone { exit: Option<Exit> },
    /// It answered with an error of the protocol.
    Said { code: i32, message: String },
    /// Its answer is not of the protocol.
    Nonsense { reason: String },
    /// It was started too often.
    Restarts,
}

/// What went wrong, with which server and during what.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) server: String,
    pub(crate) doing: Doing,
    pub(crate) trouble: Trouble,
    /// The end of its standard error.
    pub(crate) complaints: Option<String>,
    /// A line of its standard output that is no message.
    pub(crate) stray: Option<String>,
    /// What we gave it to keep. It may say so; we do not.
    pub(crate) secrets: Vec<String>,
}

/// How much of what a server wrote is quoted in a line.
const QUOTE_MAX: usize = 300;

impl Fault {
    pub(crate) fn new(server: &str, doing: Doing, trouble: Trouble) -> Self {
        let secrets = Vec::new();
        Self { server: server.to_owned(), doing, trouble, complaints: None, stray: None, secrets }
    }

    /// The problem in one paragraph, for a model and for the record.
    pub(crate) fn told(self) -> String {
        let problem = Problem::from(self);
        let suggestion = problem.suggestion.map(|text| format!("; {text}")).unwrap_or_default();
        let detail = problem.detail.map(|text| format!("\n{}", tail(&text))).unwrap_or_default();
        format!("{}{suggestion}{detail}", problem.message)
    }

    fn message(&self) -> String {
        let (server, doing) = (&self.server, self.doing.words());
        match &self.trouble {
            Trouble::Unknown { .. } => format!("there is no MCP server `{server}`"),
            Trouble::NoTool { .. } => {
                format!("MCP server `{server}` has no tool `{}` that is granted", self.doing.tool())
            }
            Trouble::Arguments => format!("the arguments of `{}` are no JSON object", self.doing.tool()),
            Trouble::Malformed { reason } | Trouble::Unreachable { reason } => {
                format!("MCP server `{server}` cannot be reached: {reason}")
            }
            Trouble::NotStarted { problem } => {
                format!("MCP server `{server}` was not started: {}", problem.message)
            }
            Trouble::Redirects { to } => format!("MCP server `{server}` redirects to `{to}`"),
            Trouble::Refused { status, body } => {
                format!("MCP server `{server}` refused with HTTP status {status} {doing}{}", quoted(body))
            }
            Trouble::Slow { after } => {
                format!("MCP server `{server}` did not answer within {} {doing}", seconds(*after))
            }
            Trouble::Cancelled => format!("MCP server `{server}` was told to stop {doing}"),
            Trouble::Unruly(breach) => format!("MCP server `{server}` {breach} {doing}"),
            Trouble::Gone { exit } => {
                format!("MCP server `{server}` {} {doing}", exit.as_ref().map_or("hung up".into(), ended))
            }
            Trouble::Said { code, message } => {
                format!("MCP server `{server}` answered with error {code} {doing}{}", quoted(message))
            }
            Trouble::Nonsense { reason } => {
                format!("MCP server `{server}` answered with nonsense {doing}: {}", cut(reason))
            }
            Trouble::Restarts => format!("MCP server `{server}` was started four times within a minute"),
        }
    }

    fn suggestion(&self) -> Option<String> {
        let text = match &self.trouble {
            Trouble::Unknown { known } | Trouble::NoTool { known } if known.is_empty() => "there are none",
            Trouble::Unknown { known } | Trouble::NoTool { known } => {
                return Some(format!("there are: {}", known.join(", ")));
            }
            Trouble::Arguments => "give an object with the tool's parameters",
            Trouble::Malformed { .. } => "mend `url` or `headers` of the server in the definition",
            Trouble::NotStarted { problem } => return problem.suggestion.clone(),
            Trouble::Unreachable { .. } => "start the server, or mend its `url`",
            Trouble::Redirects { .. } => "redirects are not followed: give the final address as its `url`",
            Trouble::Refused { status: 401 | 403, .. } => {
                "give what it asks for among its `headers`, such as `Authorization`"
            }
            Trouble::Refused { .. } => "check its `url`, and what the server logs",
            Trouble::Slow { .. } => "raise `timeout` of the server, or see what it waits for",
            Trouble::Cancelled => return None,
            Trouble::Unruly(Breach::Garbage) => {
                "its standard output is for messages: let it log to standard error"
            }
            Trouble::Unruly(Breach::Flood) => "see what the server reports without end",
            Trouble::Unruly(_) => "ask it for less at once",
            Trouble::Gone { exit: Some(_) } => "run its command by hand in the workspace to see why",
            Trouble::Gone { exit: None } => "see what the server logs",
            Trouble::Said { .. } | Trouble::Nonsense { .. } => {
                "see whether a newer version of the server is out"
            }
            Trouble::Restarts => "see what it complains of; it is tried again in a minute",
        };
        Some(text.to_owned())
    }

    fn discreet(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| text.replace(secret, "[hidden]"))
    }

    fn code(&self) -> Code {
        match self.trouble {
            Trouble::Unknown { .. } | Trouble::NoTool { .. } => Code::NotFound,
            Trouble::Arguments => Code::InvalidParameter,
            Trouble::Malformed { .. } => Code::InvalidManifest,
            Trouble::NotStarted { ref problem } => problem.code,
            Trouble::Slow { .. } if self.doing == Doing::Start => Code::SpawnTimeout,
            Trouble::Restarts => Code::RestartLimit,
            Trouble::Cancelled => Code::Cancelled,
            _ if self.doing == Doing::Start => Code::SpawnFailed,
            _ => Code::ExecutionFailed,
        }
    }

    /// What it wrote itself, where that may explain the rest.
    fn detail(&self) -> Option<String> {
        let stray = self.stray.as_ref().map(|line| format!("wrote, in place of a message: {}", cut(line)));
        let complaints = self.complaints.as_ref().map(|text| format!("standard error:\n{text}"));
        let parts: Vec<_> = stray.into_iter().chain(complaints).collect();
        (!parts.is_empty()).then(|| parts.join("\n"))
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let mut problem = Self::new(fault.code(), fault.discreet(fault.message()));
        problem.suggestion = fault.suggestion();
        problem.detail = fault.detail().map(|text| fault.discreet(text));
        problem
    }
}

impl From<StartError> for Trouble {
    fn from(error: StartError) -> Self {
        Self::NotStarted { problem: Box::new(error.into()) }
    }
}

impl Doing {
    fn words(&self) -> String {
        match self {
            Self::Start => "while it was started".into(),
            Self::List => "while it was asked for its tools".into(),
            Self::Call(tool) => format!("in a call of `{tool}`"),
        }
    }

    fn tool(&self) -> &str {
        match self {
            Self::Call(tool) => tool,
            Self::Start | Self::List => "",
        }
    }
}

fn ended(exit: &Exit) -> String {
    match exit.how {
        _ if exit.out_of_memory => "ended for want of memory".into(),
        How::Code(code) => format!("ended with exit code {code}"),
        How::Signal(signal) => format!("was ended by signal {signal}"),
        How::Lost => "ended".into(),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f32())
}

fn quoted(text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!(": {}", cut(text.trim())) }
}

/// The beginning of a text from a stranger.
fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTE_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The end of a text from a stranger.
fn tail(text: &str) -> &str {
    let from = text.char_indices().rev().nth(QUOTE_MAX).map_or(0, |(at, _)| at);
    &text[from..]
}
