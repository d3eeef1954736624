//! One mistake in each definition of a model with tools: where it is, what is allowed, and what was probably meant.

use super::{read_assistant, shown};

/// What is said of a definition with these lines after its kind, name and instructions, from line 4 on.
fn mistake(lines: &str) -> String {
    let definition = format!("kind: Agent\nname: reviewer\ninstructions: Do.\n{lines}\n");
    shown(&read_assistant(&definition).expect_err("a mistake is refused"))
}

#[test]
fn a_model_without_its_provider() {
    insta::assert_snapshot!(mistake("model: gpt-4o-mini"), @"4:8 E1102 read `model`: `gpt-4o-mini` is not a model; write it as PROVIDER/MODEL, such as openai/gpt-4o-mini");
}

#[test]
fn a_runtime_that_is_mistyped() {
    insta::assert_snapshot!(mistake("runtime: defualt"), @"4:10 E1102 `runtime` is `defualt`; allowed: default, command, package (did you mean `default`?)");
}

#[test]
fn a_field_that_is_mistyped() {
    insta::assert_snapshot!(mistake("toolset: [shell]"), @"4:1 E1102 `toolset` is not a known field (did you mean `toolsets`?)");
}

#[test]
fn a_toolset_that_is_mistyped() {
    insta::assert_snapshot!(mistake("toolsets: [shell, filesystem]"), @"4:19 E1102 `toolsets[1]` is `filesystem`; allowed: shell, file_system, web, python, task, ask_user (did you mean `file_system`?)");
}

#[test]
fn a_toolset_that_stands_twice() {
    insta::assert_snapshot!(mistake("toolsets: [shell, shell]"), @"4:19 E1102 `toolsets[1]` names `shell` a second time");
}

#[test]
fn an_approval_of_an_unknown_tool() {
    insta::assert_snapshot!(mistake("toolsets: [shell]\napprovals: {shel: ask}"), @"5:13 E1102 `approvals.shel` names no known tool (did you mean `shell`?)");
}

#[test]
fn an_approval_of_a_tool_that_is_not_granted() {
    insta::assert_snapshot!(mistake("toolsets: [shell]\napprovals: {web_fetch: allow}"), @"5:13 E1102 `approvals.web_fetch` names a tool that is not granted (add `web` to `toolsets`, or leave the line out)");
}

#[test]
fn a_verdict_that_is_none() {
    insta::assert_snapshot!(mistake("toolsets: [shell]\napprovals: {shell: aks}"), @"5:20 E1102 `approvals.shell` is `aks`; allowed: allow, ask, deny (did you mean `ask`?)");
}

#[test]
fn a_pattern_that_is_left_open() {
    insta::assert_snapshot!(mistake("toolsets: [shell]\napprovals:\n  shell(git *: ask"), @"6:3 E1102 read `approvals.shell(git *`: `shell(git *` is not a pattern; write TOOL or TOOL(ARGUMENT), such as shell or shell(git push*)");
}

#[test]
fn a_path_that_leads_out() {
    insta::assert_snapshot!(mistake("toolsets: [file_system]\ncapabilities:\n  read: [src/*, ../secrets/*]"), @"6:17 E1102 `capabilities.read[1]` is `../secrets/*`: paths are those of the workspace (write it like src/* or docs/*.md)");
}

#[test]
fn a_host_that_is_an_address() {
    insta::assert_snapshot!(mistake("toolsets: [web]\ncapabilities: {hosts: [\"https://example.com/\"]}"), @"5:24 E1102 `capabilities.hosts[0]` is `https://example.com/`, which is no host (write it like example.com or *.example.com)");
}

#[test]
fn a_tool_without_its_class() {
    insta::assert_snapshot!(mistake("tools:\n  - {name: lint, description: Lints., run: [./lint]}"), @"5:5 E1102 the tool does not say what it may do to the world (add `effect:` with one of pure, idempotent, compensatable, irreversible)");
}

#[test]
fn a_schema_that_is_none() {
    let tool = "tools:\n  - name: lint\n    description: Lints.\n    run: [./lint]\n    effect: pure\n    parameters:\n      type: object\n      properties:\n        path: {type: strng}";
    insta::assert_snapshot!(mistake(tool), @"12:22 E1102 `tools[0].parameters.properties.path.type` is `strng`; allowed: string, integer, number, boolean, object, array, null (did you mean `string`?)");
}

#[test]
fn a_schema_that_reads_from_elsewhere() {
    insta::assert_snapshot!(mistake("output:\n  $ref: https://example.com/schema.json"), @"5:9 E1102 read `output.$ref` as JSON Schema: `https://example.com/schema.json` lies elsewhere; a schema refers to its own parts, such as #/$defs/name");
}

#[test]
fn a_server_with_two_transports() {
    insta::assert_snapshot!(mistake("mcp_servers:\n  a: {command: [b], url: \"https://c.d/mcp\"}"), @"5:26 E1102 an MCP server has either `command` or `url`, not both");
}

#[test]
fn a_command_line_in_place_of_a_list() {
    insta::assert_snapshot!(mistake("mcp_servers:\n  a: {command: npx server}"), @r#"5:16 E1102 `mcp_servers.a.command` must be a list, not text: no shell reads it (write `command: ["npx","server"]`)"#);
}

#[test]
fn a_gate_with_an_unknown_default() {
    insta::assert_snapshot!(mistake("gates: {deadline: 24h, default: refuse}"), @"4:33 E1102 `gates.default` is `refuse`; allowed: deny, approve");
}

#[test]
fn a_limit_that_is_out_of_bounds() {
    insta::assert_snapshot!(mistake("limits:\n  steps: 0"), @"5:10 E1102 `limits.steps` is 0; allowed: 1 to 1000");
}

#[test]
fn a_session_mode_that_is_mistyped() {
    insta::assert_snapshot!(mistake("session: {mode: converstion}"), @"4:17 E1102 `session.mode` is `converstion`; allowed: one_shot, conversation (did you mean `conversation`?)");
}

#[test]
fn an_amount_that_is_no_money() {
    insta::assert_snapshot!(mistake("budget: {cost: much}"), @r#"4:16 E1102 `budget.cost` is `much`, which is no amount of dollars (write it like "$1.50")"#);
}

#[test]
fn steps_beside_instructions() {
    insta::assert_snapshot!(mistake("runtime: default\nsteps: [{id: a, run: [b]}]"), @"5:1 E1102 `steps` has no use: the definition is of a model with tools, not of steps");
}

#[test]
fn instructions_beside_steps() {
    insta::assert_snapshot!(mistake("steps: [{id: a, run: [b]}]"), @"3:1 E1102 `instructions` has no use: the definition is of steps, not of a model with tools");
}

#[test]
fn agents_that_nobody_can_call() {
    insta::assert_snapshot!(mistake("agents: {scout: {instructions: Look.}}"), @"4:1 E1102 `agents` cannot be called (add `task` to `toolsets`)");
}

#[test]
fn a_sub_agent_with_more_than_its_parent() {
    let agents = "toolsets: [task, shell]\ncapabilities: {read: [src/*]}\nbudget: {tokens: 10}\nagents:\n  scout:\n    instructions: Look.\n    toolsets: [shell, web]\n    tools: [lint]\n    mcp_servers: [github]\n    capabilities: {read: [src/a, docs/*]}\n    budget: {tokens: 11}";
    insta::assert_snapshot!(mistake(agents), @"
    10:23 E1102 `agents.scout.toolsets[1]` gives the toolset `web`, which the parent has not (the parent has: shell, task)
    11:13 E1102 `agents.scout.tools[0]` gives the tool `lint`, which the parent has not (the parent has none)
    12:19 E1102 `agents.scout.mcp_servers[0]` gives the MCP server `github`, which the parent has not (the parent has none)
    13:34 E1102 `agents.scout.capabilities.read[1]` gives `docs/*`, which the parent has not (the parent has: src/*)
    14:22 E1102 `agents.scout.budget.tokens` is more than its parent has
    ");
}

#[test]
fn every_mistake_is_told_at_once() {
    insta::assert_snapshot!(mistake("model: x\ntoolsets: [sh]\nsession: {mod: one_shot}\noutput: text"), @"
    4:8 E1102 read `model`: `x` is not a model; write it as PROVIDER/MODEL, such as openai/gpt-4o-mini
    5:12 E1102 `toolsets[0]` is `sh`; allowed: shell, file_system, web, python, task, ask_user
    6:11 E1102 `session.mod` is not a known field (did you mean `mode`?)
    7:9 E1102 `output` must be a JSON Schema, which is a map of fields
    ");
}
