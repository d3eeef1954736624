//! Why a page was not fetched.

use std::net::IpAddr;

use super::{address::Kind, reach::literal};

/// What is declined, whatever the network would have said.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("`{text}` is no URL ({reason}); write a whole one, such as `https://example.com/page`")]
    Unreadable { text: String, reason: String },
    #[error("`{scheme}:` is not fetched; only `http:` and `https:` are")]
    Scheme { scheme: String },
    #[error("a URL with a user name or a password is not fetched; leave out what stands before `@{host}`")]
    Credentials { host: String },
    #[error("`{url}` names no host; write a whole URL, such as `https://example.com/page`")]
    NoHost { url: String },
    #[error("port {port} is not asked; the ports of the web are 80, 443, 8080 and 8443")]
    Port { port: u16 },
    #[error("the host `{host}` is not allowed; allowed {}", hosts(allowed))]
    Host { host: String, allowed: Vec<String> },
    #[error("a redirect from https to `{url}` is not followed, since that is not encrypted")]
    Downgrade { url: String },
    #[error("there were more than {max} redirects; the last led to `{url}`")]
    Redirects { max: usize, url: String },
    #[error("{} is not public but {kind}; only public hosts are fetched, and what the server's owner allows", told(host, *address))]
    Private { host: String, address: IpAddr, kind: Kind },
}

fn hosts(allowed: &[String]) -> String {
    match allowed {
        [] => "is none".to_owned(),
        [one] => format!("is `{one}`"),
        many => format!("are `{}`", many.join("`, `")),
    }
}

fn told(host: &str, address: IpAddr) -> String {
    if literal(host) == Some(address) {
        format!("`{host}`")
    } else {
        format!("`{host}`, which is `{address}`,")
    }
}

/// Why there is no page: declined, answered with a complaint of the server's, or the network failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{text}")]
    Complaint { text: String },
    #[error("the name `{host}` was not found: {source}")]
    NoName { host: String, source: std::io::Error },
    #[error("`{host}` cannot be reached: {source}")]
    Unreachable { host: String, source: std::io::Error },
    #[error("`{host}` broke off: {source}")]
    Cut { host: String, source: hyper::Error },
    #[error("`{url}` took longer than {seconds} s")]
    Slow { url: String, seconds: u64 },
}
