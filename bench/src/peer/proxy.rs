//! The ceiling of `gateway`: a proxy that passes bodies on as they come, and does nothing else.

use hyper::{Request, Uri, body::Incoming, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{Door, http};

/// A proxy in this process, in front of the server at `upstream`.
pub(crate) async fn open(upstream: String) -> Door {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let pool: Client<_, Incoming> =
        Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
    let answer = move |mut request: Request<Incoming>| {
        let target = format!("{upstream}{}", request.uri().path());
        *request.uri_mut() = Uri::try_from(target).expect("an address and a path");
        request.headers_mut().remove(header::HOST);
        let answered = pool.request(request);
        async move { answered.await.expect("the upstream answers") }
    };
    Door { url: http::listen(answer).await, tokens: Vec::new() }
}
