//! The inbox: what runs ask of people, and the answers.

use std::time::Duration;

use mainspring_api::{
    gate::{Action, AnswerGate, GateState, ListGates},
    run::RunStatus,
};
use mainspring_store::GateRow;
use mainspring_types::{Code, GateId, GateKind, Timestamp};
use serde_json::json;

use crate::site::{Site, post};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn answer(action: Action) -> AnswerGate {
    AnswerGate { action, arguments: None, message: None, remember: false }
}

fn approval(gate: GateRow) -> GateRow {
    GateRow {
        kind: GateKind::Approval,
        tool: Some("shell".into()),
        arguments: Some(r#"{"command":"git push"}"#.into()),
        question: None,
        choices: None,
        why: Some("`shell` says ask".into()),
        shape: Some("shell(git push*)".into()),
        ..gate
    }
}

#[tokio::test]
async fn open_gates_are_listed_oldest_first_page_by_page() {
    let site = Site::start().await;
    let mut opened = Vec::new();
    for millis in [3, 1, 1] {
        opened.push((at(millis), site.asking(at(millis), |gate| gate).await.1));
    }
    opened.sort_unstable();
    let (mut seen, mut list) = (Vec::new(), ListGates { limit: Some(2), ..ListGates::default() });
    loop {
        let page = site.client.list_gates(&list).await.expect("a page");
        seen.extend(page.items.iter().map(|gate| (gate.opened_at, gate.gate_id)));
        list.cursor = page.next_cursor;
        if list.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, opened);
}

#[tokio::test]
async fn gates_are_listed_by_state_and_by_run() {
    let site = Site::start().await;
    let (run, settled) = site.asking(at(1), approval).await;
    let (_, open) = site.asking(at(2), |gate| gate).await;
    site.client.answer_gate(settled, &answer(Action::Deny)).await.expect("denied");
    let listed = async |state: Option<&str>, run| {
        let list = ListGates { state: state.map(str::to_owned), run, ..ListGates::default() };
        let page = site.client.list_gates(&list).await.expect("a page");
        page.items.iter().map(|gate| gate.gate_id).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None).await, [open]);
    assert_eq!(listed(Some("denied"), None).await, [settled]);
    assert_eq!(listed(Some("all"), None).await, [settled, open]);
    assert_eq!(listed(Some("all"), Some(run)).await, [settled]);
    assert_eq!(listed(None, Some(run)).await, []);
}

#[tokio::test]
async fn a_run_goes_on_with_the_first_answer_and_the_second_is_told_of_it() {
    let site = Site::start().await;
    let (run, gate) = site.asking(at(1), approval).await;
    let edited = AnswerGate {
        arguments: Some(json!({ "command": "git push --dry-run" })),
        message: Some("only dry".into()),
        remember: true,
        ..answer(Action::Approve)
    };
    let view = site.client.answer_gate(gate, &edited).await.expect("approved");
    let given = view.answer.clone().expect("the answer");
    assert_eq!((view.state, view.agent.as_str()), (GateState::Approved, "echo"));
    assert_eq!((given.by.as_str(), given.arguments), ("admin", edited.arguments));
    assert_eq!(given.remembered.as_deref(), Some("shell(git push*)"));
    assert_eq!(site.until(run, RunStatus::Completed).await.attempts, 2);
    let late = site.client.answer_gate(gate, &answer(Action::Deny)).await.expect_err("settled");
    assert_eq!(late.code, Code::GateSettled);
    assert_eq!(late.message, format!("gate {gate} is settled: it was approved by admin at {}", given.at));
    assert_eq!(late.detail.as_deref(), Some("only dry"));
    assert_eq!(site.client.gate(gate).await.expect("known").state, GateState::Approved);
}

#[tokio::test]
async fn an_answer_after_the_deadline_comes_too_late() {
    let site = Site::start().await;
    let (_, gate) = site.asking(at(1), |gate| GateRow { deadline: Some(at(5)), ..gate }).await;
    let said = AnswerGate { message: Some("this".into()), ..answer(Action::Answer) };
    let late = site.client.answer_gate(gate, &said).await.expect_err("too late");
    assert_eq!(
        (late.code, late.message),
        (
            Code::GateSettled,
            format!("gate {gate} is settled: its deadline passed at 1970-01-01T00:00:00.005Z")
        )
    );
}

#[tokio::test]
async fn answers_that_do_not_fit_say_why() {
    let site = Site::start().await;
    let (_, gate) = site.asking(at(1), |gate| gate).await;
    let listed = json!(["git", "push"]);
    let cases = [
        (answer(Action::Approve), "a gate of kind `question` takes `answer` or `deny`, not `approve`"),
        (answer(Action::Answer), "an answer needs a `message`"),
        (
            AnswerGate { arguments: Some(listed), ..answer(Action::Approve) },
            "`arguments`: the arguments of a tool are an object",
        ),
    ];
    for (answer, message) in cases {
        let refused = site.client.answer_gate(gate, &answer).await.expect_err("unfit");
        assert_eq!((refused.code, refused.message.as_str()), (Code::BadRequest, message));
    }
    let unknown = GateId::from_u128(1);
    let refused = site.client.answer_gate(unknown, &answer(Action::Deny)).await.expect_err("unknown");
    assert_eq!((refused.code, refused.message), (Code::NotFound, format!("there is no gate {unknown}")));
    assert_eq!(site.client.gate(unknown).await.expect_err("unknown").code, Code::NotFound);
}

#[tokio::test]
async fn what_is_asked_for_and_unknown_is_refused() {
    let site = Site::start().await;
    let list = ListGates { state: Some("opn".into()), ..ListGates::default() };
    let refused = site.client.list_gates(&list).await.expect_err("no state");
    assert_eq!(refused.message, "`state`: there is no state `opn`");
    assert!(refused.suggestion.is_some_and(|next| next.starts_with("did you mean `open`?")));
    let list = ListGates { cursor: Some("eff_x".into()), ..ListGates::default() };
    let refused = site.client.list_gates(&list).await.expect_err("no cursor");
    assert_eq!(refused.message, "`cursor`: `eff_x` is not the end of a page of gates");
    let (_, gate) = site.asking(at(1), |gate| gate).await;
    let path = format!("/api/v1/gates/{gate}/answer");
    let body = r#"{"action":"deny","mesage":"no"}"#;
    let (head, body) = post(&site.stack.folder().control_socket(), &path, body).await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(body.contains("the body has no field `mesage`"), "{body}");
}

#[tokio::test]
async fn a_gate_is_passed_on_once_nobody_has_answered_for_long() {
    let site = Site::start().await;
    let later = Timestamp::now().after(Duration::from_hours(1));
    let escalated =
        |at| move |gate| GateRow { escalate_at: Some(at), escalate_to: Some("ops".into()), ..gate };
    let (_, passed_on) = site.asking(at(1), escalated(at(2))).await;
    let (_, waiting) = site.asking(at(1), escalated(later)).await;
    assert_eq!(site.client.gate(passed_on).await.expect("known").escalated_to.as_deref(), Some("ops"));
    assert_eq!(site.client.gate(waiting).await.expect("known").escalated_to, None);
}

#[tokio::test]
async fn a_waiting_run_says_what_is_asked_and_how_it_is_answered() {
    let site = Site::start().await;
    let waiting = async |run| {
        let waiting = site.client.run(run).await.expect("known").waiting.expect("it waits");
        assert_eq!(waiting.reason, "gate");
        (waiting.detail, waiting.way_out)
    };
    let (run, gate) = site.asking(at(1), |gate| gate).await;
    let way_out = format!("answer: mainspring gates answer {gate} TEXT");
    assert_eq!(waiting(run).await, ("it asks: which one?".to_owned(), way_out));
    let (run, gate) = site.asking(at(1), |gate| GateRow { deadline: Some(at(5)), ..approval(gate) }).await;
    let detail = "it asks whether it may call `shell` with {\"command\":\"git push\"}; without an answer by \
                  1970-01-01T00:00:00.005Z it is denied";
    let way_out = format!("answer: mainspring gates approve {gate}, or: mainspring gates deny {gate}");
    assert_eq!(waiting(run).await, (detail.to_owned(), way_out));
}
