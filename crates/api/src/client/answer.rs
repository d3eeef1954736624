//! What an answer means: the thing asked for, or the server's problems.

use hyper::StatusCode;
use mainspring_types::{Code, Problem};
use serde::de::DeserializeOwned;

use super::wire::Reply;
use crate::problem::ProblemBody;

/// Reads the thing asked for, or at least one problem.
pub(super) fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, Vec<Problem>> {
    if !reply.status.is_success() {
        return Err(problems(reply.status, &reply.body));
    }
    serde_json::from_slice(&reply.body).map_err(|error| vec![stranger(reply.status).because(&error)])
}

/// The problems of an answer that is not a success, the main one first.
pub(super) fn problems(status: StatusCode, body: &[u8]) -> Vec<Problem> {
    match serde_json::from_slice::<ProblemBody>(body) {
        Ok(mut body) => {
            let others = std::mem::take(&mut body.others);
            std::iter::once(body.into_problem()).chain(others).collect()
        }
        Err(_) => vec![stranger(status)],
    }
}

/// The main one of several problems.
pub(super) fn first(problems: Vec<Problem>) -> Problem {
    problems.into_iter().next().expect("a refused request has a problem")
}

/// Another program, or another version, has answered.
fn stranger(status: StatusCode) -> Problem {
    let message = format!("what answered, with status {}, does not speak this API", status.as_u16());
    Problem::new(Code::Unreachable, message)
        .suggest("check the address, and that `mainspring version` of client and server agree")
}
