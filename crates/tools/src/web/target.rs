//! A URL that may be asked, as far as its text tells: scheme, credentials, host and port.
//!
//! The text is read as browsers read it, so `0x7f.1` is the address it means, and a name beyond ASCII is the one that is
//! looked up. Whether the addresses of a name may be reached is told where it is resolved.

use url::{Host, Url};

use super::{Rules, refusal::Refusal};

/// A URL that passed, and the host in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    /// As it is compared and looked up: lower case, ASCII, without a dot at its end; version 6 in brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    pub(super) fn parse(text: &str, rules: &Rules<'_>) -> Result<Self, Refusal> {
        let url = Url::parse(text.trim())
            .map_err(|error| Refusal::Unreadable { text: text.to_owned(), reason: error.to_string() })?;
        Self::of(url, rules)
    }

    /// Where the answer to this target says to look instead.
    pub(super) fn follow(&self, location: &str, rules: &Rules<'_>) -> Result<Self, Refusal> {
        let url = self
            .url
            .join(location)
            .map_err(|error| Refusal::Unreadable { text: location.to_owned(), reason: error.to_string() })?;
        if self.url.scheme() == "https" && url.scheme() == "http" {
            return Err(Refusal::Downgrade { url: url.into() });
        }
        Self::of(url, rules)
    }

    fn of(mut url: Url, rules: &Rules<'_>) -> Result<Self, Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials { host: url.host_str().unwrap_or_default().to_owned() });
        }
        url.set_fragment(None);
        let host = match url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
            Some(address) => address.to_string(),
            None => String::new(),
        };
        if host.is_empty() {
            return Err(Refusal::NoHost { url: url.into() });
        }
        let port = url.port_or_known_default().unwrap_or(80);
        let target = Self { url, host, port };
        target.check(rules)?;
        Ok(target)
    }

    fn check(&self, rules: &Rules<'_>) -> Result<(), Refusal> {
        const PORTS: [u16; 4] = [80, 443, 8080, 8443];
        let Self { host, port, .. } = self;
        if !PORTS.contains(port) && !rules.reach.names(host, *port) {
            return Err(Refusal::Port { port: *port });
        }
        match rules.hosts {
            Some(allowed) if !allowed.iter().any(|glob| glob.matches(host)) => {
                let allowed = allowed.iter().map(|glob| glob.as_str().to_owned()).collect();
                Err(Refusal::Host { host: host.clone(), allowed })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::Reach;

    fn host_of(text: &str) -> Result<String, Refusal> {
        let reach = Reach { allowed: vec!["127.0.0.1:9".parse().expect("it is a place")] };
        Target::parse(text, &Rules { reach: &reach, hosts: None }).map(|target| target.host)
    }

    #[test]
    fn a_host_is_what_it_means_however_it_is_written() {
        for text in ["0x7f.1", "2130706433", "017700000001", "127.1", "127.0.0.1.", "①②⑦.0.0.1"] {
            assert_eq!(host_of(&format!("http://{text}/")).as_deref(), Ok("127.0.0.1"), "{text}");
        }
        assert_eq!(host_of("http://EXAMPLE.com./").as_deref(), Ok("example.com"));
        assert_eq!(host_of("http://bücher.example/").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(host_of("http://[::FFFF:7f00:1]/").as_deref(), Ok("[::ffff:7f00:1]"));
        assert_eq!(host_of(r"http://one.example\@two.example/").as_deref(), Ok("one.example"));
    }

    #[test]
    fn other_schemes_credentials_and_ports_are_refused() {
        for text in ["file:///etc/passwd", "gopher://x/", "ftp://x/", "data:text/plain,x", "javascript:1"] {
            assert!(matches!(host_of(text), Err(Refusal::Scheme { .. })), "{text}");
        }
        for text in ["http://user@example.com/", "http://:pass@example.com/", "http://a:b@example.com@c/"] {
            assert!(matches!(host_of(text), Err(Refusal::Credentials { .. })), "{text}");
        }
        assert_eq!(host_of("http://example.com:22/"), Err(Refusal::Port { port: 22 }));
        assert_eq!(host_of("http://127.0.0.1:9/").as_deref(), Ok("127.0.0.1"));
        for text in
            ["", "example.com", "//example.com/", "http://", "http://exa mple.com/", "http://[::1%25lo]/"]
        {
            assert!(matches!(host_of(text), Err(Refusal::Unreadable { .. })), "{text}");
        }
    }

    #[test]
    fn a_host_is_asked_only_where_a_pattern_fits_the_whole_of_it() {
        let allowed =
            ["example.com".parse().expect("a pattern"), "*.example.org".parse().expect("a pattern")];
        let rules = Rules { reach: &Reach::default(), hosts: Some(&allowed) };
        let asked = |host: &str| Target::parse(&format!("http://{host}/"), &rules).is_ok();
        for host in ["example.com", "EXAMPLE.com.", "a.example.org", "a.b.example.org", "example.com:8080"] {
            assert!(asked(host), "{host}");
        }
        for host in ["a.example.com", "example.com.evil.net", "example.org", "evilexample.org", "8.8.8.8"] {
            assert!(!asked(host), "{host}");
        }
    }
}
