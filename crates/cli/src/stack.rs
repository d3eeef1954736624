//! The embedded stack, as this command uses it: the one place where server, worker and executor are put together.

use std::sync::Arc;

use mainspring_api::worker::{End, Task};
use mainspring_server::{config::Config, data::Folder, stack::Stack};
use mainspring_types::{Code, Problem};
use mainspring_worker::{Control, Execute, Execution, Outcome};

/// Whether a stack takes up the work that it finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// It runs what is unfinished.
    TakeUp,
    /// It leaves everything as it is; runs can be looked at and told what to do.
    Leave,
}

impl Work {
    /// What others are told about the owner of the folder.
    pub(crate) const fn doing(self) -> &'static str {
        match self {
            Self::TakeUp => "mainspring run",
            Self::Leave => "a mainspring command",
        }
    }
}

/// Owns the folder and starts everything on it. `doing` tells others who owns it.
pub(crate) async fn start(
    folder: &Folder,
    config: &Config,
    doing: &str,
    work: Work,
) -> Result<Stack, Problem> {
    let executor = |_: &Folder| match work {
        Work::TakeUp => executor(),
        Work::Leave => Ok(Arc::new(Idle) as Arc<dyn Execute>),
    };
    Stack::start(folder, config, doing, executor).await
}

fn executor() -> Result<Arc<dyn Execute>, Problem> {
    Err(Problem::new(Code::Internal, "there is no executor yet"))
}

/// Works on nothing, and hands back what it was given.
struct Idle;

impl Execute for Idle {
    fn execute(&self, _: Task, mut control: Control) -> Execution<'_> {
        Box::pin(async move {
            control.order().await;
            Outcome::of(End::Aborted {})
        })
    }
}
