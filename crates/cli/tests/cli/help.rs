//! The help of every verb, whole.

use crate::home::Home;

const VERBS: [&str; 36] = [
    "",
    "demo",
    "run",
    "chat",
    "runs",
    "runs list",
    "runs show",
    "runs events",
    "runs effects",
    "runs message",
    "runs done",
    "runs cancel",
    "runs pause",
    "runs resume",
    "runs raise",
    "runs diverge",
    "gates",
    "gates list",
    "gates show",
    "gates approve",
    "gates deny",
    "gates answer",
    "sessions",
    "sessions list",
    "sessions show",
    "sessions fork",
    "why",
    "serve",
    "agents",
    "agents validate",
    "agents info",
    "env",
    "env list",
    "env prune",
    "doctor",
    "version",
];

#[test]
fn every_verb_explains_itself() {
    let home = Home::new();
    for verb in VERBS {
        let arguments: Vec<&str> = verb.split_whitespace().chain(["--help"]).collect();
        let ran = home.run(&arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{verb}");
        let name = format!("help {verb}").trim_end().replace(' ', "-");
        insta::with_settings!({ prepend_module_to_snapshot => false }, { insta::assert_snapshot!(name, ran.stdout) });
    }
}

#[test]
fn a_shell_can_complete() {
    let ran = Home::new().run(&["completion", "bash"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("mainspring__subcmd__runs__subcmd__cancel"), "{}", ran.stdout);
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let home = Home::new();
    assert!(!home.run(&["doctor"]).stdout.contains('\x1b'));
    assert!(home.run(&["doctor", "--color", "always"]).stdout.contains("\x1b["));
}

#[test]
fn the_version_is_data_when_data_is_asked_for() {
    let ran = Home::new().run(&["version", "-o", "json"]);
    let version: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((version["name"].as_str(), version["api"].as_str()), (Some("mainspring"), Some("v1")));
}
