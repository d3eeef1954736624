//! What is laid over agents, and what pages may be fetched from.

use super::*;

const FILE: &str = r#"
[agents]
model = "openai/gpt-4o-mini"
approvals = {shell = "ask", "shell(git push*)" = "deny"}
deny_toolsets = ["web"]
steps = 30
budget = {tokens = 1000, cost = "$0.50", calls = 5}
[web]
reach = ["127.0.0.1:8080", "wiki.internal:443"]
"#;

#[test]
fn a_tenant_lays_its_lines_over_every_agent() {
    let config = resolve(FILE, &[], &[]).expect("valid");
    let overlay = serde_json::to_string_pretty(&config.overlay).expect("it serialises");
    insta::assert_snapshot!(overlay, @r#"
    {
      "model": "openai/gpt-4o-mini",
      "approvals": [
        [
          "shell",
          "ask"
        ],
        [
          "shell(git push*)",
          "deny"
        ]
      ],
      "denied_toolsets": [
        "web"
      ],
      "steps": 30,
      "budget": {
        "tokens": 1000,
        "cost_nano_usd": 500000000,
        "calls": 5
      },
      "place": "config.toml"
    }
    "#);
    let places: Vec<String> = config.reach.allowed.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["127.0.0.1:8080", "wiki.internal:443"]);
}

#[test]
fn the_model_of_the_environment_wins_where_it_names_its_provider() {
    let model = |variable| {
        let config = resolve(FILE, &[("LLM_MODEL", variable)], &[]).expect("valid");
        (config.overlay.model.map(|model| model.to_string()), config.model)
    };
    assert_eq!(model("a/b"), (Some("a/b".into()), Some("a/b".into())));
    assert_eq!(model("b"), (Some("openai/gpt-4o-mini".into()), Some("b".into())));
    assert_eq!(model(""), (Some("openai/gpt-4o-mini".into()), None));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let files = [
        "[agents]\nmodel = \"gpt-4o\"",
        "[agents]\nmodle = \"a/b\"",
        "[agents.approvals]\nshell = \"aks\"",
        "[agents.approvals]\nshell = true",
        "[agents.approvals]\n\"shell(\" = \"ask\"",
        "[agents]\napprovals = [\"shell\"]",
        "[agents]\ndeny_toolsets = [\n  \"web\",\n  \"shel\",\n]",
        "[agents]\ndeny_toolsets = \"web\"",
        "[agents]\nsteps = 0",
        "[agents]\nbudget = {tokens = 0}",
        "[agents]\nbudget = {token = 1}",
        "[agents]\nbudget = {cost = \"1,50\"}",
        "agents = 1",
        "[web]\nreach = [\"127.0.0.1:80\", \"wiki.internal\"]",
        "[web]\nreach = \"127.0.0.1:80\"",
        "[web]\nreaches = []",
    ];
    let told: String = files.map(|file| mistake(file, &[])).concat();
    insta::assert_snapshot!(told, @r#"
    2:9 `agents.model` must be a provider and a model, such as `openai/gpt-4o-mini`, not `gpt-4o`
      -> the model of definitions that name none; `LLM_MODEL` stands in its place if it has a provider, too; the default is none, a definition has to name its own
    2:1 there is no setting `agents.modle`
      -> did you mean `model`?
    2:9 `agents.approvals.shell` must be `allow`, `ask` or `deny`, not `aks`
      -> did you mean `ask`?
    2:9 `agents.approvals.shell` must be `allow`, `ask` or `deny`, not `true`
      -> there are `allow`, `ask`, `deny`
    2:1 `agents.approvals`: `shell(` is not a pattern; write TOOL or TOOL(ARGUMENT), such as shell or shell(git push*)
      -> put the pattern in double quotes
    2:1 `agents.approvals` must be a table
      -> begin it with a line `[agents.approvals]`
    4:3 `agents.deny_toolsets` must be a list of `shell`, `file_system`, `web`, `python`, `task` and `ask_user`, not `shel`
      -> did you mean `shell`?
    2:17 `agents.deny_toolsets` must be a list of `shell`, `file_system`, `web`, `python`, `task` and `ask_user`, not `web`
      -> which toolsets no agent has, whatever its definition says; the default is none
    2:9 `agents.steps` must be a whole number from 1 to 1000, not `0`
      -> how many model calls one turn may make at most; the default is what the definition says
    2:20 `agents.budget.tokens` must be a whole number from 1, not `0`
      -> how many tokens of any kind a run may use; the default is no limit
    2:11 there is no setting `agents.budget.token`
      -> did you mean `tokens`?
    2:18 `agents.budget.cost` must be an amount in dollars, such as `"$1.50"`, not `1,50`
      -> how much a run may spend; the default is no limit
    1:1 `agents` must be a table
      -> begin it with a line `[agents]`
    2:26 `web.reach` must be a list of `HOST:PORT`, such as `["127.0.0.1:8080", "wiki.internal:443"]`, not `wiki.internal`
      -> which private places `web_fetch` may reach; the default is none, public addresses alone
    2:9 `web.reach` must be a list of `HOST:PORT`, such as `["127.0.0.1:8080", "wiki.internal:443"]`, not `127.0.0.1:80`
      -> which private places `web_fetch` may reach; the default is none, public addresses alone
    2:1 there is no setting `web.reaches`
      -> did you mean `reach`?
    "#);
}
