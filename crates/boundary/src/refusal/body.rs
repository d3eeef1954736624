//! A refusal of ours, in the error shape of the provider that the client believes it speaks to.

use serde_json::{Value, json};

use crate::route::{Family, Route};

/// What kind of refusal it is, in terms that every provider has a word for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The request cannot be understood.
    Malformed,
    /// The token is missing or unknown.
    Unauthenticated,
    /// The token may not do that, or not any more.
    Forbidden,
    /// There is no such path, model or provider.
    NotFound,
    /// A budget or a rate is used up.
    Exhausted,
    /// The provider failed, or cannot be reached.
    Unavailable,
    /// The gateway itself failed.
    Internal,
}

impl Kind {
    /// The word of the family for it.
    const fn word(self, family: Family) -> &'static str {
        match (family, self) {
            (Family::Anthropic | Family::OpenAi, Self::Malformed) => "invalid_request_error",
            (Family::Anthropic | Family::OpenAi, Self::Unauthenticated) => "authentication_error",
            (Family::Anthropic | Family::OpenAi, Self::Forbidden) => "permission_error",
            (Family::Anthropic | Family::OpenAi, Self::NotFound) => "not_found_error",
            (Family::Anthropic, Self::Exhausted) => "rate_limit_error",
            (Family::Anthropic, Self::Unavailable) => "overloaded_error",
            (Family::Anthropic, Self::Internal) => "api_error",
            (Family::OpenAi, Self::Exhausted) => "rate_limit_exceeded",
            (Family::OpenAi, Self::Unavailable | Self::Internal) => "server_error",
            (Family::Gemini, Self::Malformed) => "INVALID_ARGUMENT",
            (Family::Gemini, Self::Unauthenticated) => "UNAUTHENTICATED",
            (Family::Gemini, Self::Forbidden) => "PERMISSION_DENIED",
            (Family::Gemini, Self::NotFound) => "NOT_FOUND",
            (Family::Gemini, Self::Exhausted) => "RESOURCE_EXHAUSTED",
            (Family::Gemini, Self::Unavailable) => "UNAVAILABLE",
            (Family::Gemini, Self::Internal) => "INTERNAL",
        }
    }
}

/// The body of a refusal with one of our codes. Where no API is known it has `OpenAI`'s shape, which most clients read.
pub fn body(route: Option<&Route>, status: u16, kind: Kind, code: &str, message: &str) -> Vec<u8> {
    let family = route.map_or(Family::OpenAi, |route| route.family);
    shape(family, status, kind.word(family), code, message).to_string().into_bytes()
}

fn shape(family: Family, status: u16, word: &str, code: &str, message: &str) -> Value {
    match family {
        Family::Anthropic => {
            json!({"type": "error", "error": {"type": word, "message": message, "code": code}})
        }
        Family::OpenAi => {
            json!({"error": {"message": message, "type": word, "param": null, "code": code}})
        }
        Family::Gemini => {
            let info = json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "domain": "mainspring",
            });
            json!({"error": {"code": status, "message": message, "status": word, "details": [info]}})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{refusal::Told, route::Api};

    fn text(family: Family) -> String {
        let route = Route { family, api: Api::Models, model: None, stream: None };
        let body = body(Some(&route), 403, Kind::Forbidden, "E1603", "the attempt is over");
        String::from_utf8(body).expect("text")
    }

    #[test]
    fn a_refusal_has_the_shape_of_its_provider() {
        insta::assert_snapshot!(text(Family::Anthropic), @r#"{"type":"error","error":{"type":"permission_error","message":"the attempt is over","code":"E1603"}}"#);
        insta::assert_snapshot!(text(Family::OpenAi), @r#"{"error":{"message":"the attempt is over","type":"permission_error","param":null,"code":"E1603"}}"#);
        insta::assert_snapshot!(text(Family::Gemini), @r#"{"error":{"code":403,"message":"the attempt is over","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"E1603","domain":"mainspring"}]}}"#);
        let unknown = body(None, 403, Kind::Forbidden, "E1603", "the attempt is over");
        assert_eq!(unknown, text(Family::OpenAi).into_bytes());
    }

    #[test]
    fn a_refusal_reads_back_as_what_it_says() {
        for family in Family::ALL {
            let told = Told::read(text(family).as_bytes());
            assert_eq!(told.message, "the attempt is over", "{family}");
            assert!(!told.is_passing(), "{family}");
        }
    }
}
