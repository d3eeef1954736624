//! Which hosts and origins are this server's own.
//!
//! A web page can make a browser send requests to loopback, and a name of its own can be made to point there. The
//! first carries a foreign `Origin`, the second a foreign `Host`; neither is answered, whatever else it carries.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Uri, header::HOST, header::ORIGIN, uri::Authority};
use mainspring_types::{Code, Problem};

/// What a port is when none is written.
const HTTP_PORT: u16 = 80;

/// Refuses a request that did not mean the server at `local`, the address its connection arrived at.
pub(super) fn check(uri: &Uri, headers: &HeaderMap, local: SocketAddr) -> Result<(), Problem> {
    let foreign = |what: &str, value: &str| {
        let value: String = value.chars().take(128).collect();
        Problem::new(Code::ForeignOrigin, format!("the {what} `{value}` is not this server"))
            .suggest(format!("ask `http://{local}` directly, from a program instead of a web page"))
    };
    let mut hosts = headers.get_all(HOST).iter();
    let (host, more) = (hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default(), hosts.next());
    if more.is_some() || !is_own(host, local) {
        return Err(foreign("host", host));
    }
    // A request line with a whole address overrides the header.
    if let Some(authority) = uri.authority().filter(|authority| !is_own(authority.as_str(), local)) {
        return Err(foreign("host", authority.as_str()));
    }
    for origin in headers.get_all(ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        if !origin.strip_prefix("http://").is_some_and(|host| is_own(host, local)) {
            return Err(foreign("origin", origin));
        }
    }
    Ok(())
}

/// Whether `host` is a name of loopback, or the very address, with the port of `local`.
fn is_own(host: &str, local: SocketAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    // `user@host` would pass for `host`.
    if authority.as_str().contains('@') || authority.port_u16().unwrap_or(HTTP_PORT) != local.port() {
        return false;
    }
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_canonical() == local.ip().to_canonical() || is_usual_loopback(address),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

fn is_usual_loopback(address: IpAddr) -> bool {
    [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])].contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_loopback_with_the_port_are_own() {
        let local = "127.0.0.1:7117".parse().expect("an address");
        for own in ["127.0.0.1:7117", "localhost:7117", "LocalHost:7117", "[::1]:7117"] {
            assert!(is_own(own, local), "{own}");
        }
        for foreign in [
            "",
            "localhost",
            "localhost:80",
            "127.0.0.1:7118",
            "127.0.0.2:7117",
            "evil.example:7117",
            "localhost.evil.example:7117",
            "evil@localhost:7117",
            "localhost:7117/x",
            "192.168.1.5:7117",
        ] {
            assert!(!is_own(foreign, local), "{foreign}");
        }
    }

    #[test]
    fn beyond_loopback_the_very_address_is_own_too() {
        let local = "192.168.1.5:80".parse().expect("an address");
        assert!(is_own("192.168.1.5", local) && is_own("192.168.1.5:80", local));
        assert!(!is_own("192.168.1.6", local) && !is_own("rebound.example", local));
    }
}
