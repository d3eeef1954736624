//! A request as a call: what the journal knows it by, who may be asked, and what goes out.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use mainspring_store::Identity;
use mainspring_types::EffectId;

use super::{Shared, knock::Knock};
use crate::{
    Pass,
    budget::Wish,
    journal::{Call, Repeat, Said},
    price::Price,
    request::{self, Asked, Edit, Malformed, Standing},
    route::{Api, Family, Route},
    upstream::{Outgoing, Shown},
};

/// A call that was read and can be sent.
pub(super) struct Job {
    pub(super) route: Route,
    pub(super) call: Arc<Call>,
    /// The providers that serve it, in the order in which they are tried: places in the gateway's list.
    pub(super) providers: Vec<usize>,
    pub(super) stream: bool,
    /// Whether the client asked for the usage of its stream.
    pub(super) wants_usage: bool,
    choices: u64,
    method: Method,
    path: String,
    headers: HeaderMap,
    shown: Shown,
    body: Bytes,
}

/// Why a request cannot become a call.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("no provider of kind `{family}` is set up for model `{model}`")]
    Unserved { family: Family, model: String },
}

/// The header by which a client asks for one provider by its name.
pub const PROVIDER: &str = "x-mainspring-provider";

/// Headers of a client that are the gateway's business or belong to one connection.
const NOT_SENT_ON: [&str; 15] = [
    PROVIDER,
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "accept-encoding",
    "authorization",
    "x-api-key",
    "x-goog-api-key",
];

impl Job {
    pub(super) fn read(
        shared: &Shared,
        pass: Pass,
        (route, knock): (Route, Knock),
        (method, headers, body): (Method, HeaderMap, Bytes),
    ) -> Result<Self, Unfit> {
        let asked = request::read(&route, &body)?;
        let named = headers.get(PROVIDER).and_then(|name| name.to_str().ok());
        let providers = serving(shared, named, route.family, &asked.model);
        if providers.is_empty() {
            return Err(Unfit::Unserved { family: route.family, model: asked.model });
        }
        let repeat = repeat(&headers);
        let path = path(route.family, &knock);
        let (stream, wants_usage, choices) = (asked.stream, asked.wants_usage, asked.choices.max(1));
        let wish = Wish {
            input_bound: if is_metered(route.api) { asked.input_bound } else { 0 },
            output_wanted: output(&route, &asked),
            output_least: asked.output_min.saturating_mul(choices),
            price: dearest(shared, &providers, (route.family, &asked.model)),
        };
        let call = Arc::new(as_call(pass, &route, asked, repeat, wish));
        let (shown, mut headers) = (Shown::of(&headers), headers);
        for name in NOT_SENT_ON {
            headers.remove(name);
        }
        Ok(Self { route, call, providers, stream, wants_usage, choices, method, path, headers, shown, body })
    }

    /// The request as it goes out, with the output maximum that a budget asks for.
    pub(super) fn outgoing(&self, output_max: Option<u64>) -> Outgoing {
        let edit = Edit {
            output_max: output_max.map(|most| most / self.choices),
            include_usage: self.asks_for_usage(),
            model: None,
        };
        let body = match request::edit(&self.route, &self.body, &edit) {
            std::borrow::Cow::Borrowed(_) => self.body.clone(),
            std::borrow::Cow::Owned(edited) => edited.into(),
        };
        let (method, path, headers) = (self.method.clone(), self.path.clone(), self.headers.clone());
        Outgoing { method, path, headers, shown: self.shown, body }
    }

    /// What the agent is told of an effect of which nobody knows whether it happened, if it must not happen twice.
    pub(super) fn unknowable(&self, effect: EffectId) -> Option<String> {
        let why = self.call.irreversible.as_deref()?;
        Some(format!("whether {effect} happened is not known, and it is not repeated, because {why}"))
    }

    /// Whether the gateway asks for the usage of a stream whose client did not.
    pub(super) fn asks_for_usage(&self) -> bool {
        self.route.api == Api::Chat && self.stream && !self.wants_usage
    }
}

fn as_call(pass: Pass, route: &Route, asked: Asked, repeat: Repeat, wish: Wish) -> Call {
    let identity = Identity {
        route: route.word().to_owned(),
        key: asked.key,
        near: asked.near,
        parent: asked.lineage.parent,
        previous: asked.lineage.previous,
        own: asked.lineage.own,
    };
    let irreversible = match asked.standing {
        Standing::Repeatable => None,
        Standing::Irreversible { why } => Some(why),
    };
    let said = Said::new(asked.frame, asked.messages);
    Call { pass, identity, model: asked.model, irreversible, repeat, said, wish }
}

/// The providers that serve a model. A list of models is asked of the first of the family.
fn serving(shared: &Shared, named: Option<&str>, family: Family, model: &str) -> Vec<usize> {
    let all = shared.providers.iter().enumerate();
    let all = all.filter(|(_, (provider, _))| named.is_none_or(|name| provider.name == name));
    let serving = all.filter(|(_, (provider, _))| match model {
        "" => provider.speaks(family),
        model => provider.serves(family, model),
    });
    serving.map(|(place, _)| place).collect()
}

/// The price that holds at whichever of the providers answers.
fn dearest(shared: &Shared, providers: &[usize], (family, model): (Family, &str)) -> Price {
    let prices = providers
        .iter()
        .map(|place| shared.prices.price_at(&shared.providers[*place].0, family, model).price);
    prices.reduce(Price::dearer).unwrap_or_default()
}

const fn is_metered(api: Api) -> bool {
    !matches!(api, Api::Models | Api::CountTokens | Api::CountGenerate)
}

/// The output that is wanted, over all the answers that are asked for.
fn output(route: &Route, asked: &Asked) -> Option<u64> {
    if !route.is_generation() {
        return Some(0);
    }
    let each = match asked.output_max {
        None if asked.choices <= 1 => return None,
        None => crate::budget::OUTPUT_UNSAID,
        Some(most) => most,
    };
    Some(each.saturating_mul(asked.choices.max(1)))
}

/// Clients on the SDKs of Anthropic and `OpenAI` count their retries.
fn repeat(headers: &HeaderMap) -> Repeat {
    let count = headers.get("x-stainless-retry-count").and_then(|count| count.to_str().ok());
    match count.and_then(|count| count.trim().parse::<u32>().ok()) {
        Some(1..) => Repeat::Yes,
        Some(0) | None => Repeat::No,
    }
}

/// The path below the provider's base URL: with its version, once, whichever way the client joined its own.
fn path(family: Family, knock: &Knock) -> String {
    let mut rest = knock.path.trim_matches('/');
    let mut version = if family == Family::Gemini { "v1beta" } else { "v1" };
    while let Some((first, tail)) =
        rest.split_once('/').filter(|(first, _)| ["v1", "v1beta", "v1alpha"].contains(first))
    {
        (version, rest) = (first, tail);
    }
    let query = if knock.query.is_empty() { String::new() } else { format!("?{}", knock.query) };
    format!("/{version}/{rest}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_has_its_version_once() {
        let sent = |family, path: &str, query: &str| {
            let knock = Knock { token: None, path: path.to_owned(), query: query.to_owned() };
            super::path(family, &knock)
        };
        assert_eq!(sent(Family::OpenAi, "/v1/chat/completions", ""), "/v1/chat/completions");
        assert_eq!(sent(Family::OpenAi, "/chat/completions", ""), "/v1/chat/completions");
        assert_eq!(sent(Family::Anthropic, "/v1/v1/messages", "beta=true"), "/v1/messages?beta=true");
        assert_eq!(sent(Family::Gemini, "/v1beta/models/g:x", "alt=sse"), "/v1beta/models/g:x?alt=sse");
    }
}
