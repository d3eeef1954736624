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
    Scripted(Box<Scripted>),
}

/// A request as it goes out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: hyper::Method,
    /// The path and query below the provider's base URL.
    pub(crate) path: String,
    /// What the client sent, without what is ours.
    pub(crate) headers: HeaderMap,
    /// How the client showed what it believes to be its key.
    pub(crate) shown: Shown,
    pub(crate) body: Bytes,
}

/// How a key is shown to a provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shown {
    /// In the header of the provider's own.
    Own,
    /// As a bearer token.
    Bearer,
}

impl Shown {
    /// How it is shown in these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let has = |name| headers.contains_key(name);
        if has("authorization") && !has("x-api-key") && !has("x-goog-api-key") {
            Self::Bearer
        } else {
            Self::Own
        }
    }

    /// The header that shows a key to a provider of the family. Only Anthropic's clients have two ways: newer versions
    /// of its API are spoken with a bearer token.
    fn header(self, family: Family, key: &str) -> (&'static str, String) {
        match (family, self) {
            (Family::Anthropic, Self::Own) => ("x-api-key", key.to_owned()),
            (Family::OpenAi, _) | (Family::Anthropic, Self::Bearer) => {
                ("authorization", format!("Bearer {key}"))
            }
            (Family::Gemini, _) => ("x-goog-api-key", key.to_owned()),
        }
    }
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
            Place::Scripted { script } => Ok(Self::Scripted(Box::new(Scripted::open(script)?))),
        }
    }

    /// Sends a request and waits for the head of its answer, no longer than the provider may be silent.
    pub(crate) async fn send(
        &self,
        provider: &Provider,
        family: Family,
        mut outgoing: Outgoing,
    ) -> Result<Incoming, Broken> {
        sign(&mut outgoing, provider, family);
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

/// Puts the provider's key where the client put its own.
fn sign(outgoing: &mut Outgoing, provider: &Provider, family: Family) {
    let Some(key) = &provider.key else { return };
    let (name, value) = outgoing.shown.header(family, key.expose_secret());
    // A key that no header can hold is refused by the provider, which says so; it is no reason to fail here.
    if let Ok(mut value) = hyper::header::HeaderValue::from_str(&value) {
        value.set_sensitive(true);
        outgoing.headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(client: &'static str, family: Family, expected: (&str, &str)) {
        let headers = [(client, "token")].map(|(name, value)| {
            (hyper::header::HeaderName::from_static(name), hyper::header::HeaderValue::from_static(value))
        });
        let (name, value) = Shown::of(&HeaderMap::from_iter(headers)).header(family, "key");
        assert_eq!((name, value.as_str()), expected, "{client}");
    }

    #[test]
    fn a_key_is_shown_as_the_client_shows_its_own() {
        check("x-api-key", Family::Anthropic, ("x-api-key", "key"));
        check("authorization", Family::Anthropic, ("authorization", "Bearer key"));
        check("authorization", Family::OpenAi, ("authorization", "Bearer key"));
        check("x-goog-api-key", Family::Gemini, ("x-goog-api-key", "key"));
    }

    #[test]
    fn a_client_that_shows_its_key_elsewhere_gets_the_usual_header() {
        // In the path or the query, or in the header of another family.
        check("accept", Family::Anthropic, ("x-api-key", "key"));
        check("x-api-key", Family::OpenAi, ("authorization", "Bearer key"));
        check("authorization", Family::Gemini, ("x-goog-api-key", "key"));
    }
}
