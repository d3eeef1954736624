//! Receipts of cancelled runs.

use mainspring_api::run::{CancelRun, Level, RunStatus};
use mainspring_store::{EffectState, Identity, NewEffect, Settlement};
use mainspring_types::{AttemptNo, EffectId, Hash, RunId, StepId, Timestamp};

use crate::site::{Site, key};

/// The call of a tool that is under way, or was.
async fn call(site: &Site, run: RunId, tool: &'static str, settled: Option<EffectState>) -> EffectId {
    let (id, step, of) =
        (EffectId::generate(), StepId::new("main").expect("a name"), Hash::of(tool.as_bytes()));
    let identity = Identity { route: "tool".into(), key: of, near: of, parent: of, previous: None, own: of };
    let at = Timestamp::now();
    site.write(move |pen| {
        let is = NewEffect {
            id,
            step: &step,
            attempt: AttemptNo(1),
            identity: &identity,
            occurrence: 1,
            model: tool,
            irreversible: true,
            owner: 1,
            request: "{}",
            at,
        };
        pen.intend(&key(run), &is)?;
        let Some(state) = settled else { return Ok(()) };
        let answer = Some("{}");
        let settlement = Settlement { effect: id, owner: 1, state, retryable: false, answer, at };
        pen.settle_effect(&key(run), 1, &settlement).map(drop)
    })
    .await;
    id
}

#[tokio::test]
async fn a_receipt_tells_what_had_finished_and_what_nobody_knows() {
    let site = Site::start().await;
    let run = site.create("hold").await;
    site.until(run, RunStatus::Running).await;
    assert_eq!(site.client.run(run).await.expect("known").receipt, None);
    call(&site, run, "read_file", Some(EffectState::Committed)).await;
    let cut = call(&site, run, "shell", None).await;
    site.client.cancel(run, &CancelRun::default()).await.expect("stopping");
    let view = site.until(run, RunStatus::Cancelled).await;
    let receipt = view.receipt.expect("it was cancelled");
    assert_eq!((receipt.level, receipt.finished, receipt.stopped), (Level::Stop, 1, vec![]));
    let unknown = &receipt.unknown[0];
    assert_eq!(
        (unknown.effect_id, unknown.kind.as_str(), unknown.name.as_str()),
        (Some(cut), "tool", "shell")
    );
    assert_eq!((receipt.unknown.len(), receipt.ended_at), (1, view.ended_at));
    assert_eq!(receipt.children, []);
}
