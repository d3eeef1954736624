//! A request that was not granted: problems on their way to the envelope, which writes them.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mainspring_types::{Code, Problem};

/// At least one problem, and the status it is answered with.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) main: Problem,
    pub(super) others: Vec<Problem>,
}

impl Refusal {
    /// With a status that says more than the problem's code does.
    pub(super) fn with(status: StatusCode, main: Problem) -> Self {
        Self { status, main, others: Vec::new() }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status =
            StatusCode::from_u16(problem.code.http_status()).expect("the catalogue has real statuses");
        Self::with(status, problem)
    }
}

impl From<Vec<Problem>> for Refusal {
    fn from(problems: Vec<Problem>) -> Self {
        let mut problems = problems.into_iter();
        let main =
            problems.next().unwrap_or_else(|| Problem::new(Code::Internal, "refused without a reason"));
        Self { others: problems.collect(), ..main.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        // Written by the envelope: only it knows the id of the request.
        response.extensions_mut().insert(self);
        response
    }
}
