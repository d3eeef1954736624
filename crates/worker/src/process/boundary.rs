//! How an agent finds the gateway: under the variables that clients of each kind of provider read anyway.
//!
//! The attempt's token stands where a provider's key would. Kinds that no provider is configured for are left alone, so
//! that a client of such a kind says itself what it misses.

use mainspring_api::worker::Boundary;

/// What clients report home, which no run can wait for and no journal can record.
const QUIET: [(&str, &str); 5] = [
    ("AGNO_TELEMETRY", "false"),
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("CREWAI_DISABLE_TELEMETRY", "true"),
    ("DO_NOT_TRACK", "1"),
    ("OPENAI_AGENTS_DISABLE_TRACING", "1"),
];

/// Every variable by which the agent of this attempt is sent to the gateway.
pub(super) fn variables(boundary: &Boundary) -> impl Iterator<Item = (&'static str, String)> {
    let families = boundary.families.iter().flat_map(|family| of_family(family, boundary));
    let quiet = QUIET.map(|(name, value)| (name, value.to_owned()));
    let socket = boundary.socket.iter();
    let socket = socket.map(|path| ("MAINSPRING_GATEWAY_SOCKET", path.to_string_lossy().into_owned()));
    // Without it a program that is killed takes its last words along.
    let own = [("MAINSPRING_GATEWAY_URL", boundary.url.clone()), ("PYTHONUNBUFFERED", "1".to_owned())];
    families.chain(llm(boundary)).chain(quiet).chain(own).chain(socket)
}

/// The variables of tools that know one provider, which they are told by name: `OpenAI`'s APIs where they are spoken.
fn llm(boundary: &Boundary) -> Vec<(&'static str, String)> {
    let spoken = |family: &&String| family.as_str() == "openai";
    let Some(family) = boundary.families.iter().find(spoken).or(boundary.families.first()) else {
        return Vec::new();
    };
    let base_url = if family == "openai" { format!("{}/v1", boundary.url) } else { boundary.url.clone() };
    let model = boundary.model.iter().map(|model| ("LLM_MODEL", model.clone()));
    let named = [("LLM_PROVIDER", family.clone()), ("LLM_BASE_URL", base_url)];
    named.into_iter().chain(model).collect()
}

/// The key that an agent asks for in its last words although no provider of the kind is configured.
pub(super) fn missing(boundary: &Boundary, words: &str) -> Option<&'static str> {
    let keys = [
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("gemini", "GOOGLE_API_KEY"),
    ];
    let is_missed = |(family, key): &(&str, &str)| {
        words.contains(key) && !boundary.families.iter().any(|served| served == family)
    };
    keys.into_iter().find(is_missed).map(|(_, key)| key)
}

fn of_family(family: &str, Boundary { url, token, .. }: &Boundary) -> Vec<(&'static str, String)> {
    let (url, key) = (|| url.clone(), || token.clone());
    let versioned = || format!("{}/v1", url());
    match family {
        "anthropic" => vec![("ANTHROPIC_BASE_URL", url()), ("ANTHROPIC_API_KEY", key())],
        "gemini" => {
            vec![("GOOGLE_GEMINI_BASE_URL", url()), ("GEMINI_API_KEY", key()), ("GOOGLE_API_KEY", key())]
        }
        "openai" => vec![
            ("OPENAI_BASE_URL", versioned()),
            ("OPENAI_API_BASE", versioned()),
            ("OPENAI_API_KEY", key()),
            // Its clients send no key, so the token is part of the address.
            ("OLLAMA_HOST", format!("{}/a/{}", url(), key())),
        ],
        // A kind of a newer control plane.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_provider_stands_behind_is_named() {
        let boundary = Boundary {
            url: String::new(),
            socket: None,
            token: String::new(),
            families: vec!["anthropic".into()],
            model: None,
            providers: std::collections::BTreeMap::new(),
        };
        assert_eq!(missing(&boundary, "KeyError: 'OPENAI_API_KEY'"), Some("OPENAI_API_KEY"));
        assert_eq!(missing(&boundary, "KeyError: 'ANTHROPIC_API_KEY'"), None);
        assert_eq!(missing(&boundary, "KeyError: 'name'"), None);
    }
}
