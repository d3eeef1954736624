//! The body of every HTTP answer that is not a success: RFC 9457, `application/problem+json`.

use mainspring_types::{Code, Location, Problem};
use serde::{Deserialize, Serialize};

/// The media type of a problem body.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem as it travels over HTTP.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProblemBody {
    /// A relative reference to the page of the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's name in words.
    pub title: String,
    /// The HTTP status, again.
    pub status: u16,
    /// What happened.
    pub detail: String,
    /// The stable code.
    pub code: Code,
    /// What to try next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Where in the user's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What was seen at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Every further problem of the same file, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Problem>,
    /// Which request it answers; also in the server's log.
    pub request_id: String,
}

impl ProblemBody {
    /// The body for `problem`, in answer to the request of that id.
    pub fn new(problem: Problem, request_id: impl Into<String>) -> Self {
        Self {
            kind: format!("/docs/errors/{}", problem.code),
            title: problem.kind,
            status: problem.code.http_status(),
            detail: problem.message,
            code: problem.code,
            suggestion: problem.suggestion,
            location: problem.location,
            evidence: problem.detail,
            others: Vec::new(),
            request_id: request_id.into(),
        }
    }

    /// The problem behind the body.
    pub fn into_problem(self) -> Problem {
        Problem {
            code: self.code,
            kind: self.title,
            message: self.detail,
            suggestion: self.suggestion,
            location: self.location,
            detail: self.evidence,
        }
    }
}
