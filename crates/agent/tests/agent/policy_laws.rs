//! What no definition, no call and no memory can get round.

use std::sync::LazyLock;

use mainspring_agent::{Assistant, Glob, Pattern, Policy, TaskAsk, Verdict, narrowed};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::assistant;

/// Words that rules, commands and paths are made of: few, so that they meet often.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "git", "rm", "push", "a", "src", "*", "'", ";", "$(", "/", "..", "é", "|", "&", "\\",
    ])
    .prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(word(), 1..6).prop_map(|words| words.join(" ")).boxed()
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["src", "a", "..", ".", "", "secrets", "/"]), 1..6)
        .prop_map(|parts| parts.join("/"))
}

fn call() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        text().prop_map(|command| ("shell", json!({ "command": command }))),
        path().prop_map(|path| ("write_file", json!({ "path": path, "content": "" }))),
        path().prop_map(|path| ("list_files", json!({ "path": path }))),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let name = prop::sample::select(vec!["*", "shell", "write_file", "file_system", "list_*"]);
    let argument = prop_oneof![text(), path()].prop_map(|text| text.parse::<Glob>().ok());
    (name, argument).prop_map(|(name, argument)| Pattern { name: name.parse().expect("a glob"), argument })
}

fn rules() -> impl Strategy<Value = Vec<(Pattern, Verdict)>> {
    let verdict = prop::sample::select(vec![Verdict::Allow, Verdict::Ask, Verdict::Deny]);
    prop::collection::vec((pattern(), verdict), 0..5)
}

/// An assistant with the two toolsets of the calls above and the given rules.
fn with(rules: &[(Pattern, Verdict)]) -> Assistant {
    static PLAIN: LazyLock<Assistant> = LazyLock::new(|| assistant("toolsets: [shell, file_system]\n"));
    let approvals = rules.iter().map(|(pattern, verdict)| {
        serde_json::from_value(json!({"pattern": pattern, "verdict": verdict, "from": "agent"}))
            .expect("a line of approvals")
    });
    Assistant { approvals: approvals.collect(), ..PLAIN.clone() }
}

proptest! {
    #[test]
    fn what_is_denied_stays_denied_whatever_is_remembered(
        rules in rules(),
        (tool, arguments) in call(),
        mut remembered in prop::collection::vec(pattern(), 0..4),
    ) {
        let assistant = with(&rules);
        let policy = Policy::of(&assistant);
        remembered.push(Pattern::shape_of(tool, &arguments));
        let before = policy.rule(tool, &arguments, &[]);
        let after = policy.rule(tool, &arguments, &remembered);
        prop_assert_eq!(before.verdict == Verdict::Deny, after.verdict == Verdict::Deny);
        prop_assert!(after.verdict <= before.verdict);
    }

    #[test]
    fn a_shape_covers_the_call_it_was_made_of((tool, arguments) in call()) {
        let assistant = with(&[("*".parse().expect("a pattern"), Verdict::Ask)]);
        let remembered = [Pattern::shape_of(tool, &arguments)];
        let ruling = Policy::of(&assistant).rule(tool, &arguments, &remembered);
        prop_assert!(ruling.verdict != Verdict::Ask, "{}", ruling.why);
    }

    #[test]
    fn a_child_is_never_allowed_what_its_parents_are_not(
        grand in rules(), parent in rules(), child in rules(), (tool, arguments) in call(),
    ) {
        let asked = TaskAsk::read(&json!({"agent": "a", "prompt": "b"})).expect("arguments");
        let grand = with(&grand);
        let parent = narrowed(&grand, &with(&parent), &asked).expect("the same toolsets");
        let child = narrowed(&parent, &with(&child), &asked).expect("the same toolsets");
        let verdict = |assistant: &Assistant| Policy::of(assistant).rule(tool, &arguments, &[]).verdict;
        prop_assert!(verdict(&child) >= verdict(&parent));
        prop_assert!(verdict(&parent) >= verdict(&grand));
    }

    #[test]
    fn a_path_does_not_escape_its_globs(path in path()) {
        let mut assistant = with(&[]);
        assistant.capabilities.write = Some(vec!["src/*".parse().expect("a glob")]);
        let call = json!({ "path": path, "content": "" });
        if Policy::of(&assistant).rule("write_file", &call, &[]).verdict == Verdict::Allow {
            let joined = std::path::Path::new("/w").join(&path);
            prop_assert!(joined.starts_with("/w/src"), "{}", path);
            prop_assert!(joined.components().all(|part| part != std::path::Component::ParentDir), "{}", path);
        }
    }

    #[test]
    fn a_glob_covers_only_what_it_matches(
        wide in "[ab*/]{1,6}", narrow in "[ab*/]{1,6}", text in "[ab/]{0,8}",
    ) {
        let (wide, narrow): (Glob, Glob) = (wide.parse().expect("a glob"), narrow.parse().expect("a glob"));
        if wide.covers(&narrow) && narrow.matches(&text) {
            prop_assert!(wide.matches(&text));
        }
        prop_assert!(wide.covers(&wide));
    }
}
