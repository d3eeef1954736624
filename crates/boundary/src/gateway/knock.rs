//! Who is asking: the attempt's token, wherever the client puts its key, and the path without it.

use hyper::{HeaderMap, Uri};

/// What a request shows at the door.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Knock {
    pub(super) token: Option<String>,
    /// The path without a token in it.
    pub(super) path: String,
    /// The query without a key in it.
    pub(super) query: String,
}

/// A token in the path, for clients that have no key: `/a/TOKEN/v1/...`.
const PREFIX: &str = "/a/";

impl Knock {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let path = uri.path();
        let (in_path, path) =
            match path.strip_prefix(PREFIX).map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
                Some((token, rest)) => (Some(token.to_owned()), format!("/{rest}")),
                None => (None, path.to_owned()),
            };
        let (keys, query): (Vec<&str>, Vec<&str>) =
            uri.query().unwrap_or_default().split('&').partition(|part| part.starts_with("key="));
        let in_query = keys.first().and_then(|key| key.strip_prefix("key=")).map(str::to_owned);
        let token = in_path.or_else(|| in_headers(headers)).or(in_query);
        let query = query.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
        Self { token, path, query }
    }
}

fn in_headers(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let bearer = text("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    text("x-api-key").or_else(|| text("x-goog-api-key")).or(bearer).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, header: Option<(&'static str, &str)>, token: Option<&str>, rest: (&str, &str)) {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().expect("a value"));
        }
        let knock = Knock::of(&uri.parse().expect("a URI"), &headers);
        assert_eq!(
            (knock.token.as_deref(), knock.path.as_str(), knock.query.as_str()),
            (token, rest.0, rest.1)
        );
    }

    #[test]
    fn the_token_is_found_wherever_a_client_puts_its_key() {
        let path = "/v1/messages";
        check(path, Some(("x-api-key", "t")), Some("t"), (path, ""));
        check(path, Some(("authorization", "Bearer t")), Some("t"), (path, ""));
        check(path, Some(("authorization", "Basic t")), None, (path, ""));
        check("/v1beta/m?alt=sse&key=t", None, Some("t"), ("/v1beta/m", "alt=sse"));
        check(path, Some(("x-goog-api-key", "t")), Some("t"), (path, ""));
        check("/a/t/v1/messages?beta=true", Some(("x-api-key", "other")), Some("t"), (path, "beta=true"));
        check("/a/t", None, Some("t"), ("/", ""));
        check(path, None, None, (path, ""));
    }
}
