//! Errors: as an answer of their own, and in the middle of a stream.

use serde_json::{Value, json};

use super::{Frame, Mark};
use crate::api::{Api, Family};

/// An error that a provider reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// The word for its kind; the usual one of the status when the script has none.
    pub(crate) kind: Option<String>,
    /// What else OpenAI calls it, such as `insufficient_quota`.
    pub(crate) code: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), ..Self::default() }
    }

    /// The error as a document of `family`; `request` is the id of the request.
    pub(crate) fn body(&self, family: Family, request: &str) -> Value {
        let kind = self.kind.as_deref().unwrap_or_else(|| usual_kind(family, self.status));
        let message = &self.message;
        match family {
            Family::Anthropic => {
                json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": request})
            }
            Family::OpenAi => {
                let code = self.code.as_deref().or_else(|| usual_code(self.status));
                json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            }
            Family::Gemini => json!({"error": {"code": self.status, "message": message, "status": kind}}),
        }
    }

    /// The error as the next event of a stream.
    pub(crate) fn frame(&self, api: Api, number: usize) -> Frame {
        if api == Api::Responses {
            let kind = self.code.as_deref().or(self.kind.as_deref()).unwrap_or("server_error");
            let data = json!({
                "type": "error", "sequence_number": number, "code": kind, "message": self.message, "param": null,
            });
            return Frame::event("error", &data, Mark::Frame);
        }
        match api.family() {
            Family::Anthropic => {
                let mut data = self.body(Family::Anthropic, "");
                data.as_object_mut().map(|data| data.remove("request_id"));
                Frame::event("error", &data, Mark::Frame)
            }
            family => Frame::data(&self.body(family, ""), Mark::Frame),
        }
    }
}

fn usual_kind(family: Family, status: u16) -> &'static str {
    match family {
        Family::Anthropic => match status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        },
        Family::OpenAi => match status {
            429 => "requests",
            500.. => "server_error",
            _ => "invalid_request_error",
        },
        Family::Gemini => match status {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            503 | 529 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        },
    }
}

fn usual_code(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("invalid_api_key"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    }
}
