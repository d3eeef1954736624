//! Fifty runs of two tenants against a provider that refuses what is over its rate.

use mainspring_testkit::upstream::Upstream;
use mainspring_types::TenantId;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_runs_finish_without_a_storm_and_in_turns() {
    let upstream = Upstream::start(
        "version: 1\nrate_limit: {calls: 10, per_ms: 1000}\nrules: [{match: {}, reply: {text: fine}}]\n",
    );
    let world = World::new(&upstream).await;
    // All of one tenant's ask before any of the other's.
    let mut asking = Vec::new();
    for tenant in ["default", "other"] {
        for number in 0..25 {
            let id =
                if tenant == "other" { TenantId::new("other").expect("a slug") } else { TenantId::sole() };
            let agent = world.attempt_of(id, number + if tenant == "other" { 101 } else { 1 }, 1);
            asking.push(tokio::spawn(async move { agent.chat(tenant).await.status }));
        }
    }
    for asked in asking {
        assert_eq!(asked.await.expect("it ends"), 200);
    }
    let log = upstream.log();
    // The first burst is out before the first refusal is back; what comes after it has learned.
    let refused: Vec<bool> = log.iter().map(|entry| entry.status == Some(429)).collect();
    let burst = refused.iter().take_while(|refused| !**refused).count();
    let burst = burst + refused[burst..].iter().take_while(|refused| **refused).count();
    let later = refused[burst..].iter().filter(|refused| **refused).count();
    assert!(later <= 10, "{later} of {} calls were refused after the first burst", log.len() - burst);
    let taken: Vec<bool> = log
        .iter()
        .filter(|entry| entry.status == Some(200))
        .map(|entry| entry.json()["messages"][0]["content"] == "other")
        .collect();
    let others = taken[20..40].iter().filter(|is_other| **is_other).count();
    assert!((7..=13).contains(&others), "tenants take turns: {others} of twenty");
}
