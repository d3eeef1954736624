//! Addresses of providers as people write them.

use axum::http::Uri;

/// Where Ollama listens when nothing else is said.
const OLLAMA_PORT: u16 = 11434;

/// The base URL without the slash and the version at its end; `None` unless it is an address of HTTP that holds no
/// user, password or query.
pub(super) fn base_url(text: &str) -> Option<String> {
    let uri: Uri = text.trim().parse().ok().filter(|_| !text.contains(['?', '#']))?;
    let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme))?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let is_plain = uri.authority()?.as_str() == format!("{host}{port}");
    let path = uri.path().trim_end_matches('/');
    let path = ["/v1", "/v1beta"].iter().find_map(|version| path.strip_suffix(version)).unwrap_or(path);
    is_plain.then(|| format!("{scheme}://{host}{port}{}", path.trim_end_matches('/')))
}

/// The base URL that Ollama's own client would use: a host alone is reached over HTTP, at its usual port.
pub(super) fn ollama(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains("://") {
        return base_url(text);
    }
    let url = base_url(&format!("http://{text}"))?;
    let port = url.parse::<Uri>().ok()?.port_u16();
    Some(if port.is_some() { url } else { format!("{url}:{OLLAMA_PORT}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_ends_before_its_slash_and_version() {
        for (written, read) in [
            ("https://api.openai.com/v1", "https://api.openai.com"),
            ("https://api.openai.com/v1/", "https://api.openai.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("https://openrouter.ai/api/v1", "https://openrouter.ai/api"),
            ("https://proxy.test/gemini/v1beta", "https://proxy.test/gemini"),
        ] {
            assert_eq!(base_url(written).as_deref(), Some(read));
        }
    }

    #[test]
    fn what_is_no_address_or_holds_more_than_one_is_refused() {
        for written in [
            "",
            "localhost:8080",
            "ftp://host",
            "https://",
            "https://user:password@host",
            "https://host?key=secret",
            "https://host/#part",
            "https://host:99999",
            "https://host:",
        ] {
            assert_eq!(base_url(written), None, "{written}");
        }
    }

    #[test]
    fn ollama_is_found_by_host_alone() {
        assert_eq!(ollama("gpu-box").as_deref(), Some("http://gpu-box:11434"));
        assert_eq!(ollama("127.0.0.1:7000").as_deref(), Some("http://127.0.0.1:7000"));
        assert_eq!(ollama("https://ollama.test/").as_deref(), Some("https://ollama.test"));
        assert_eq!(ollama("two words"), None);
    }
}
