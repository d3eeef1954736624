//! Fetching a page: each hop is checked, resolved once, and asked at exactly an address that was checked.
//!
//! A name with one address that may not be reached is refused with all its others, since whoever answers for it means no
//! good. Nothing of one hop goes to the next: no cookies, no credentials, no referrer. Proxies are not used. How long a
//! fetch may take is left to the caller, who drops it.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderMap, LOCATION, USER_AGENT},
};
use tokio::task::JoinSet;
use url::{Position, Url};

use super::{
    Rules,
    connect::{self, World},
    refusal::{Broken, Refusal},
    target::Target,
};

/// What is read of a page at most.
pub(super) const BODY_MAX: usize = 5_000_000;

const REDIRECTS_MAX: usize = 5;

// Far more than any honest server sends. What exceeds them breaks off.
const HEADERS_MAX: usize = 128;
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What a server answered.
#[derive(Debug)]
pub(super) struct Page {
    /// Where the last redirect led.
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether there was more than [`BODY_MAX`].
    pub(super) cut: bool,
}

/// Fetches what the target, or the redirects that it answers with, lead to.
pub(super) async fn fetch(world: &impl World, first: Target, rules: &Rules<'_>) -> Result<Page, Broken> {
    let mut target = first;
    for _ in 0..=REDIRECTS_MAX {
        let addresses = connect::addresses(world, &target, rules).await?;
        let mut answer = Answer::to(world, &target, &addresses).await?;
        match answer.location() {
            Some(location) => target = target.follow(&location, rules)?,
            None => return answer.page(target).await,
        }
    }
    Err(Refusal::Redirects { max: REDIRECTS_MAX, url: target.url.into() }.into())
}

/// An answer whose body is still to come.
struct Answer {
    response: Response<Incoming>,
    /// Drives the connection for as long as the answer is held.
    _connection: JoinSet<()>,
}

impl Answer {
    async fn to(
        world: &impl World,
        target: &Target,
        addresses: &[std::net::SocketAddr],
    ) -> Result<Self, Broken> {
        let host = &target.host;
        let stream = connect::open(world, target, addresses).await?;
        let cut = |source| Broken::Cut { host: host.clone(), source };
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(stream)
            .await
            .map_err(cut)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Whoever reads the body gets the same error.
            let _ = connection.await;
        });
        let response = sender.send_request(request(&target.url)).await.map_err(cut)?;
        Ok(Self { response, _connection: driver })
    }

    /// Where to look instead.
    fn location(&self) -> Option<String> {
        let redirects = matches!(self.response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        let location = self.response.headers().get(LOCATION).filter(|_| redirects)?;
        Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
    }

    async fn page(&mut self, target: Target) -> Result<Page, Broken> {
        let mut body = Vec::new();
        let mut cut = false;
        while let Some(frame) = self.response.body_mut().frame().await {
            let frame = frame.map_err(|source| Broken::Cut { host: target.host.clone(), source })?;
            let Ok(bytes) = frame.into_data() else { continue };
            let room = BODY_MAX - body.len();
            body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if bytes.len() > room {
                cut = true;
                break;
            }
        }
        let status = self.response.status().as_u16();
        let headers = std::mem::take(self.response.headers_mut());
        Ok(Page { url: target.url, status, headers, body, cut })
    }
}

fn request(url: &Url) -> Request<Empty<Bytes>> {
    Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, concat!("mainspring/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "text/html, application/json, text/*;q=0.9, */*;q=0.1")
        .header(ACCEPT_ENCODING, "identity")
        .body(Empty::new())
        .expect("a parsed URL holds what a request line and a header may hold")
}

#[cfg(test)]
mod tests;
