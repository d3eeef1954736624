//! The product as a peer: the whole stack, and live attempts whose agents are the benchmark's callers.

use std::{fs, path::Path, sync::Arc};

use mainspring_api::worker::{self, End, Order, Task};
use mainspring_worker::{Control, Execute, Execution, Outcome};
use tokio::sync::mpsc;

use super::{Door, stay};
use crate::product::{Product, new_run, submit};

/// How many runs are live: as many as callers at most, so that each has a run to itself.
const RUNS: usize = 64;

/// Starts the product on a data folder in `folder` and keeps [`RUNS`] attempts live until nobody needs them.
pub(super) async fn keep(folder: &Path, config: &str) {
    let data = Product::data(folder);
    fs::create_dir_all(data.root()).expect("a folder");
    fs::write(data.config_file(), config).expect("the settings are written");
    let (begun, mut live) = mpsc::unbounded_channel();
    let product = Product::start(folder, Arc::new(Waiting { begun })).await;
    for _ in 0..RUNS {
        submit(product.engine(), &new_run(), 1).await;
    }
    let mut tokens = Vec::new();
    let mut url = String::new();
    for _ in 0..RUNS {
        let boundary: worker::Boundary = live.recv().await.expect("an attempt begins");
        tokens.push(boundary.token);
        url = boundary.url;
    }
    stay(&Door { url, tokens });
}

/// The executor: says where its attempt may call, and waits until it is told to end.
struct Waiting {
    begun: mpsc::UnboundedSender<worker::Boundary>,
}

impl Waiting {
    async fn wait(&self, task: Task, mut control: Control) -> Outcome {
        self.begun.send(task.boundary.expect("the gateway is open")).expect("somebody listens");
        while let Order::Continue | Order::Hold = control.order().await {}
        Outcome::of(End::Aborted {})
    }
}

impl Execute for Waiting {
    fn execute(&self, task: Task, control: Control) -> Execution<'_> {
        Box::pin(self.wait(task, control))
    }
}
