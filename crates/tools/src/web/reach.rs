//! The private places that a fetch may reach although they are private: what the owner of the server allows.
//!
//! An address is allowed as it is. A name is allowed with whatever it resolves to, but for link-local addresses, where
//! clouds keep the credentials of their machines: who answers for a name must not be able to hand those out.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use super::address::Kind;

/// The private places that may be reached. None by default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// Each of them, with its port.
    pub allowed: Vec<Place>,
}

/// A host and a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// One address.
    Address(SocketAddr),
    /// A name, with the addresses that it has when it is asked for.
    Name {
        /// In lower case, without a dot at its end.
        host: String,
        /// Of TCP.
        port: u16,
    },
}

/// A text that names no place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is no place; write `HOST:PORT`, such as `127.0.0.1:8080` or `wiki.internal:443`")]
pub struct NoPlace {
    /// The text.
    pub text: String,
}

impl Reach {
    /// Whether the port of the host was named, so that it needs not be a usual one.
    pub(super) fn names(&self, host: &str, port: u16) -> bool {
        self.allowed.iter().any(|place| match place {
            Place::Address(address) => address.port() == port && literal(host) == Some(address.ip()),
            Place::Name { host: named, port: at } => *at == port && named == host,
        })
    }

    /// Whether an address of that kind, which is not public, may be reached for the host.
    pub(super) fn admits(&self, host: &str, address: SocketAddr, kind: Kind) -> bool {
        self.allowed.iter().any(|place| match place {
            Place::Address(allowed) => *allowed == address,
            Place::Name { host: named, port } => {
                named == host
                    && *port == address.port()
                    && !matches!(kind, Kind::LinkLocal | Kind::Metadata | Kind::Multicast)
            }
        })
    }
}

/// The address that a host is written as, when it is no name.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let no_place = || NoPlace { text: text.to_owned() };
        let (host, port) = text.rsplit_once(':').ok_or_else(no_place)?;
        let port = port.parse().map_err(|_| no_place())?;
        // As a URL spells it, since that is what it will be compared with.
        match url::Host::parse(host) {
            Ok(url::Host::Domain(host)) => {
                Ok(Self::Name { host: host.trim_end_matches('.').to_owned(), port })
            }
            _ => Err(no_place()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_name_each_with_a_port() {
        for text in ["127.0.0.1:8080", "[::1]:80", "wiki.internal:443"] {
            let place: Place = text.parse().expect("it is a place");
            assert_eq!(place.to_string(), text);
        }
        for text in ["wiki.internal", "127.1:80", ":80", "wiki:http", "a b:80"] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace { text: text.to_owned() }), "{text}");
        }
    }

    #[test]
    fn a_name_lifts_private_addresses_but_never_link_local_ones() {
        let reach = Reach { allowed: vec!["wiki.internal:80".parse().expect("it is a place")] };
        let at = |address: &str| address.parse().expect("it is an address");
        assert!(reach.admits("wiki.internal", at("10.0.0.8:80"), Kind::Private));
        assert!(!reach.admits("wiki.internal", at("169.254.169.254:80"), Kind::Metadata));
        assert!(!reach.admits("wiki.internal", at("10.0.0.8:8080"), Kind::Private));
        assert!(!reach.admits("other.internal", at("10.0.0.8:80"), Kind::Private));
    }
}
