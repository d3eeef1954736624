//! Several gates at once: answered in any order, across a death of the server, with other arguments, and from then on.

use mainspring_api::{
    gate::{Action, AnswerGate, GateView, ListGates},
    run::RunStatus,
};
use serde_json::json;

use crate::{
    harness::ended,
    scene::{Scene, answer, begin, entry, field, ledger, of_kind, said, talk},
};

const MODEL: &str = "
version: 1
rules:
  - match: {step: 0}
    reply: {tool_calls: [{name: pay, arguments: {n: 1}}, {name: pay, arguments: {n: 2}}]}
  - match: {step: 1}
    reply: {tool_calls: [{name: pay, arguments: {n: 3}}]}
  - match: {last_role: tool}
    reply: {text: 'Told: ${last_tool_result}'}
";

const DEFINITION: &str = "
tools:
  - {name: pay, description: Pays., run: [./program], effect: irreversible, parameters: {type: object, properties: {n: {type: integer}}}}
approvals: {pay: ask}
";

const PROGRAM: &str =
    "#!/bin/sh\nread -r call\necho \"$call\" >> \"$MAINSPRING_WORKSPACE/ledger\"\nprintf paid\n";

#[tokio::test]
async fn parallel_calls_are_answered_in_any_order() {
    let scene = Scene::new(MODEL);
    let agent = scene.agent("payer", DEFINITION, PROGRAM);
    let workspace = scene.workspace("1");
    let server = scene.serve();
    let client = scene.stage.client();
    let run = begin(&client, &talk(&agent, "Pay.", &workspace)).await;
    entry(&client, run, |entry| field(entry, "end") == "parked").await;
    let open = client.list_gates(&ListGates::default()).await.expect("a page").items;
    let of = |n: u32| -> &GateView {
        open.iter().find(|gate| gate.arguments == Some(json!({ "n": n }))).expect("it is asked about")
    };
    client.answer_gate(of(2).gate_id, &answer(Action::Deny, Some("too much"))).await.expect("it is open");
    server.kill9();
    let server = scene.serve();
    let client = scene.stage.client();
    let arguments = Some(json!({"n": 10}));
    let less = AnswerGate { arguments, remember: true, ..answer(Action::Approve, None) };
    client.answer_gate(of(1).gate_id, &less).await.expect("it is open");
    let view = ended(&client, run).await;
    assert_eq!((view.status, said(&view)), (RunStatus::Completed, "Told: paid"));
    assert_eq!(ledger(&workspace), [r#"{"n":10}"#, r#"{"n":3}"#]);
    assert_eq!(of_kind(&client, run, "gate.opened").await.len(), 2, "the third is let happen");
    let refused = of_kind(&client, run, "tool.failed").await;
    let told: Vec<_> = refused.iter().map(|entry| field(entry, "error")).collect();
    assert_eq!(told, ["admin denied this call, so it was not made: too much"]);
    assert!(server.terminate().success());
    scene.stage.assert_nothing_left();
}
