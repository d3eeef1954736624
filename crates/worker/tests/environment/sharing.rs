//! Several users of one folder: they build once, and nobody loses what they use.

use std::time::Duration;

use mainspring_worker::environment::{Prune, State};

use crate::fixture::{Bench, any_tool, commands, python};

#[tokio::test]
async fn two_who_ask_at_once_build_once() {
    let bench = Bench::new("time.sleep(0.3)");
    let (one, other) = (bench.environments(any_tool()), bench.environments(any_tool()));
    let wanted = commands(&["pip install ."]);
    let (one, other) = tokio::join!(bench.prepare(&one, &wanted), bench.prepare(&other, &wanted));
    assert_eq!(one.expect("built").key, other.expect("built").key);
    assert_eq!(bench.builds(), 1);
}

#[tokio::test]
async fn pruning_spares_what_is_in_use() {
    let bench = Bench::new("");
    let envs = bench.environments(any_tool());
    let used = bench.prepare(&envs, &commands(&[])).await.expect("bare");
    assert!(envs.prune(Prune::All).expect("pruned").is_empty());
    assert_eq!(python(&used, "print(1)"), "1");
    let copy = used.clone();
    drop(used);
    assert!(envs.prune(Prune::All).expect("pruned").is_empty(), "a copy still uses it");
    drop(copy);
    assert!(envs.prune(Prune::OlderThan(Duration::from_mins(1))).expect("pruned").is_empty());
    let removed = envs.prune(Prune::All).expect("pruned");
    assert_eq!(removed.iter().map(|entry| entry.state).collect::<Vec<_>>(), [State::Ready]);
    assert!(envs.list().expect("a list").is_empty());
    bench.prepare(&envs, &commands(&[])).await.expect("it can be built again");
}
