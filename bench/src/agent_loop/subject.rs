//! The product as it is measured: runs that are asked for over its control socket, and waited for on its bell.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use mainspring_api::{client::Client, run::RunStatus};
use mainspring_engine::Embedded;
use mainspring_store::RunKey;
use mainspring_types::TenantId;
use tokio::time::timeout;

use super::{commits, tool};
use crate::{
    agents::{Agents, client, request},
    gateway::settings,
    product::Product,
    w1::STEPS,
};

/// After this long without news a run is looked at again.
const PATIENCE: Duration = Duration::from_secs(1);

/// The sequence number of a run's last entry: four for each step, and what begins and ends it.
const fn last_seq(steps: usize) -> u64 {
    7 + 4 * steps as u64
}

/// Asks for runs. Clones share the product.
#[derive(Clone)]
pub(super) struct Subject {
    client: Client,
    engine: Embedded,
    folder: PathBuf,
}

impl Subject {
    /// A fresh product in `folder` and what asks it for runs, warm already.
    pub(super) async fn start(folder: &Path, upstream: &str) -> (Agents, Self) {
        let agents = Agents::start(folder, &settings(upstream)).await;
        let engine = agents.product.engine().clone();
        let subject = Self { client: client(folder), engine, folder: folder.to_owned() };
        subject.clone().run(STEPS).await;
        (agents, subject)
    }

    /// One run of so many steps, from its request to its end.
    pub(super) async fn run(self, steps: usize) {
        let mut request = request(&self.folder, ("steps", steps));
        request.workspace = Some(tool::files(&self.folder).display().to_string());
        let run = self.client.create_run(&request, None).await.expect("accepted").run_id;
        let key = RunKey { tenant: TenantId::sole(), run };
        let mut news = self.engine.bell().listen(&key);
        loop {
            let view = self.client.run(run).await.expect("known");
            if view.status.is_ended() {
                assert_eq!((view.status, view.last_seq), (RunStatus::Completed, last_seq(steps)), "{view:?}");
                return;
            }
            // Whatever was told before this listened is not told again: then the next look sees it.
            let _ = timeout(PATIENCE, news.reach(last_seq(steps))).await;
        }
    }

    /// How many commits one step has while nothing else goes on.
    pub(super) async fn commits(&self) -> f64 {
        let database = Product::data(&self.folder).database();
        let mut counted = Vec::new();
        for steps in [0, STEPS] {
            let before = commits::of(&database);
            self.clone().run(steps).await;
            counted.push(commits::of(&database) - before);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        let each = (counted[1] as f64 - counted[0] as f64) / STEPS as f64;
        each
    }
}
