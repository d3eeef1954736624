//! Definitions of models with tools: what they may say, what lies around them, and what a run of them is given.

use std::{fs, time::Duration};

use mainspring_agent::{
    Agent, CommandLine, EffectClass, Fallback, Layers, Mode, Overlay, Shape, Thinking, Toolset, Transport,
    Verdict, Work, describe_within, read,
};
use mainspring_types::Problem;
use serde_json::{Value, json};

use super::{assistant, folder, read_assistant, shown, write};

/// What the project's scripts rely on.
pub(crate) const CONTRACT: &str = "\
kind: Agent
name: reviewer
runtime: default
model: openai/gpt-4o-mini
instructions: You run what you are asked.
toolsets: [shell, file_system]
approvals: {shell: ask}
";

/// Every field once.
pub(crate) const WHOLE: &str = r#"
kind: Agent
name: engineer
version: 1.2
description: Mends what is broken.
runtime: default
trust: trusted
model: anthropic/claude-sonnet-4-5
model_options: {max_output_tokens: 8000, temperature: 0.2, thinking: medium}
instructions: |
  You mend what is broken.
toolsets: [shell, file_system, web, python, task, ask_user]
tools:
  - name: deploy
    description: Deploys one version.
    parameters:
      type: object
      properties: {version: {type: string}}
      required: [version]
    run: [./deploy.sh, --json]
    effect: idempotent
    timeout: 2m
    probe: [./deployed.sh]
    env: {STAGE: test}
  - ./lint.yaml
mcp_servers:
  github: {url: "https://mcp.example.com/mcp", headers: {X-Team: "7"}, tools: [get_*], effects: {get_*: pure}}
  files: {command: [npx, server-filesystem, .], env: {A: b}, timeout: 30s}
approvals:
  shell: ask
  shell(git status*): allow
  github__get_secret: deny
effects: {"shell(git status*)": pure}
capabilities: {read: ["*"], write: [./src/*, docs/**/*.md], commands: [git *, cargo *], hosts: ["*.Example.com"]}
gates: {deadline: 24h, default: approve, escalate: {after: 1h, to: lead}}
limits: {memory: 512MB, processes: 32, open_files: 256, file_size: 10MB, time: 5m, steps: 20, tool_timeout: 1m, parallel_tools: 4, tool_retries: 0, context_tokens: 64000,
  output_chars: 5000, turn_timeout: 5m, repeats: 4}
budget: {tokens: 100000, cost: $1.50, calls: 40}
session: {mode: conversation, input_deadline: 7d, history_turns: 30}
output: {type: object, properties: {done: {type: boolean}}}
env: {RUST_BACKTRACE: 1}
agents:
  scout:
    description: Looks things up.
    instructions: You look things up.
    model: openai/gpt-4o-mini
    toolsets: [file_system]
    tools: [lint]
    mcp_servers: [github]
    capabilities: {read: [docs/*]}
    budget: {tokens: 1000}
"#;

/// A tool in a file of its own.
pub(crate) const TOOL: &str = "\
kind: Tool
name: lint
description: Tells what is untidy.
run: [./lint.sh]
effect: pure
";

fn whole() -> Agent {
    let folder = folder();
    write(folder.path(), "engineer.yaml", WHOLE);
    write(folder.path(), "lint.yaml", TOOL);
    read(&folder.path().join("engineer.yaml")).unwrap_or_else(|problems| panic!("{}", shown(&problems)))
}

#[test]
fn the_contract_reads() {
    let agent = read_assistant(CONTRACT).expect("the contract reads");
    let draft = agent.assistant().expect("an assistant");
    assert_eq!(draft.toolsets.iter().copied().collect::<Vec<_>>(), [Toolset::Shell, Toolset::FileSystem]);
    assert_eq!(draft.approvals[0].verdict, Verdict::Ask);
    assert_eq!(draft.approvals[0].place.as_deref(), Some("reviewer.yaml:7"));
    let plan = agent.plan_for(None, json!("Say hello.")).expect("a plan");
    assert_eq!(plan.input, json!({"prompt": "Say hello."}));
    let Work::Converse { assistant } = &plan.steps[0].work else { panic!("a model works") };
    assert_eq!(
        (plan.steps[0].id.as_str(), assistant.model.to_string().as_str()),
        ("main", "openai/gpt-4o-mini")
    );
}

#[test]
fn every_field_is_read() {
    let agent = whole();
    let draft = agent.assistant().expect("an assistant");
    assert_eq!(draft.options.thinking, Some(Thinking::Medium));
    assert_eq!(draft.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["deploy", "lint"]);
    assert_eq!((draft.tools[0].class, draft.tools[1].class), (EffectClass::Idempotent, EffectClass::Pure));
    assert!(
        matches!(&draft.mcp_servers["files"].transport, Transport::Stdio { command, .. } if command.len() == 3)
    );
    assert_eq!(draft.capabilities.write.as_ref().map(Vec::len), Some(2));
    assert_eq!(draft.gates.fallback, Fallback::Approve);
    assert_eq!((draft.bounds.steps, draft.bounds.turn_timeout), (20, Duration::from_mins(5)));
    assert_eq!(draft.budget.cost, Some(1_500_000_000));
    assert_eq!((draft.session.mode, draft.session.history_turns), (Mode::Conversation, Some(30)));
    let scout = &draft.agents["scout"];
    assert_eq!((scout.tools.len(), scout.budget.tokens, scout.budget.calls), (1, Some(1000), Some(40)));
    assert_eq!(agent.limits().memory.0, 512_000_000);
}

#[test]
fn a_stored_assistant_reads_back() {
    let agent = whole();
    let stored = serde_json::to_string(&agent).expect("serialises");
    let back: Agent = serde_json::from_str(&stored).expect("reads back");
    assert_eq!(back.shape, agent.shape);
    let plan = agent.plan_for(None, Value::Null).expect("a conversation begins without a prompt");
    let stored = serde_json::to_string(&plan).expect("serialises");
    assert_eq!(serde_json::from_str::<mainspring_agent::Prepared>(&stored).expect("reads back"), plan);
}

#[test]
fn the_stored_form_is_stable() {
    let mut stored =
        serde_json::to_value(assistant("toolsets: [shell]\napprovals: {shell(ls): ask}\n")).expect("JSON");
    stored.as_object_mut().expect("fields").remove("limits");
    insta::assert_snapshot!(stored, @r#"{"name":"reviewer","model":"openai/gpt-4o-mini","instructions":"Review.","options":{},"toolsets":["shell"],"approvals":[{"pattern":"shell(ls)","verdict":"ask","from":"agent","place":"reviewer.yaml:6"}],"capabilities":{},"gates":{"fallback":"deny"},"bounds":{"steps":50,"tool_timeout_ms":300000,"parallel_tools":10,"tool_retries":3,"context_tokens":128000,"output_chars":30000,"turn_timeout_ms":600000,"repeats":3},"budget":{},"session":{"mode":"one_shot"},"places":{"instructions":"reviewer.yaml:4","model":"reviewer.yaml:3","toolsets.shell":"reviewer.yaml:5"}}"#);
}

#[test]
fn a_definition_from_before_assistants_reads() {
    let stored = r#"{"name":"old","steps":[]}"#;
    let definition: mainspring_agent::Definition = serde_json::from_str(stored).expect("reads");
    assert_eq!(definition.assistant, None);
}

#[test]
fn layers_take_away_and_never_give() {
    let agent = read_assistant(CONTRACT).expect("the contract reads");
    let tenant = Overlay {
        approvals: vec![("shell(rm *)".parse().expect("a pattern"), Verdict::Deny)],
        denied_toolsets: [Toolset::FileSystem].into(),
        steps: Some(5),
        place: Some("config.toml".into()),
        ..Overlay::default()
    };
    let run = Overlay {
        model: Some("anthropic/claude-haiku-4-5".parse().expect("a model")),
        approvals: vec![("shell".parse().expect("a pattern"), Verdict::Allow)],
        steps: Some(500),
        ..Overlay::default()
    };
    let layers = Layers { tenant, run };
    let draft = agent.assistant().expect("an assistant");
    let laid = draft.overlaid(&layers.tenant, &layers.run).expect("fits");
    assert_eq!((laid.toolsets.len(), laid.bounds.steps), (1, 5));
    let ruling = |command: &str| {
        let policy = mainspring_agent::Policy::of(&laid);
        policy.rule("shell", &json!({ "command": command }), &[]).why
    };
    assert_eq!(ruling("ls"), "`shell` says ask (the agent, reviewer.yaml:7)");
    assert_eq!(ruling("rm x"), "`shell(rm *)` says deny (the tenant, config.toml)");
    insta::assert_snapshot!(told(&agent, &layers), @"
    model  = anthropic/claude-haiku-4-5 <- the run
    instructions  = You run what you are asked. <- reviewer.yaml:5
    toolset shell = shell (irreversible) <- reviewer.yaml:6
    toolset file_system = taken away <- settings of the tenant (config.toml)
    approval shell = ask <- reviewer.yaml:7
    approval shell(rm *) = deny <- settings of the tenant (config.toml)
    approval shell = allow <- the run
    gate deadline = none: waits until somebody answers <- default
    session mode = one_shot <- default
    limit steps = 5 <- settings of the tenant (config.toml)
    ");
}

/// The lines of `agents info`.
fn told(agent: &Agent, layers: &Layers) -> String {
    let lines = describe_within(agent, layers).lines;
    let told =
        lines.iter().map(|line| format!("{} {} = {} <- {}", line.what, line.name, line.value, line.from));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_granted_is_told_with_its_place() {
    insta::assert_snapshot!(told(&whole(), &Layers::default()), @"
    model  = anthropic/claude-sonnet-4-5 <- engineer.yaml:8
    instructions  = You mend what is broken. <- engineer.yaml:10
    option max_output_tokens = 8000 <- engineer.yaml:9
    option temperature = 0.2 <- engineer.yaml:9
    option thinking = medium <- engineer.yaml:9
    toolset shell = shell (irreversible) <- engineer.yaml:12
    toolset file_system = read_file, list_files, search_files (pure) <- engineer.yaml:12
    toolset file_system = write_file (idempotent) <- engineer.yaml:12
    toolset file_system = edit_file (compensatable) <- engineer.yaml:12
    toolset web = web_fetch (pure) <- engineer.yaml:12
    toolset python = python (irreversible) <- engineer.yaml:12
    toolset task = task (idempotent) <- engineer.yaml:12
    toolset ask_user = ask_user (pure) <- engineer.yaml:12
    tool deploy = ./deploy.sh --json (idempotent) <- engineer.yaml:14
    tool lint = ./lint.sh (pure) <- lint.yaml
    mcp_server files = npx server-filesystem .: every tool <- engineer.yaml:28
    mcp_server github = https://mcp.example.com/mcp: get_* <- engineer.yaml:27
    agent scout = file_system, lint, github <- engineer.yaml:43
    approval shell = ask <- engineer.yaml:30
    approval shell(git status*) = allow <- engineer.yaml:31
    approval github__get_secret = deny <- engineer.yaml:32
    effect shell(git status*) = pure <- engineer.yaml:33
    capability read = * <- engineer.yaml:34
    capability write = src/*, docs/**/*.md <- engineer.yaml:34
    capability commands = git *, cargo * <- engineer.yaml:34
    capability hosts = *.example.com <- engineer.yaml:34
    gate deadline = 24h, then approve <- engineer.yaml:35
    gate escalate = after 1h to lead <- engineer.yaml:35
    session mode = conversation <- engineer.yaml:39
    session input_deadline = 7d <- engineer.yaml:39
    session history_turns = 30 <- engineer.yaml:39
    output  = object of done <- engineer.yaml:40
    limit steps = 20 <- engineer.yaml:36
    limit turn_timeout = 5m <- engineer.yaml:36
    limit tool_timeout = 1m <- engineer.yaml:36
    limit parallel_tools = 4 <- engineer.yaml:36
    limit tool_retries = 0 <- engineer.yaml:36
    limit context_tokens = 64000 <- engineer.yaml:36
    limit output_chars = 5000 <- engineer.yaml:36
    limit repeats = 4 <- engineer.yaml:36
    budget tokens = 100000 <- engineer.yaml:38
    budget cost = $1.50 <- engineer.yaml:38
    budget calls = 40 <- engineer.yaml:38
    ");
}

#[test]
fn a_model_may_come_from_around() {
    let agent = read_assistant("kind: Agent\nname: x\ninstructions: Do.\n").expect("reads without a model");
    let refused = agent.plan_for(None, json!("go")).expect_err("no model");
    insta::assert_snapshot!(shown(&[refused]), @"-:- E1102 `x` names no model, and no layer around it does (add `model: PROVIDER/MODEL` to the definition, or set `model` of `[agents]` in config.toml)");
    let tenant = Overlay { model: Some("a/b".parse().expect("a model")), ..Overlay::default() };
    assert!(agent.plan_within(&Layers { tenant, ..Layers::default() }, None, json!("go")).is_ok());
}

#[test]
fn a_run_cannot_mistype_what_it_denies() {
    let agent = read_assistant(CONTRACT).expect("the contract reads");
    let line = ("shel(rm *)".parse().expect("a pattern"), Verdict::Deny);
    let run = Overlay { approvals: vec![line], ..Overlay::default() };
    let refused = agent.plan_within(&Layers { run, ..Layers::default() }, None, json!("go"));
    insta::assert_snapshot!(shown(&[refused.expect_err("no such tool")]), @"-:- E1206 `approvals` of the run name `shel(rm *)`, which is no tool of `reviewer` (did you mean `shell`?)");
}

#[test]
fn secrets_are_stored_by_their_names_and_checked_where_they_stand() {
    let fields = "
env: {A: '${secret:ONE}'}
tools:
  - {name: deploy, description: Deploys., run: [./d], effect: pure, env: {B: 'x ${secret:TWO}'}}
mcp_servers:
  near: {command: [./server], env: {C: '${secret:ONE}'}}
  far: {url: 'https://example.com', headers: {Authorization: 'Bearer ${secret:THREE}'}}
";
    let agent = assistant(fields);
    assert_eq!(agent.secrets().into_iter().collect::<Vec<_>>(), ["ONE", "THREE", "TWO"]);
    assert!(serde_json::to_string(&agent).expect("data").contains("Bearer ${secret:THREE}"));
    let wrong = fields.replace("ONE", "one").replace("${secret:THREE}", "${secret:THREE");
    insta::assert_snapshot!(shown(&read_assistant(&format!("{CONTRACT}{wrong}")).expect_err("refused")), @"
    9:10 E1102 `env.A`: `${secret:one}` refers to no secret: write its name in capitals, digits and `_`, such as ${secret:GITHUB_TOKEN}
    13:40 E1102 `mcp_servers.near.env.C`: `${secret:one}` refers to no secret: write its name in capitals, digits and `_`, such as ${secret:GITHUB_TOKEN}
    14:62 E1102 `mcp_servers.far.headers.Authorization`: `${secret:THREE` refers to no secret: write its name in capitals, digits and `_`, such as ${secret:GITHUB_TOKEN}
    ");
    let step = "kind: Agent\nname: a\nsteps: [{id: go, run: [env], env: {A: '${secret:ONE}'}}]\n";
    insta::assert_snapshot!(shown(&read_assistant(step).expect_err("refused")), @"3:39 E1102 `steps[0].env.A` refers to a secret, which only a model's tools are given");
}

fn refused(input: Value) -> String {
    let agent = read_assistant(CONTRACT).expect("the contract reads");
    let problem: Problem = agent.plan_for(None, input).expect_err("no input of a model");
    problem.to_string()
}

#[test]
fn an_input_that_no_model_can_answer_is_refused() {
    let table = [
        (Value::Null, "`reviewer` was given no prompt"),
        (json!("  \n"), "`reviewer` was given no prompt"),
        (json!({"prompt": ""}), "`reviewer` was given no prompt"),
        (json!({"prompt": 5}), "`prompt` must be text"),
        (json!([1]), "the input must be text, or an object with `prompt`"),
        (json!({"prompt": "x", "style": "y"}), "the input holds `style`; known are `prompt` and `images`"),
        (json!({"prompt": "x", "images": ["/etc/passwd"]}), "`images[0]` is no image"),
        (
            json!({"prompt": "x", "images": [{"media": "image/png", "data": "AAAA"}]}),
            "`images[0]` is neither PNG, JPEG, GIF nor WebP",
        ),
    ];
    for (input, expected) in table {
        assert_eq!(refused(input), expected);
    }
}

#[test]
fn a_command_line_reads_images_from_files() {
    let folder = folder();
    let file = folder.path().join("a.png");
    fs::write(&file, b"\x89PNG\r\n\x1a\nrest").expect("a file");
    let agent = read_assistant(CONTRACT).expect("the contract reads");
    let parameters = vec![("images".to_owned(), file.display().to_string())];
    let line = CommandLine { word: Some("Look.".into()), parameters, input: None };
    let call = agent.call(line).expect("a call");
    let image = json!({"media": "image/png", "data": "iVBORw0KGgpyZXN0"});
    assert_eq!(call.input, json!({"prompt": "Look.", "images": [image]}));
    assert_eq!(agent.plan_for(None, call.input.clone()).expect("a plan").input, call.input);
}

#[test]
fn a_tool_file_stays_in_the_folder() {
    let folder = folder();
    let inner = folder.path().join("agent");
    write(
        &inner,
        "flow.yaml",
        "kind: Agent\nname: x\ninstructions: Do.\ntools: [../t.yaml, ./link.yaml, /t.yaml, no.yaml]\n",
    );
    write(folder.path(), "t.yaml", TOOL);
    std::os::unix::fs::symlink("../t.yaml", inner.join("link.yaml")).expect("a link");
    let said = shown(&read(&inner.join("flow.yaml")).expect_err("refused"));
    insta::assert_snapshot!(said, @"
    4:9 E1102 read `tools[0]`: `../t.yaml` leads out of the definition's folder (name a file of the definition's folder, such as ./tool.yaml)
    4:20 E1102 read `tools[1]`: `./link.yaml` is a link that leads out of the definition's folder (name a file of the definition's folder, such as ./tool.yaml)
    4:33 E1102 read `tools[2]`: `/t.yaml` leads out of the definition's folder (name a file of the definition's folder, such as ./tool.yaml)
    4:42 E1102 read `tools[3]`: `no.yaml`: No such file or directory (os error 2) (name a file of the definition's folder, such as ./tool.yaml)
    ");
}

#[test]
fn mistakes_of_a_tool_file_are_told_there() {
    let folder = folder();
    write(folder.path(), "flow.yaml", "kind: Agent\nname: x\ninstructions: Do.\ntools: [./t.yaml]\n");
    write(folder.path(), "t.yaml", &TOOL.replace("pure", "pur"));
    let problems = read(&folder.path().join("flow.yaml")).expect_err("refused");
    let place = problems[0].location.as_ref().expect("a place").to_string();
    assert_eq!((place.as_str(), problems.len()), ("./t.yaml:5:9", 1));
}

#[test]
fn a_definition_is_native_in_either_form() {
    let agent = read_assistant(CONTRACT).expect("the contract reads");
    assert!(matches!(agent.shape, Shape::Native(_)));
    assert_eq!(describe_within(&agent, &Layers::default()).shape, "native");
}
