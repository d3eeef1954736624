//! Providers from the variables that client libraries and older tools use.

use mainspring_boundary::{provider::Place, route::Family};
use mainspring_types::{Code, Problem};

use super::{
    Credential, USUAL, Upstream, Usual, address, calls, silence,
    variables::{LLM_BASE_URL, LLM_PROVIDER, LLM_RATE_LIMIT, LLM_TIMEOUT, OLLAMA_HOST, Variable},
};
use crate::{config::fields::not, data::Environment};

/// The words of `LLM_PROVIDER`: the provider that each names, and what that speaks.
const WORDS: [(&str, &str, Family); 9] = [
    ("anthropic", "anthropic", Family::Anthropic),
    ("openai", "openai", Family::OpenAi),
    ("gemini", "gemini", Family::Gemini),
    ("google", "gemini", Family::Gemini),
    ("ollama", "ollama", Family::OpenAi),
    ("local", "local", Family::OpenAi),
    ("llamacpp", "llamacpp", Family::OpenAi),
    ("vllm", "vllm", Family::OpenAi),
    ("lmstudio", "lmstudio", Family::OpenAi),
];

/// The providers of the environment beside those of the file, in the order in which they are tried.
pub(in crate::config) fn from_environment(
    file: &[Upstream],
    environment: Environment<'_>,
) -> Result<Vec<Upstream>, Problem> {
    let mut found = Vec::new();
    for usual in &USUAL {
        found.extend(usual.upstream(environment)?);
    }
    if let Some(base_url) = get(&OLLAMA_HOST, environment, address::ollama)? {
        found.push(Upstream::server("ollama", Family::OpenAi, base_url));
    }
    let is_taken = |name: &str| file.iter().any(|other| other.name == name);
    found.retain(|upstream| !is_taken(&upstream.name));
    if let Some(first) = First::read(environment)?.filter(|first| !is_taken(first.name)) {
        first.stand(&mut found)?;
    }
    let calls_per_minute = get(&LLM_RATE_LIMIT, environment, calls)?;
    let silence_max = get(&LLM_TIMEOUT, environment, silence)?;
    for upstream in &mut found {
        upstream.calls_per_minute = calls_per_minute;
        upstream.silence_max = silence_max.unwrap_or(upstream.silence_max);
    }
    Ok(found)
}

impl Usual {
    /// The provider of the family, if its key or its address is set.
    fn upstream(&self, environment: Environment<'_>) -> Result<Option<Upstream>, Problem> {
        let base_url = get(self.address, environment, address::base_url)?;
        let credential = Credential::in_variable(self.keys, environment);
        if credential.is_none() && base_url.is_none() {
            return Ok(None);
        }
        let base_url = base_url.unwrap_or_else(|| self.home.to_owned());
        let upstream = Upstream::server(self.family.as_str(), self.family, base_url);
        Ok(Some(Upstream { credential: credential.unwrap_or(Credential::None), ..upstream }))
    }
}

/// The provider that is to be tried first, and where it is if that is said.
struct First {
    name: &'static str,
    family: Family,
    base_url: Option<String>,
}

impl First {
    fn read(environment: Environment<'_>) -> Result<Option<Self>, Problem> {
        let find = |text: &str| WORDS.into_iter().find(|(word, ..)| word.eq_ignore_ascii_case(text));
        let base_url = get(&LLM_BASE_URL, environment, address::base_url)?;
        Ok(match (get(&LLM_PROVIDER, environment, find)?, base_url) {
            (Some((_, name, family)), base_url) => Some(Self { name, family, base_url }),
            (None, Some(url)) => Some(Self { name: "local", family: Family::OpenAi, base_url: Some(url) }),
            (None, None) => None,
        })
    }

    /// Moves it to the front, or puts it there.
    fn stand(self, found: &mut Vec<Upstream>) -> Result<(), Problem> {
        let Self { name, family, base_url } = self;
        let known = found.iter().position(|upstream| upstream.name == name).map(|at| found.remove(at));
        let first = match (known, base_url) {
            (Some(known), None) => known,
            (Some(known), Some(base_url)) => Upstream { place: Place::Server { family, base_url }, ..known },
            (None, Some(base_url)) => Upstream::server(name, family, base_url),
            (None, None) => return Err(nowhere(name)),
        };
        found.insert(0, first);
        Ok(())
    }
}

fn nowhere(name: &str) -> Problem {
    let own = match USUAL.iter().find(|usual| usual.family.as_str() == name) {
        Some(usual) => format!("its key in `{}`", usual.keys[0]),
        None if name == "ollama" => format!("its host in `{}`", OLLAMA_HOST.name),
        None => format!("its address in `{}`", LLM_BASE_URL.name),
    };
    let message =
        format!("`{}` names `{name}`, and neither a key nor an address of it is set", LLM_PROVIDER.name);
    Problem::new(Code::InvalidConfiguration, message)
        .suggest(format!("set {own}, or unset `{}`", LLM_PROVIDER.name))
}

/// The value of a variable that is set and not empty; one that cannot be read is a problem.
fn get<T>(
    variable: &Variable,
    environment: Environment<'_>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(value) = environment(variable.name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let text = value.to_string_lossy();
    let refused = || {
        let message = format!("`{}` must be {}{}", variable.name, variable.takes, not(Some(&text)));
        Problem::new(Code::InvalidConfiguration, message).suggest(variable.meaning)
    };
    read(&text).map(Some).ok_or_else(refused)
}
