//! Calls that a person is asked about, and questions: durable, answered once, found by every later attempt.

use mainspring_boundary::broker::{Action, Answer, Decision, Unanswered};
use mainspring_types::{GateState, Hash, TenantId};
use serde_json::{Value, json};

use crate::world::{World, asking, asking_until, gated, made, recorded, says};

/// A run that is parked where a person is asked about `git push`.
async fn parked() -> (World, Hash) {
    parked_until(json!({ "fallback": "deny" })).await
}

async fn parked_until(gates: Value) -> (World, Hash) {
    let mut world = World::new().await;
    world.begin(1, &asking_until(gates)).await;
    let attempt = world.attempt(1).await;
    let decision = attempt.shell("git push origin main").await;
    let gate = gated(&decision);
    attempt.park_for(&decision).await;
    (world, gate)
}

async fn outcome(world: &mut World) -> (String, bool) {
    recorded(world.attempt(1).await.shell("git push origin main").await)
}

fn command(text: &str) -> String {
    json!({ "command": text }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_once_and_the_run_waits_without_a_worker() {
    let (mut world, gate) = parked().await;
    assert_eq!((world.status(1), world.lines(1)), ("waiting".into(), vec!["gate.opened".to_owned()]));
    let line = &world.journal(1)[0];
    assert_eq!((&line["kind"], &line["step"]), (&json!("approval"), &json!("main")));
    assert_eq!(line["arguments"]["command"], "git push origin main");
    assert!(world.effects(1).is_empty(), "nothing is under way");
    world.restart().await;
    assert_eq!(world.gate(gate).state, GateState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_call_is_made() {
    let (mut world, gate) = parked().await;
    let answered = world.answer(gate, says(Action::Approve, Some("go"))).await.expect("it counts");
    assert_eq!(answered.state, GateState::Approved);
    let attempt = world.attempt(1).await;
    let permit = attempt.run("git push origin main").await;
    assert_eq!(permit.arguments, command("git push origin main"));
    attempt.returned(&permit, "pushed").await;
    assert_eq!(world.lines(1), ["gate.opened", "gate.settled", "tool.intended", "tool.committed"]);
    let settled = &world.journal(1)[1];
    assert_eq!(
        (&settled["by"], &settled["action"], &settled["step"]),
        (&json!("ada"), &json!("approve"), &json!("main"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_is_not_made_and_the_agent_hears_why() {
    let (mut world, gate) = parked().await;
    world.answer(gate, says(Action::Deny, Some("not on a Friday"))).await.expect("it counts");
    let denied = "ada denied this call, so it was not made: not on a Friday";
    assert_eq!(outcome(&mut world).await, (denied.into(), true));
    world.restart().await;
    assert_eq!(outcome(&mut world).await, (denied.into(), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_put_in_place_of_the_arguments_is_executed() {
    let (mut world, gate) = parked().await;
    let edited = Answer { arguments: Some(command("git push --dry-run")), ..says(Action::Approve, None) };
    let row = world.answer(gate, edited).await.expect("it counts");
    assert_eq!(row.arguments, Some(command("git push origin main")), "what was asked for is kept apart");
    let permit = world.attempt(1).await.run("git push origin main").await;
    assert_eq!(permit.arguments, command("git push --dry-run"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_approve_what_the_rules_deny() {
    let mut world = World::new().await;
    let mut fields = asking();
    fields["capabilities"] = json!({ "commands": ["git *"] });
    world.begin(1, &fields).await;
    let attempt = world.attempt(1).await;
    let decision = attempt.shell("git push origin main").await;
    let gate = gated(&decision);
    attempt.park_for(&decision).await;
    let edited = Answer { arguments: Some(command("rm -rf /")), ..says(Action::Approve, None) };
    world.answer(gate, edited).await.expect("it counts");
    let (denied, complaint) = outcome(&mut world).await;
    assert!(denied.contains("outside `capabilities.commands`") && complaint, "{denied}");
    assert_eq!(world.lines(1).last().map(String::as_str), Some("tool.denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_is_asked_no_more_in_that_session() {
    let (mut world, gate) = parked().await;
    let remember = Answer { remember: true, ..says(Action::Approve, None) };
    world.answer(gate, remember).await.expect("it counts");
    let attempt = world.attempt(1).await;
    attempt.run("git push origin main").await;
    made(attempt.intend("1.2.0", "shell", &json!({ "command": "git push origin next" })).await);
    gated(&attempt.intend("1.3.0", "shell", &json!({ "command": "git reset --hard" })).await);
    world.begin(2, &asking()).await;
    gated(&world.attempt(2).await.shell("git push origin main").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_counts_and_a_second_hears_it() {
    let (world, gate) = parked().await;
    let at_once = tokio::join!(
        world.answer(gate, says(Action::Approve, None)),
        world.answer(gate, says(Action::Deny, None)),
    );
    let (first, second) = match at_once {
        (Ok(first), Err(second)) | (Err(second), Ok(first)) => (first, second),
        both => panic!("one counts: {both:?}"),
    };
    let Unanswered::Settled(winner) = second else { panic!("{second:?}") };
    assert_eq!((winner.state, winner.settled), (first.state, first.settled));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_fit_changes_nothing() {
    let (world, gate) = parked().await;
    let unfit = world.answer(gate, says(Action::Answer, Some("yes"))).await;
    assert!(matches!(unfit, Err(Unanswered::Unfit { .. })), "{unfit:?}");
    assert_eq!(world.gate(gate).state, GateState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_is_nobodys_but_its_tenants() {
    let (world, gate) = parked().await;
    let stranger = TenantId::new("stranger").expect("a name");
    let unheard = world.answer_as(stranger, gate, says(Action::Approve, None)).await;
    assert!(matches!(unheard, Err(Unanswered::NoSuchGate)), "{unheard:?}");
    assert_eq!(world.gate(gate).state, GateState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_attempt_has_parked_wakes_it_all_the_same() {
    let mut world = World::new().await;
    world.begin(1, &asking()).await;
    let attempt = world.attempt(1).await;
    let decision = attempt.shell("ls").await;
    world.answer(gated(&decision), says(Action::Approve, None)).await.expect("it counts");
    attempt.park_for(&decision).await;
    world.attempt(1).await.run("ls").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_deadline_a_gate_takes_its_default_once() {
    for (fallback, state) in [("deny", "tool.failed"), ("approve", "tool.intended")] {
        let (mut world, gate) = parked_until(json!({ "deadline_ms": 1, "fallback": fallback })).await;
        let decision = world.attempt(1).await.shell("git push origin main").await;
        match fallback {
            "approve" => drop(made(decision)),
            _ => assert_eq!(recorded(decision).0, "nobody approved this call in time, so it was not made"),
        }
        assert_eq!(world.gate(gate).state, GateState::Expired);
        assert_eq!(world.lines(1), ["gate.opened", "gate.settled", state]);
        assert_eq!(world.journal(1)[1]["step"], "main");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_while_everything_is_down_counts_after_the_start() {
    let (mut world, gate) = parked_until(json!({ "deadline_ms": 1, "fallback": "approve" })).await;
    world.restart().await;
    world.attempt(1).await.run("git push origin main").await;
    let settled = world.lines(1).iter().filter(|line| *line == "gate.settled").count();
    assert_eq!((world.gate(gate).state, settled), (GateState::Expired, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_the_deadline_hears_the_default_though_nothing_waits_there_yet() {
    let mut world = World::new().await;
    world.begin(1, &asking_until(json!({ "deadline_ms": 0, "fallback": "deny" }))).await;
    let attempt = world.attempt(1).await;
    let decision = attempt.shell("ls").await;
    let late = world.answer(gated(&decision), says(Action::Approve, None)).await;
    let Err(Unanswered::Settled(gate)) = late else { panic!("{late:?}") };
    assert_eq!(
        (gate.state, gate.settled.expect("it is settled").by.as_str()),
        (GateState::Expired, "deadline")
    );
    attempt.park_for(&decision).await;
    assert!(recorded(world.attempt(1).await.shell("ls").await).1);
    assert_eq!(world.lines(1), ["gate.opened", "gate.settled", "tool.failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_in_words() {
    let mut world = World::new().await;
    world.begin(1, &json!({ "toolsets": ["ask_user"] })).await;
    let question = json!({ "question": "Which branch?", "choices": ["main", "next"] });
    let attempt = world.attempt(1).await;
    let decision = attempt.intend("1.1.0", "ask_user", &question).await;
    let gate = gated(&decision);
    attempt.park_for(&decision).await;
    assert_eq!(world.gate(gate).question.as_deref(), Some("Which branch?"));
    world.answer(gate, says(Action::Answer, Some("next"))).await.expect("it counts");
    for _ in 0..2 {
        let attempt = world.attempt(1).await;
        let answer = attempt.intend("1.1.0", "ask_user", &question).await;
        assert_eq!(recorded(answer), ("next".into(), false));
        world.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_of_a_run_that_ended_are_withdrawn() {
    let (world, gate) = parked().await;
    world.cancel(1).await;
    assert_eq!((world.status(1), world.gate(gate).state), ("cancelled".into(), GateState::Withdrawn));
    let late = world.answer(gate, says(Action::Approve, None)).await;
    assert!(matches!(late, Err(Unanswered::Settled(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_no_longer_counts_asks_nobody() {
    let mut world = World::new().await;
    world.begin(1, &asking()).await;
    let stale = world.attempt(1).await;
    world.restart().await;
    let lost = world.attempt(1).await;
    lost.lose().await;
    assert_eq!(lost.shell("ls").await, Decision::Abandon);
    assert!(lost.recall().await.is_none());
    assert!(world.lines(1).is_empty());
    drop(stale);
}
