//! Budgets: which rules a file sets, and what is told about mistakes.

use super::*;

#[test]
fn every_limit_of_a_table_is_a_rule() {
    let file = r#"
[budgets.tenant]
tokens_per_day = 1_000_000
cost_per_hour = "$1.50"
policy = "throttle"
[budgets.run]
tokens = 100000
cost = 2
[budgets.agents.calc]
calls = 10
policy = "terminate"
"#;
    let config = resolve(file, &[], &[]).expect("valid");
    let rules = config.budgets.iter();
    let told: Vec<_> = rules
        .map(|rule| format!("{:?} {} {} {} {}", rule.whom, rule.meter, rule.window, rule.max, rule.policy))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    Tenant tokens day 1000000 throttle
    Tenant cost hour 1500000000 throttle
    EachRun tokens total 100000 suspend
    EachRun cost total 2000000000 suspend
    Agent(calc) calls total 10 terminate
    ");
}

#[test]
fn every_mistake_in_a_budget_is_told_with_its_place() {
    let files = [
        "[budgets.run]\ncost = \"1,50\"",
        "[budgets.run]\ncost = \"-1\"",
        "[budgets.run]\ntokens = 0",
        "[budgets.run]\ntokens = \"100k\"",
        "[budgets.run]\ntokens_a_day = 1",
        "[budgets.run]\npolicy = \"suspended\"\ncalls = 1",
        "[budgets.run]\npolicy = \"suspend\"",
        "[budgets.runs]\ncalls = 1",
        "[budgets.agents]\ncalc = 1",
        "[budgets.agents.\"a b\"]\ncalls = 1",
        "[budgets]\ntokens = 5",
        "budgets = 5",
    ];
    let told: String = files.map(|file| mistake(file, &[])).concat();
    insta::assert_snapshot!(told, @r#"
    2:8 `budgets.run.cost` must be an amount in dollars, such as `"$1.50"`, not `1,50`
      -> how much may be spent in all; the default is no limit
    2:8 `budgets.run.cost` must be an amount in dollars, such as `"$1.50"`, not `-1`
      -> how much may be spent in all; the default is no limit
    2:10 `budgets.run.tokens` must be a whole number from 1, not `0`
      -> how many tokens of any kind may be used in all; the default is no limit
    2:10 `budgets.run.tokens` must be a whole number from 1, not `100k`
      -> how many tokens of any kind may be used in all; the default is no limit
    2:1 there is no setting `budgets.run.tokens_a_day`
      -> did you mean `tokens_per_day`?
    2:10 `budgets.run.policy` must be `suspend`, `throttle` or `terminate`, not `suspended`
      -> did you mean `suspend`?
    1:10 `budgets.run` sets no limit
      -> add one, such as `tokens = 100000`, or leave the table out
    1:10 there is no setting `budgets.runs`
      -> did you mean `run`?
    2:1 `budgets.agents.calc` must be a table
      -> begin it with a line `[budgets.agents.calc]`
    1:17 `a b` is not a valid agent name: use 1 to 128 letters, digits, `-`, `_` and `.`, beginning with a letter or digit
      -> write the name as it stands in the agent's manifest
    2:1 there is no setting `budgets.tokens`
      -> there are `tenant`, `run`, `agents`
    1:1 `budgets` must be a table
      -> begin it with a line `[budgets]`
    "#);
}
