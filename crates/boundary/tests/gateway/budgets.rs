//! Budgets: never overspent by more than one call's clamp, exact whatever is killed when, and given way to after a raise.

use std::time::{Duration, Instant};

use mainspring_boundary::{
    budget::{Meter, Policy, Rule, Whom, Window},
    gateway::HeldFor,
    route::Family,
};
use mainspring_store::{
    AccountKey, Balance,
    EffectState::{Committed, Failed, Intended},
    RunLimit, Spender,
};
use mainspring_testkit::upstream::Upstream;
use mainspring_types::{Code, TenantId, Timestamp};
use serde_json::{Value, json};

use crate::world::{Agent, Plan, SOON, World, chat, key, provider};

/// Ten tokens in and thirty out, after a moment.
const THIRTY: &str = "version: 1\nrules: [{match: {}, reply: {text: fine, delay_ms: 10,
    usage: {input_tokens: 10, output_tokens: 30}}}]\n";

fn rule(whom: Whom, meter: Meter, max: u64) -> Rule {
    Rule { whom, meter, window: Window::Total, max, policy: Policy::Suspend }
}

async fn limited(script: &str, rules: Vec<Rule>) -> (Upstream, World) {
    let upstream = Upstream::start(script);
    let world = World::with(Plan { rules, ..Plan::of(&upstream) }).await;
    (upstream, world)
}

/// A request that wants so many tokens at most.
fn wanting(text: &str, most: u64) -> Value {
    let mut body = chat(text);
    body["max_tokens"] = json!(most);
    body
}

/// The tenant's account of a meter over all time, and what its tries say.
fn books(world: &World, meter: Meter) -> (Balance, Balance) {
    world.write(move |pen| {
        let (tenant, start) = (TenantId::sole(), Timestamp::from_millis(0));
        let account = AccountKey { scope: "tenant".into(), meter: meter.as_str(), span: "total", start };
        let account = pen.balance(&tenant, &account).expect("readable").unwrap_or_default();
        let spent = pen.spent(&tenant, Spender::Tenant, start).expect("readable");
        let spent = match meter {
            Meter::Tokens => spent.tokens,
            Meter::Cost => spent.cost,
            Meter::Calls => spent.calls,
        };
        (account, spent)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_runs_at_once_never_overspend_and_use_what_there_is() {
    const MAX: u64 = 1_000;
    const CLAMP: u64 = 60;
    // So many fit whole at once; of the others it is a matter of moments how many are cut short.
    const AT_ONCE: usize = 10;
    let (_upstream, world) = limited(THIRTY, vec![rule(Whom::Tenant, Meter::Tokens, MAX)]).await;
    let asking: Vec<_> = (1..=64)
        .map(|run| {
            let agent = world.attempt(run, 1);
            tokio::spawn(
                async move { agent.post("/v1/chat/completions", &wanting("hello", 60)).await.status },
            )
        })
        .collect();
    let done = || asking.iter().filter(|asked| asked.is_finished()).count();
    let is_used_up = || {
        let (account, _) = books(&world, Meter::Tokens);
        assert!(account.settled + account.held <= MAX + CLAMP, "{account:?}");
        account.held == 0 && done() + world.watch.held_now() == 64
    };
    world.wait_until(SOON, is_used_up).await;
    let (account, spent) = books(&world, Meter::Tokens);
    assert_eq!(account, spent);
    assert!(done() >= AT_ONCE && MAX - account.settled < 100, "{} were answered: {account:?}", done());
    asking.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_exact_after_twenty_kills() {
    let rules = Meter::ALL.iter().map(|meter| rule(Whom::Tenant, *meter, u64::MAX / 4)).collect();
    let (_upstream, mut world) = limited(THIRTY, rules).await;
    for kill in 0..20_u64 {
        let asking: Vec<_> = (0..8)
            .map(|run| {
                let agent = world.attempt(u128::from(kill) * 8 + run + 1, 1);
                tokio::spawn(async move { ask_until_killed(&agent).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(4 + kill * 3)).await;
        world.restart().await;
        for asked in asking {
            asked.await.expect("it ends with the gateway");
        }
        // The first call after a start opens what is not there.
        world.attempt(1_000 + u128::from(kill), 1).chat("hello").await;
        for meter in Meter::ALL {
            let (account, spent) = books(&world, *meter);
            assert_eq!(account, spent, "{meter} after kill {kill}");
        }
    }
    let (tokens, _) = books(&world, Meter::Tokens);
    assert!(tokens.settled > 800 && tokens.held > 0, "some were answered and some cut off: {tokens:?}");
}

async fn ask_until_killed(agent: &Agent) {
    for call in 0.. {
        let body = wanting(&format!("call {call}"), 60);
        let Some(answering) = agent.try_send("/v1/chat/completions", &body).await else { return };
        if answering.whole().await.broken {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_set_late_counts_what_came_before_it() {
    let (_upstream, mut world) = limited(THIRTY, vec![rule(Whom::Tenant, Meter::Calls, 9)]).await;
    assert_eq!(world.attempt(1, 1).chat("hello").await.status, 200);
    world.plan().rules = vec![rule(Whom::Tenant, Meter::Tokens, 5_000)];
    world.restart().await;
    assert_eq!(world.attempt(2, 1).chat("hello").await.status, 200);
    world.plan().rules = vec![rule(Whom::Tenant, Meter::Tokens, 5_000), rule(Whom::Tenant, Meter::Calls, 9)];
    world.restart().await;
    assert_eq!(world.attempt(3, 1).chat("hello").await.status, 200);
    for meter in [Meter::Tokens, Meter::Calls] {
        let (account, spent) = books(&world, meter);
        assert_eq!(account, spent, "{meter}, though no rule was there for a while");
    }
}

/// Gives the run so many tokens, over all.
async fn give(world: &World, run: u128, tokens: u64) {
    let limit = RunLimit { meter: "tokens".into(), most: tokens, policy: "suspend".into() };
    world.gateway().limit(key(run), vec![limit]).await.expect("written");
}

const LONG: &str = "version: 1\nrules: [{match: {}, reply: {text: 'one two three four five six seven eight nine ten ', repeat: 20}}]\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_clamp_cut_is_charged_kept_back_and_asked_for_again_after_a_raise() {
    let (upstream, world) = limited(LONG, Vec::new()).await;
    let agent = world.attempt(1, 1);
    give(&world, 1, 120).await;
    let asked = tokio::spawn(async move { agent.chat("hello").await });
    let held = world.watch.held(1).await;
    assert_eq!(held.what, HeldFor::Budget);
    let sent = upstream.log()[0].json()["max_completion_tokens"].as_u64().expect("a clamp");
    assert!((16..120).contains(&sent), "{sent}");
    assert_eq!((upstream.calls(), world.states(1)), (1, vec![(Intended, 1)]), "a little more is not tried");
    give(&world, 1, 10_000).await;
    let answer = asked.await.expect("answered");
    assert!(answer.said().ends_with("ten "), "the whole of it");
    assert_eq!((upstream.calls(), world.states(1)), (2, vec![(Committed, 2)]));
    let effect = &world.effects(1)[0];
    assert!(effect.tokens.output > sent, "both tries were charged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_the_clamp_cut_breaks_and_is_asked_for_again_after_a_raise() {
    let (upstream, mut world) = limited(LONG, Vec::new()).await;
    let agent = world.attempt(1, 1);
    give(&world, 1, 120).await;
    assert!(agent.stream("hello").await.broken);
    assert_eq!(world.states(1), [(Failed, 1)]);
    // The next attempt, and after a kill too, knows that so little is not enough.
    world.restart().await;
    let agent = world.attempt(1, 2);
    let asked = tokio::spawn(async move { agent.stream("hello").await });
    assert_eq!(world.watch.held(1).await.what, HeldFor::Budget);
    assert_eq!(upstream.calls(), 1);
    give(&world, 1, 10_000).await;
    assert!(asked.await.expect("answered").said().ends_with("ten "));
    assert_eq!(world.states(1), [(Committed, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clamp_leaves_room_for_thinking_or_the_call_waits() {
    let upstream = Upstream::start(THIRTY);
    let providers = vec![provider("anthropic", Family::Anthropic, &upstream)];
    let world = World::with(Plan { providers, ..Plan::of(&upstream) }).await;
    let body = json!({ "model": "claude-sonnet-4-5", "max_tokens": 4_000, "messages": [{ "role": "user", "content": "hello" }],
        "thinking": { "type": "enabled", "budget_tokens": 1_024 } });
    let agent = world.attempt(1, 1);
    give(&world, 1, 1_000).await;
    let asked = tokio::spawn(async move { agent.post("/v1/messages", &body).await });
    world.watch.held(1).await;
    assert_eq!(upstream.log().len(), 0);
    give(&world, 1, 2_000).await;
    assert_eq!(asked.await.expect("answered").status, 200);
    let clamp = upstream.log()[0].json()["max_tokens"].as_u64().expect("a maximum");
    assert!((1_025..2_000).contains(&clamp), "{clamp}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_budget_goes_on_as_soon_as_another_settles() {
    let (_upstream, world) = limited(
        "version: 1\nrules: [{match: {}, reply: {text: fine, delay_ms: 200, usage: {input_tokens: 10, output_tokens: 30}}}]\n",
        vec![rule(Whom::Tenant, Meter::Tokens, 370)],
    )
    .await;
    let (first, second) = (world.attempt(1, 1), world.attempt(2, 1));
    let began = Instant::now();
    let both = [first, second].map(|agent| {
        tokio::spawn(async move { agent.post("/v1/chat/completions", &wanting("hello", 330)).await.status })
    });
    for asked in both {
        assert_eq!(asked.await.expect("answered"), 200);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(world.watch.holds_begun(), 1, "they went one after the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_ends_for_what_others_only_hold() {
    let rules = vec![Rule { policy: Policy::Terminate, ..rule(Whom::Tenant, Meter::Tokens, 1_000) }];
    let (_upstream, world) = limited(THIRTY, rules).await;
    let asking: Vec<_> = (1..=8)
        .map(|run| {
            let agent = world.attempt(run, 1);
            tokio::spawn(
                async move { agent.post("/v1/chat/completions", &wanting("hello", 900)).await.status },
            )
        })
        .collect();
    for asked in asking {
        assert_eq!(asked.await.expect("answered"), 200, "forty tokens each of a thousand");
    }
    assert_eq!(world.watch.ended(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_slowed_down_is_not_sent_once_nobody_waits_for_it() {
    let rules = vec![Rule { policy: Policy::Throttle, ..rule(Whom::Tenant, Meter::Tokens, 1_000) }];
    let (upstream, world) = limited(THIRTY, rules).await;
    let agent = world.attempt(1, 1);
    let asked = tokio::spawn(async move { agent.post("/v1/chat/completions", &wanting("hello", 960)).await });
    world.wait_for(1, "effect.intended").await;
    world.watch.cancel();
    // The request has to have come as far as to listen, or nobody hangs up.
    tokio::time::sleep(Duration::from_millis(50)).await;
    asked.abort();
    world.wait_until(SOON, || world.states(1) == [(Failed, 1)]).await;
    assert_eq!(upstream.log().len(), 0);
    let (account, spent) = books(&world, Meter::Tokens);
    assert_eq!((account, account.held), (spent, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_money_are_limited_too_and_a_window_says_when_it_ends() {
    for (meter, max) in [(Meter::Calls, 2), (Meter::Cost, 50_000)] {
        let (upstream, world) =
            limited(THIRTY, vec![Rule { window: Window::Hour, ..rule(Whom::EachRun, meter, max) }]).await;
        let agent = world.attempt(1, 1);
        for text in ["one", "two"] {
            assert_eq!(agent.post("/v1/chat/completions", &wanting(text, 30)).await.status, 200, "{meter}");
        }
        let third =
            tokio::spawn(async move { agent.post("/v1/chat/completions", &wanting("three", 30)).await });
        let held = world.watch.held(1).await;
        assert!(held.way_out.starts_with("it goes on by itself at "), "{}", held.way_out);
        assert_eq!(upstream.calls(), 2, "{meter}: {}", held.detail);
        assert_eq!(world.attempt(2, 1).post("/v1/chat/completions", &wanting("one", 30)).await.status, 200);
        third.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_at_its_budget_where_that_is_the_policy_also_between_two_tries() {
    let script = "version: 1\nrules: [{match: {}, replies: [{text: fine}, {error: {status: 500}}]}]\n";
    let rules = vec![Rule { policy: Policy::Terminate, ..rule(Whom::EachRun, Meter::Calls, 2) }];
    let (upstream, world) = limited(script, rules).await;
    let agent = world.attempt(1, 1);
    assert_eq!(agent.chat("one").await.status, 200);
    for text in ["two", "three"] {
        let refused = agent.chat(text).await;
        assert_eq!((refused.status, refused.header("x-should-retry")), (402, "false"), "{text}");
        assert_eq!(refused.json()["error"]["code"], Code::BudgetExhausted.as_str());
    }
    assert_eq!((upstream.calls(), world.watch.ended().len()), (2, 2));
    assert_eq!(world.watch.ended()[0].code, Code::BudgetExhausted);
    let lines = world.lines(1);
    assert!(lines.contains(&"budget.warning".to_owned()), "{lines:?}");
}
