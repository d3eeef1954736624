//! Who may pass: requests that mean this server and prove who sends them.

use std::net::SocketAddr;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use mainspring_types::{Code, Problem, TenantId};
use rustix::process::geteuid;

use super::{host, refusal::Refusal};
use crate::{
    caller::{Caller, Paths},
    data::AdminKey,
};

/// The key and the owner's user id are one identity, so that an idempotency key means the same by either way.
const ADMIN: &str = "admin";

/// By which way a connection came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Door {
    /// The control socket, from a process of this user.
    Socket {
        /// The user id of the peer, as the kernel tells it.
        peer: u32,
    },
    /// TCP.
    Tcp {
        /// The address that is listened at.
        bound: SocketAddr,
        /// The address the connection arrived at.
        local: SocketAddr,
    },
}

impl Door {
    fn paths(self) -> Paths {
        match self {
            Self::Tcp { bound, .. } if !bound.ip().to_canonical().is_loopback() => Paths::Refused,
            Self::Socket { .. } | Self::Tcp { .. } => Paths::Taken,
        }
    }

    /// Whether the way itself proves who comes.
    fn proves(self) -> bool {
        matches!(self, Self::Socket { peer } if peer == 0 || peer == geteuid().as_raw())
    }
}

pub(super) async fn guard(State(key): State<AdminKey>, mut request: Request, next: Next) -> Response {
    match admit(&request, &key) {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) => next.run(request).await,
        Err(problem) => refuse(problem),
    }
}

/// The caller, or none where none is asked for.
fn admit(request: &Request, key: &AdminKey) -> Result<Option<Caller>, Problem> {
    let door = *request.extensions().get::<Door>().expect("every connection notes its way in");
    if let Door::Tcp { local, .. } = door {
        host::check(request.uri(), request.headers(), local)?;
    }
    if matches!(request.uri().path(), "/health" | "/ready") {
        return Ok(None);
    }
    if !door.proves() {
        prove(request.headers(), key)?;
    }
    Ok(Some(Caller { tenant: TenantId::sole(), name: ADMIN.to_owned(), paths: door.paths() }))
}

fn prove(headers: &HeaderMap, key: &AdminKey) -> Result<(), Problem> {
    let refused = |why: &str| {
        Problem::new(Code::Unauthorized, why)
            .suggest("send `Authorization: Bearer KEY`; the key is in `admin.key` in the data folder")
    };
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(refused("the request carries no key"));
    };
    match bearer(value.as_bytes()) {
        Some(given) if key.matches(given) => Ok(()),
        Some(_) => Err(refused("the request's key is not the key of this server")),
        None => Err(refused("the request's `Authorization` is not of the form `Bearer KEY`")),
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| key.trim_ascii())
}

fn refuse(problem: Problem) -> Response {
    let unproven = problem.code == Code::Unauthorized;
    let mut response = Refusal::from(problem).into_response();
    if unproven {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
