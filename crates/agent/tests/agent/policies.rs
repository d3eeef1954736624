//! What becomes of tool calls, and what sub-agents are given.

use mainspring_agent::{EffectClass, Pattern, Policy, Ruling, TaskAsk, Verdict, narrowed};
use serde_json::{Value, json};

use super::{assistant, read_assistant, shown};

fn shell(command: &str) -> (&'static str, Value) {
    ("shell", json!({ "command": command }))
}

/// The verdict on a call by an assistant of these fields, and why.
fn ruled(fields: &str, (tool, arguments): (&str, Value)) -> String {
    let assistant = assistant(fields);
    let Ruling { verdict, why, .. } = Policy::of(&assistant).rule(tool, &arguments, &[]);
    format!("{verdict}: {why}")
}

#[test]
fn what_is_not_granted_is_denied() {
    assert_eq!(
        ruled("toolsets: [file_system]\n", ("read_fil", json!({"path": "a"}))),
        "deny: `read_fil` is not granted (did you mean `read_file`?); available: read_file, list_files, search_files, write_file, edit_file"
    );
    assert_eq!(ruled("", shell("ls")), "deny: `shell` is not granted; available: no tool");
    let fields = "mcp_servers: {github: {url: https://a.b/mcp, tools: [get_*]}}\n";
    assert_eq!(ruled(fields, ("github__get_issue", json!({}))), "allow: granted by the MCP server `github`");
    assert!(ruled(fields, ("github__delete", json!({}))).starts_with("deny"));
    assert!(ruled(fields, ("gitlab__get_issue", json!({}))).starts_with("deny"));
}

#[test]
fn the_closest_line_counts_and_of_two_alike_the_stricter() {
    let fields = "toolsets: [shell, file_system]\napprovals:\n  '*': ask\n  shell: deny\n  shell(git *): allow\n  shell(git push*): ask\n  file_system: allow\n  write_file: ask\n";
    let table = [
        (shell("git status"), "allow: `shell(git *)` says allow (the agent, reviewer.yaml:9)"),
        (shell("git push origin"), "ask: `shell(git push*)` says ask (the agent, reviewer.yaml:10)"),
        (shell("ls"), "deny: `shell` says deny (the agent, reviewer.yaml:8)"),
        (
            ("read_file", json!({"path": "a"})),
            "allow: `file_system` says allow (the agent, reviewer.yaml:11)",
        ),
        (
            ("write_file", json!({"path": "a", "content": ""})),
            "ask: `write_file` says ask (the agent, reviewer.yaml:12)",
        ),
    ];
    for (call, expected) in table {
        assert_eq!(ruled(fields, call), expected);
    }
}

#[test]
fn no_command_carries_another_past_the_rules() {
    let fields = "toolsets: [shell]\napprovals: {shell: ask, shell(git *): allow, shell(rm *): deny}\n";
    let table = [
        ("git status && git log", Verdict::Allow),
        ("git commit -m 'a; rm b'", Verdict::Allow),
        ("git log 2>&1", Verdict::Allow),
        ("git status; ls", Verdict::Ask),
        ("git log > out", Verdict::Ask),
        ("git log $(ls)", Verdict::Ask),
        ("git status; rm x", Verdict::Deny),
        ("git log $(rm x)", Verdict::Deny),
        ("git log\nrm x", Verdict::Deny),
        ("git log | rm x", Verdict::Deny),
        ("git log `rm x`", Verdict::Deny),
    ];
    for (command, expected) in table {
        let assistant = assistant(fields);
        let (tool, arguments) = shell(command);
        assert_eq!(Policy::of(&assistant).rule(tool, &arguments, &[]).verdict, expected, "{command}");
    }
}

#[test]
fn capabilities_hold_for_arguments() {
    let fields = "toolsets: [shell, file_system, web]\ncapabilities:\n  read: [docs/*, README.md]\n  write: []\n  commands: [cargo *]\n  hosts: ['*.rust-lang.org']\n";
    let denied = |call| ruled(fields, call);
    assert!(denied(("read_file", json!({"path": "./docs//a/b.md"}))).starts_with("allow"));
    assert_eq!(
        denied(("read_file", json!({"path": "src/a.rs"}))),
        "deny: `src/a.rs` is outside `capabilities.read`; allowed: docs/*, README.md"
    );
    assert_eq!(
        denied(("search_files", json!({"pattern": "x"}))),
        "deny: the whole workspace is outside `capabilities.read`; allowed: docs/*, README.md"
    );
    assert!(denied(("list_files", json!({"path": "docs"}))).starts_with("allow"));
    assert_eq!(
        denied(("write_file", json!({"path": "docs/a", "content": ""}))),
        "deny: `docs/a` is outside `capabilities.write`; allowed: nothing"
    );
    assert_eq!(
        denied(shell("cargo test $(ls)")),
        "deny: `cargo test $(ls)`, which cannot be taken apart, is outside `capabilities.commands`; allowed: cargo *"
    );
    assert!(denied(("web_fetch", json!({"url": "https://doc.rust-lang.org/std"}))).starts_with("allow"));
    assert_eq!(
        denied(("web_fetch", json!({"url": "https://doc.rust-lang.org@evil.example/"}))),
        "deny: `https://doc.rust-lang.org@evil.example/` is not an address such as https://example.com/page"
    );
    assert!(
        denied(("web_fetch", json!({"url": "https://evil.example/?.rust-lang.org"}))).starts_with("deny")
    );
}

#[test]
fn a_folder_is_denied_with_what_it_holds() {
    let fields = "toolsets: [file_system]\napprovals: {file_system(secrets/*): deny}\n";
    for path in ["", ".", "secrets", "secrets/deep"] {
        assert!(ruled(fields, ("list_files", json!({"path": path}))).starts_with("deny"), "{path}");
    }
    assert!(ruled(fields, ("list_files", json!({"path": "src"}))).starts_with("allow"));
}

#[test]
fn what_is_remembered_lifts_a_question() {
    let assistant = assistant("toolsets: [shell]\napprovals: {shell: ask, shell(rm *): deny}\n");
    let remembered = [Pattern::shape_of("shell", &json!({"command": "git push origin main"}))];
    let ruled = |command: &str| {
        let (tool, arguments) = shell(command);
        Policy::of(&assistant).rule(tool, &arguments, &remembered)
    };
    assert_eq!(ruled("git push --tags").why, "allowed before as `shell(git push *)`");
    assert_eq!(ruled("git push").verdict, Verdict::Allow);
    assert_eq!(ruled("git pull").verdict, Verdict::Ask);
    assert_eq!(ruled("git push; ls").verdict, Verdict::Ask);
    assert_eq!(ruled("git push; rm x").verdict, Verdict::Deny);
}

#[test]
fn a_shape_covers_what_a_person_can_foresee() {
    let shape = |tool: &str, arguments: Value| Pattern::shape_of(tool, &arguments).to_string();
    let command = |line: &str| shape("shell", json!({ "command": line }));
    assert_eq!(command("cargo test --all"), "shell(cargo test *)");
    assert_eq!(command("make"), "shell(make)");
    assert_eq!(command("rm -rf *"), "shell(rm -rf \\*)");
    assert_eq!(command("sudo rm x"), "shell(sudo rm x)");
    assert_eq!(command("git push; ls"), "shell(git push; ls)");
    assert_eq!(shape("write_file", json!({"path": "./src//a.rs"})), "write_file(src/*)");
    assert_eq!(shape("write_file", json!({"path": "a.rs"})), "write_file(a.rs)");
    assert_eq!(shape("web_fetch", json!({"url": "https://A.b/c"})), "web_fetch(a.b)");
    assert_eq!(shape("task", json!({"agent": "scout", "prompt": "x"})), "task(scout)");
    assert_eq!(shape("python", json!({"code": "print(1)"})), "python");
    assert_eq!(shape("github__delete", json!({"id": 1})), "github__delete");
}

#[test]
fn a_class_is_the_gravest_of_all_parts() {
    let fields = "toolsets: [shell, file_system]\neffects: {shell(git status*): pure, read_file: idempotent}\nmcp_servers: {a: {command: [b], effects: {'get_*': pure, '*_all': irreversible}}}\n";
    let assistant = assistant(fields);
    let class = |tool: &str, arguments: Value| Policy::of(&assistant).rule(tool, &arguments, &[]).class;
    assert_eq!(class("shell", json!({"command": "git status -s"})), EffectClass::Pure);
    assert_eq!(class("shell", json!({"command": "git status; rm x"})), EffectClass::Irreversible);
    assert_eq!(class("read_file", json!({"path": "a"})), EffectClass::Idempotent);
    assert_eq!(class("edit_file", json!({"path": "a"})), EffectClass::Compensatable);
    assert_eq!(class("a__get_one", json!({})), EffectClass::Pure);
    assert_eq!(class("a__get_all", json!({})), EffectClass::Irreversible);
    assert_eq!(class("a__put", json!({})), EffectClass::Irreversible);
}

const PARENT: &str = "toolsets: [task, shell, file_system]\napprovals: {shell(rm *): deny}\ncapabilities: {read: [src/*]}\nbudget: {tokens: 1000}\nagents:\n  scout:\n    instructions: Look.\n    toolsets: [shell, file_system]\n    approvals: {shell: allow}\n";

fn scouted(arguments: &Value) -> Result<mainspring_agent::Assistant, String> {
    let parent = assistant(PARENT);
    let asked = TaskAsk::read(arguments)?;
    narrowed(&parent, &parent.agents["scout"], &asked)
        .map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_sub_agent_is_given_less_and_never_more() {
    let child = scouted(&json!({"agent": "scout", "prompt": "x", "toolsets": ["shell"], "max_tokens": 10}));
    let child = child.expect("less is given");
    assert_eq!(child.toolsets.iter().map(|toolset| toolset.as_str()).collect::<Vec<_>>(), ["shell"]);
    assert_eq!(child.budget.tokens, Some(10));
    let ruling = Policy::of(&child).rule("shell", &json!({"command": "rm x"}), &[]);
    assert_eq!(ruling.why, "`shell(rm *)` says deny (the parent, reviewer.yaml:6)");
    let asked = json!({
        "agent": "scout", "prompt": "x", "toolsets": ["web"], "read": ["src/a/*", "*"], "max_tokens": 5000,
    });
    insta::assert_snapshot!(scouted(&asked).expect_err("more is refused"), @"
    the toolset `web` is not given: the sub-agent has it not
    `*` to read is not given: the sub-agent has `src/*`
    a budget of 5000 tokens is not given: the sub-agent has 1000
    ");
    insta::assert_snapshot!(
        scouted(&json!({"agent": "scout"})).expect_err("no prompt"),
        @"read the arguments of `task`: missing field `prompt`"
    );
}

#[test]
fn a_call_cannot_narrow_the_paths_of_programs() {
    let asked = json!({"agent": "scout", "prompt": "x", "read": ["src/a/*"]});
    insta::assert_snapshot!(scouted(&asked).expect_err("a shell reads everything"), @"the toolset `shell` is not given: its programs cannot be held to `read` and `write`; name the other toolsets in `toolsets`");
    let asked = json!({"agent": "scout", "prompt": "x", "read": ["src/a/*"], "toolsets": ["file_system"]});
    assert!(scouted(&asked).is_ok());
}

#[test]
fn paths_that_do_not_bind_programs_are_told_where_they_stand() {
    let warned = |toolsets: &str, read: &str| {
        let text = format!(
            "kind: Agent\nname: x\nmodel: a/b\ninstructions: I.\ntoolsets: [{toolsets}]\ncapabilities:\n  read: {read}\n"
        );
        shown(&read_assistant(&text).expect("it reads").warnings)
    };
    insta::assert_snapshot!(warned("shell, python, file_system", "[src/*]"), @"7:9 E1102 `capabilities.read` holds for the tools of `file_system` alone; programs of `shell` and `python` use the whole workspace");
    assert_eq!(warned("shell", "['*']"), "");
    assert_eq!(warned("file_system", "[src/*]"), "");
}
