//! Sending calls to providers: the one place that knows their keys and speaks to them.

mod client;
mod scripted;

use std::time::Duration;

use bytes::Bytes;
use hyper::HeaderMap;
use secrecy::ExposeSecret as _;

use self::{client::Client, scripted::Scripted};
use crate::{
    provider::{Place, Provider},
    route::Family,
};

/// A way to one provider.
pub(crate) enum Upstream {
    Server(Client),
    Scripted(Scripted),
}

/// A request as it goes out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: hyper::Method,
    /// The path and query below the provider's base URL.
    pub(crate) path: String,
    /// What the client sent, without what is ours.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A provider's answer, its body still to come.
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Pieces,
}

/// The body of an answer as it arrives.
pub(crate) enum Pieces {
    Wire(hyper::body::Incoming),
    Scripted(scripted::Playing),
}

/// Why no answer came, or no more of it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("{provider} cannot be reached: {detail}")]
    Unreachable { provider: String, detail: String },
    #[error("{provider} broke the connection: {detail}")]
    Cut { provider: String, detail: String },
    #[error("{provider} was silent for {}", told(*after))]
    Silent { provider: String, after: Duration },
}

fn told(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

impl Upstream {
    pub(crate) fn open(provider: &Provider) -> Result<Self, mainspring_types::Problem> {
        match &provider.place {
            Place::Server { base_url, .. } => Ok(Self::Server(Client::new(base_url))),
            Place::Scripted { script } => Scripted::open(script).map(Self::Scripted),
        }
    }

    /// Sends a request and waits for the head of its answer, no longer than the provider may be silent.
    pub(crate) async fn send(
        &self,
        provider: &Provider,
        family: Family,
        mut outgoing: Outgoing,
    ) -> Result<Incoming, Broken> {
        sign(&mut outgoing.headers, provider, family);
        let answer = async {
            match self {
                Self::Server(client) => client.send(&provider.name, outgoing).await,
                Self::Scripted(scripted) => scripted.send(&provider.name, &outgoing).await,
            }
        };
        within(provider, answer).await
    }
}

impl Pieces {
    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self, provider: &Provider) -> Result<Option<Bytes>, Broken> {
        let piece = async {
            match self {
                Self::Wire(body) => client::next(&provider.name, body).await,
                Self::Scripted(playing) => playing.next(&provider.name).await,
            }
        };
        within(provider, piece).await
    }
}

async fn within<T>(provider: &Provider, work: impl Future<Output = Result<T, Broken>>) -> Result<T, Broken> {
    let after = provider.silence_max;
    match tokio::time::timeout(after, work).await {
        Ok(done) => done,
        Err(_) => Err(Broken::Silent { provider: provider.name.clone(), after }),
    }
}

/// Puts the provider's key where the family wants it.
fn sign(headers: &mut HeaderMap, provider: &Provider, family: Family) {
    let Some(key) = &provider.key else { return };
    let (name, value) = match family {
        Family::Anthropic => ("x-api-key", key.expose_secret().to_owned()),
        Family::OpenAi => ("authorization", format!("Bearer {}", key.expose_secret())),
        Family::Gemini => ("x-goog-api-key", key.expose_secret().to_owned()),
    };
    // A key that no header can hold is refused by the provider, which says so; it is no reason to fail here.
    if let Ok(mut value) = hyper::header::HeaderValue::from_str(&value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}
