//! Providers: which there are, in which order, with which keys, and what is told about mistakes.

use std::fmt::Write as _;

use secrecy::ExposeSecret as _;

use super::*;

/// A provider a line: what it speaks, where it is, its key, its models and its limits.
fn listed(config: &Config) -> String {
    let providers = config.providers().expect("keys are there");
    providers.iter().fold(String::new(), |mut text, one| {
        let key = one.key.as_ref().map_or("-", |key| key.expose_secret());
        let (place, models) = (&one.place, one.models.join(" "));
        let place = match place {
            Place::Server { family, base_url } => format!("{family} {base_url}"),
            Place::Scripted { script } => {
                format!("script {}", script.file_name().unwrap_or_default().display())
            }
        };
        let limits = format!("{:?} {:?}", one.calls_per_minute, one.silence_max);
        let _ = writeln!(text, "{}: {place} {key} [{models}] {limits}", one.name);
        text
    })
}

#[test]
fn the_environment_sets_up_the_providers_whose_variables_are_set() {
    let variables = [
        ("ANTHROPIC_API_KEY", "sk-ant"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1"),
        ("GEMINI_API_KEY", ""),
        ("GOOGLE_API_KEY", "AIza"),
        ("OLLAMA_HOST", "gpu-box"),
        ("LLM_TIMEOUT", "30"),
    ];
    let config = resolve("", &variables, &[]).expect("valid");
    insta::assert_snapshot!(listed(&config), @"
    anthropic: anthropic https://api.anthropic.com sk-ant [] None 30s
    openai: openai http://127.0.0.1:8080 - [] None 30s
    gemini: gemini https://generativelanguage.googleapis.com AIza [] None 30s
    ollama: openai http://gpu-box:11434 - [] None 30s
    ");
}

#[test]
fn a_provider_of_the_file_stands_first_and_takes_the_place_of_its_namesake() {
    let file = r#"
[providers.spare]
kind = "openai"
base_url = "https://spare.test/v1/"
models = ["gpt-*", "o*"]
timeout = "90s"
[providers.openai]
kind = "openai"
calls_per_minute = 60
[providers.offline]
kind = "scripted"
script = "model.yaml"
"#;
    let variables =
        [("OPENAI_API_KEY", "sk-1"), ("OPENAI_BASE_URL", "http://x"), ("ANTHROPIC_API_KEY", "sk-2")];
    let config = resolve(file, &variables, &[]).expect("valid");
    insta::assert_snapshot!(listed(&config), @"
    spare: openai https://spare.test - [gpt-* o*] None 90s
    openai: openai https://api.openai.com sk-1 [] Some(60) 300s
    offline: script model.yaml - [] None 300s
    anthropic: anthropic https://api.anthropic.com sk-2 [] None 300s
    ");
}

#[test]
fn older_tools_name_one_provider_that_stands_first() {
    let both = [("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2"), ("LLM_PROVIDER", "OpenAI")];
    let moved =
        [("GEMINI_API_KEY", "k"), ("LLM_PROVIDER", "google"), ("LLM_BASE_URL", "http://proxy/v1beta")];
    let local = [("LLM_PROVIDER", "vllm"), ("LLM_BASE_URL", "http://gpu:8000/v1"), ("LLM_RATE_LIMIT", "9")];
    let bare = [("OPENAI_API_KEY", "sk-1"), ("LLM_BASE_URL", "http://gpu:8000/v1")];
    let list = |variables: &[(&str, &str)]| listed(&resolve("", variables, &[]).expect("valid"));
    insta::assert_snapshot!([list(&both), list(&moved), list(&local), list(&bare)].join("\n"), @"
    openai: openai https://api.openai.com sk-1 [] None 300s
    anthropic: anthropic https://api.anthropic.com sk-2 [] None 300s

    gemini: gemini http://proxy k [] None 300s

    vllm: openai http://gpu:8000 - [] Some(9) 300s

    local: openai http://gpu:8000 - [] None 300s
    openai: openai https://api.openai.com sk-1 [] None 300s
    ");
}

#[test]
fn a_key_comes_from_the_file_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::fs::write(&path, "sk-from-file\r\n").expect("writes");
    let file = format!("[providers.a]\nkind = \"anthropic\"\nkey_file = \"{}\"\n", path.display());
    let config = resolve(&file, &[("ANTHROPIC_API_KEY", "sk-other")], &[]).expect("valid");
    assert!(listed(&config).starts_with("a: anthropic https://api.anthropic.com sk-from-file "));
}

#[test]
fn a_key_is_not_sent_to_another_server_unless_it_is_named() {
    let table = "[providers.a]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\n";
    let key = |file: &str| {
        let config = resolve(file, &[("OPENAI_API_KEY", "sk-1")], &[]).expect("valid");
        config.providers().expect("keys")[0].key.is_some()
    };
    assert!(!key(table));
    assert!(key(&format!("{table}key_variable = \"OPENAI_API_KEY\"")));
}

#[test]
fn a_key_that_is_not_there_stops_only_those_who_need_it() {
    let config =
        resolve("[providers.a]\nkind = \"openai\"\n", &[], &[]).expect("nothing wrong with the file");
    assert_eq!(config.upstreams.len(), 1);
    config.providers().expect_err("no key");
}

#[test]
fn keys_are_never_shown() {
    let file = "[providers.a]\nkind = \"openai\"\nkey_variable = \"SPARE\"\n";
    let variables = [("SPARE", "sk-canary"), ("ANTHROPIC_API_KEY", "sk-canary")];
    let config = resolve(file, &variables, &[]).expect("valid");
    let shown = format!("{config:?} {:?}", config.providers().expect("keys"));
    assert!(shown.contains("REDACTED") && !shown.contains("canary"), "{shown}");
}

#[test]
fn every_mistake_in_a_table_is_told_with_its_place() {
    let tables = [
        "kind = \"openai\"\nbase_ulr = \"http://x\"",
        "kind = \"openai\"\ncolour = 1",
        "kind = \"opnai\"",
        "kind = \"bedrock\"",
        "kind = [\"openai\"]",
        "models = []",
        "kind = \"openai\"\nkey_variable = \"A\"\nkey_file = \"/b\"",
        "kind = \"openai\"\nkey_variable = \"NOT_SET\"",
        "kind = \"gemini\"",
        "kind = \"openai\"\nkey_file = \"missing\"",
        "kind = \"openai\"\nkey_file = \".\"",
        "kind = \"openai\"\nbase_url = \"localhost:8080\"",
        "kind = \"openai\"\nmodels = \"gpt-*\"",
        "kind = \"openai\"\nmodels = [1]",
        "kind = \"openai\"\ncalls_per_minute = 0",
        "kind = \"openai\"\ntimeout = \"soon\"",
        "kind = \"openai\"\nscript = \"x.yaml\"",
        "kind = \"scripted\"",
        "kind = \"scripted\"\nscript = \"x.yaml\"\nbase_url = \"http://x\"",
    ];
    let told: String = tables.map(|table| mistake(&format!("[providers.x]\n{table}\n"), &[])).concat();
    insta::assert_snapshot!(told, @r#"
    3:1 there is no setting `providers.x.base_ulr`
      -> did you mean `base_url`?
    3:1 there is no setting `providers.x.colour`
      -> there are `kind`, `base_url`, `key_variable`, `key_file`, `models`, `calls_per_minute`, `timeout`, `script`
    2:8 `providers.x.kind` must be `anthropic`, `openai`, `gemini` or `scripted`, not `opnai`
      -> did you mean `openai`?
    2:8 `providers.x.kind` must be `anthropic`, `openai`, `gemini` or `scripted`, not `bedrock`
      -> there are `anthropic`, `openai`, `gemini`, `scripted`
    2:8 `providers.x.kind` must be `anthropic`, `openai`, `gemini` or `scripted`, not a list or table
      -> there are `anthropic`, `openai`, `gemini`, `scripted`
    1:12 `providers.x` has no `kind`
      -> add `kind = "openai"`, `"anthropic"`, `"gemini"` or `"scripted"`
    4:1 `providers.x` has both `key_variable` and `key_file`
      -> keep the one that holds the key
    1:12 the key of `providers.x` is not there: `NOT_SET` is not set
      -> set `NOT_SET` where the server is started
    1:12 the key of `providers.x` is not there: `GEMINI_API_KEY` or `GOOGLE_API_KEY` is not set
      -> set `GEMINI_API_KEY` where the server is started
    3:12 the file of `providers.x.key_file` cannot be read: No such file or directory (os error 2)
      -> check that it is there and who may read it
    3:12 the file of `providers.x.key_file` cannot be read: Is a directory (os error 21)
      -> check that it is there and who may read it
    3:12 `providers.x.base_url` must be an address such as `https://api.openai.com`, without user, password and query, not `localhost:8080`
      -> where the provider is; a slash or version at the end does not count; the default is the address of the company that made the API
    3:10 `providers.x.models` must be a list of names, such as `["gpt-*", "o3"]`, not `gpt-*`
      -> which models the provider is asked for; `*` stands for any text; the default is every model
    3:10 `providers.x.models` must be a list of names, such as `["gpt-*", "o3"]`
      -> which models the provider is asked for; `*` stands for any text; the default is every model
    3:20 `providers.x.calls_per_minute` must be a whole number from 1, not `0`
      -> how many calls are sent in a minute at most; the default is no limit but what the provider itself says
    3:11 `providers.x.timeout` must be a duration over zero, such as `30s` or `5m`, not `soon`
      -> how long the provider may be silent before the call counts as failed; the default is `300s`
    3:1 `providers.x.script` is for `scripted` providers alone
      -> leave it out
    1:12 `providers.x` has no `script`
      -> name the file with its answers: `script = "model.yaml"`
    4:1 `providers.x.base_url` is not for `scripted` providers
      -> leave it out
    "#);
}

#[test]
fn every_mistake_around_a_table_is_told_with_its_place() {
    let files = [
        "providers = \"openai\"",
        "[providers]\nopenai = \"https://api.openai.com\"",
        "[providers.\"my provider\"]\nkind = \"openai\"",
        "[provider.openai]\nkind = \"openai\"",
        "[[providers]]\nkind = \"openai\"",
        "divergence = \"stop\"",
    ];
    let told: String = files.map(|file| mistake(file, &[])).concat();
    insta::assert_snapshot!(told, @"
    1:1 `providers` must be a table
      -> begin it with a line `[providers]`
    2:1 `providers.openai` must be a table
      -> begin it with a line `[providers.openai]`
    1:12 `my provider` is no name for a provider
      -> use 1 to 64 letters, digits, `-`, `_` and `.`
    1:2 there is no setting `provider`
      -> did you mean `providers`?
    1:3 `providers` must be a table
      -> begin it with a line `[providers]`
    1:14 `divergence` must be `fail`, `live` or `ask`, not `stop`
      -> what happens when a repeated agent asks a model for something other than what is recorded: its run ends, goes on with new calls, or waits for you; the default is `live`
    ");
}

#[test]
fn every_mistake_in_the_environment_names_its_variable() {
    let settings = [
        [("LLM_PROVIDER", "openai")],
        [("LLM_PROVIDER", "ollama")],
        [("LLM_PROVIDER", "local")],
        [("LLM_PROVIDER", "bedrock")],
        [("LLM_RATE_LIMIT", "none")],
        [("LLM_TIMEOUT", "0")],
        [("OPENAI_BASE_URL", "localhost:8080")],
        [("OLLAMA_HOST", "ollama://")],
        [("OPENAI_API_KEY", "two words")],
    ];
    let told: String = settings.map(|variables| mistake("", &variables)).concat();
    insta::assert_snapshot!(told, @"
    `LLM_PROVIDER` names `openai`, and neither a key nor an address of it is set
      -> set its key in `OPENAI_API_KEY`, or unset `LLM_PROVIDER`
    `LLM_PROVIDER` names `ollama`, and neither a key nor an address of it is set
      -> set its host in `OLLAMA_HOST`, or unset `LLM_PROVIDER`
    `LLM_PROVIDER` names `local`, and neither a key nor an address of it is set
      -> set its address in `LLM_BASE_URL`, or unset `LLM_PROVIDER`
    `LLM_PROVIDER` must be `anthropic`, `openai`, `gemini`, `ollama`, `local`, `llamacpp`, `vllm` or `lmstudio`, not `bedrock`
      -> which of the providers from the environment is tried first; it needs its key or `LLM_BASE_URL`
    `LLM_RATE_LIMIT` must be a whole number from 1, not `none`
      -> how many calls a minute are sent to each provider from the environment at most
    `LLM_TIMEOUT` must be a duration over zero, in seconds or such as `5m`, not `0`
      -> how long a provider from the environment may be silent before the call counts as failed
    `OPENAI_BASE_URL` must be an address such as `http://127.0.0.1:8080`, without user, password and query, not `localhost:8080`
      -> where the provider `openai` is
    `OLLAMA_HOST` must be a host such as `127.0.0.1:11434`, or an address, not `ollama://`
      -> where Ollama is; adds the provider `ollama`, which needs no key
    the value of `OPENAI_API_KEY` is no key
      -> a key is one line of letters, digits and signs, without blanks or quotes
    ");
}

#[test]
fn what_may_be_a_secret_is_not_repeated_in_a_mistake() {
    let told = [
        mistake("[providers.x]\nkind = \"openai\"\nkey = \"sk-canary\"", &[]),
        mistake("[providers.x]\nkind = \"openai\"\nkey_variable = \"sk-canary\"", &[]),
        mistake("[providers.x]\nkind = \"openai\"\nkey_file = \"sk-canary\"", &[]),
        mistake("[providers.x]\nkind = \"openai\"\nbase_url = \"https://me:canary@host\"", &[]),
        mistake("[providers]\nx = \"sk-canary\"", &[]),
        mistake("[providers.x]\nkind = \"openai\"\nkey_file = \"sk-canary", &[]),
        mistake("", &[("OPENAI_BASE_URL", "https://host/v1?key=canary")]),
        mistake("", &[("OPENAI_API_KEY", "canary canary")]),
    ]
    .concat();
    assert!(!told.contains("canary"), "{told}");
}
