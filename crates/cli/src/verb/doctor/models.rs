//! Providers of models and budgets, as the settings and this environment set them up. Keys are never shown.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use mainspring_sandbox::{Finding, Status};
use mainspring_server::config::{Config, Credential, Meter, NanoUsd, Place, Rule, Upstream, Whom, Window};

use super::finding;
use crate::context::Context;

const NO_PROVIDER: &str = "none in this environment; only agents that call a model need one (docs/models.md)";

/// A line for each provider and for each budget.
pub(super) fn findings(context: &Context) -> Vec<Finding> {
    match context.config(&[]) {
        Ok(config) => told(&config),
        // What is wrong stands with the data folder.
        Err(_) => {
            vec![finding("providers", Status::Degraded, "unknown until the settings can be read", None)]
        }
    }
}

fn told(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> = config.upstreams.iter().map(provider).collect();
    if findings.is_empty() {
        findings.push(finding("providers", Status::Ok, NO_PROVIDER, None));
    }
    // The rules of one table stand together.
    let tables = config.budgets.chunk_by(|one, next| one.whom == next.whom);
    findings.extend(tables.map(budget));
    findings
}

fn provider(upstream: &Upstream) -> Finding {
    let (place, fault) = match &upstream.place {
        Place::Server { family, base_url } => (format!("{family} at {base_url}"), None),
        Place::Scripted { script } => (format!("scripted by {}", script.display()), unreadable(script)),
    };
    let (key, weakness) = credential(&upstream.credential);
    let models = (!upstream.models.is_empty()).then(|| upstream.models.join(", "));
    let calls = upstream.calls_per_minute.map(|calls| format!("at most {calls} calls a minute"));
    let parts: Vec<String> = [Some(place), key, models, calls].into_iter().flatten().collect();
    match fault.or(weakness) {
        Some((status, remedy)) => finding(&upstream.name, status, parts.join("; "), Some(&remedy)),
        None => finding(&upstream.name, Status::Ok, parts.join("; "), None),
    }
}

/// Where the key comes from, and what is wrong with that.
fn credential(credential: &Credential) -> (Option<String>, Option<(Status, String)>) {
    match credential {
        Credential::None => (None, None),
        Credential::Variable { name, .. } => (Some(format!("key from {name}")), None),
        Credential::File { path, .. } => (Some(format!("key from {}", path.display())), exposed(path)),
        Credential::Lacking(problem) => {
            let remedy = problem.suggestion.clone().unwrap_or_default();
            (Some(problem.message.clone()), Some((Status::Missing, remedy)))
        }
    }
}

fn exposed(path: &Path) -> Option<(Status, String)> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let remedy = || format!("others can read the key: chmod 600 {}", path.display());
    (mode & 0o077 != 0).then(|| (Status::Degraded, remedy()))
}

fn unreadable(script: &Path) -> Option<(Status, String)> {
    let error = fs::File::open(script).err()?;
    Some((Status::Missing, format!("the script cannot be read: {error}")))
}

fn budget(rules: &[Rule]) -> Finding {
    let name = match rules.first().map(|rule| &rule.whom) {
        Some(Whom::Agent(name)) => format!("budget of agent {name}"),
        Some(Whom::EachRun) => "budget of each run".to_owned(),
        Some(Whom::Tenant) | None => "budget of all runs".to_owned(),
    };
    let limits: Vec<String> = rules.iter().map(limit).collect();
    let policy = rules.first().map_or("", |rule| rule.policy.as_str());
    finding(name, Status::Ok, format!("{}; at the limit: {policy}", limits.join(", ")), None)
}

fn limit(rule: &Rule) -> String {
    let amount = match rule.meter {
        Meter::Tokens | Meter::Calls => format!("{} {}", rule.max, rule.meter),
        Meter::Cost => NanoUsd(rule.max).to_string(),
    };
    match rule.window {
        Window::Total => amount,
        Window::Hour => format!("{amount} an hour"),
        Window::Day => format!("{amount} a day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        output::Palette,
        verb::doctor::{Section, text},
    };

    const SETTINGS: &str = r#"
[providers.anthropic]
kind = "anthropic"
key_file = "key"
models = ["claude-*"]
calls_per_minute = 60
[providers.openai]
kind = "openai"
[providers.offline]
kind = "scripted"
script = "model.yaml"
[budgets.tenant]
cost_per_day = "$20"
[budgets.run]
tokens = 100000
calls_per_hour = 50
policy = "terminate"
[budgets.agents.calc]
calls = 10
"#;

    fn shown(folder: &Path, settings: &str) -> String {
        let path = folder.join("config.toml");
        fs::write(&path, settings).expect("writes");
        let environment = |name: &str| (name == "GEMINI_API_KEY").then(|| "canary".into());
        let config = Config::resolve(&path, &environment, &[]).expect("valid");
        let text = text(&[Section { title: "models", findings: told(&config) }], Palette::Plain);
        assert!(!text.contains("canary"), "{text}");
        text.replace(&folder.display().to_string(), "DATA")
    }

    #[test]
    fn providers_and_budgets_are_told_without_a_key() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("key"), "canary").expect("writes");
        fs::set_permissions(folder.path().join("key"), fs::Permissions::from_mode(0o644)).expect("changes");
        insta::assert_snapshot!(shown(folder.path(), SETTINGS), @"
        models
          ! anthropic             anthropic at https://api.anthropic.com; key from DATA/key; claude-*; at most 60 calls a minute
                                  → others can read the key: chmod 600 DATA/key
          ✗ openai                openai at https://api.openai.com; the key of `providers.openai` is not there: `OPENAI_API_KEY` is not set
                                  → set `OPENAI_API_KEY` where the server is started
          ✗ offline               scripted by DATA/model.yaml
                                  → the script cannot be read: No such file or directory (os error 2)
          ✓ gemini                gemini at https://generativelanguage.googleapis.com; key from GEMINI_API_KEY
          ✓ budget of all runs    $20.0000 a day; at the limit: suspend
          ✓ budget of each run    100000 tokens, 50 calls an hour; at the limit: terminate
          ✓ budget of agent calc  10 calls; at the limit: suspend

        3 findings to look at
        ");
    }

    #[test]
    fn without_a_provider_nothing_is_wrong() {
        let config = Config::resolve(Path::new("/nowhere/config.toml"), &|_| None, &[]).expect("defaults");
        assert!(
            told(&config).iter().all(|finding| finding.status == Status::Ok && finding.detail == NO_PROVIDER)
        );
    }
}
