//! Reading a request whole.

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

/// The largest request: providers take less.
pub(super) const REQUEST_MAX: usize = 64 * 1024 * 1024;

/// Why a request was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("the request is larger than {} MB", REQUEST_MAX / (1024 * 1024))]
    TooLarge,
    #[error("the request broke off: {0}")]
    Broken(String),
}

pub(super) async fn whole(body: Incoming) -> Result<Bytes, Unread> {
    match Limited::new(body, REQUEST_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Err(error) => Err(Unread::Broken(error.to_string())),
    }
}
