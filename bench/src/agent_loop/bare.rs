//! A run made barely: its requests sent straight to the model, its tool called as a function.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use mainspring_sandbox::Launcher;
use mainspring_types::RunId;

use super::tool;
use crate::{ceiling::Clerk, load::Caller, w1::PAYLOAD};

/// Makes runs. Clones share what they read.
#[derive(Clone)]
pub(super) struct Bare {
    pub(super) files: PathBuf,
    pub(super) launcher: Launcher,
    /// Where the model is.
    pub(super) url: String,
    /// What it is asked, call by call.
    pub(super) bodies: Arc<[Bytes]>,
    /// The journal that a step is committed to, if it is to one.
    pub(super) clerk: Option<Clerk>,
}

impl Bare {
    /// One run of so many steps: a connection, a model call and a tool call for each, and a last model call.
    pub(super) async fn run(self, steps: usize) {
        let mut model = Caller::connect(&self.url, vec!["no-key".to_owned()]).await;
        let mut journal = self.clerk.map(|clerk| Entries { clerk, run: RunId::generate(), seq: 0 });
        for step in 0..steps {
            commit(&mut journal).await;
            model.put(self.bodies[step].clone()).await;
            commit(&mut journal).await;
            commit(&mut journal).await;
            tool::call(step, &self.files, &self.launcher).await;
            commit(&mut journal).await;
        }
        model.put(self.bodies[steps].clone()).await;
    }
}

/// What a run is committed to.
struct Entries {
    clerk: Clerk,
    run: RunId,
    seq: u32,
}

async fn commit(journal: &mut Option<Entries>) {
    if let Some(Entries { clerk, run, seq }) = journal {
        clerk.append(*run, *seq, PAYLOAD.as_str().into()).await;
        *seq += 1;
    }
}
