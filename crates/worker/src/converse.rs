//! Works on attempts that are conversations: a thin driver around the loop of the default runtime.
//!
//! ```text
//!  recall ──> turn ── ask ──> gateway ── streamed answer ──┐
//!              ^  └── call ─> broker ── run ──> tool ──────┤
//!              └──────────────────────────────────────────┘
//!           finish ──> conclude ──┬── messages: another turn
//!                                 ├── over: done
//!                                 ├── next: left to another attempt, the turn was interrupted
//!                                 └── gate: parked
//! ```
//! The loop decides, nothing here does: what is due is done, what happened is told. Promised: a tool is called only once
//! the broker has written down that it will be, and what came of it is written down before the loop sees it; an attempt
//! parks only when nothing is under way but what it waits for; its result follows from what the session keeps, so that
//! every attempt says the same; when its future is ready, nothing of its tools is left.

mod brake;
mod call;
mod clock;
mod deltas;
mod flight;
mod kit;
mod model;
mod place;
mod secrets;
mod speech;
mod turn;

use std::{path::PathBuf, sync::Arc, time::Instant};

use mainspring_agent::{Mode, StepWork, Work};
use mainspring_api::worker::{Concluded, End, Note, Recalled, Task, Used, Wait};
use mainspring_runtimes::default::Ending;
use mainspring_sandbox::Launcher;
use mainspring_tools::web::Reach;
use mainspring_types::{Code, Problem};
use serde::Deserialize;

use self::{
    kit::Kit,
    model::Gateway,
    place::{Place, Where},
    secrets::Secrets,
    turn::{Taken, Turns},
};
use crate::{
    execute::{Control, Execute, Execution, Outcome},
    process::ProcessExecutor,
};

pub use self::secrets::Vault;

/// Where conversations find what they need. All paths are absolute.
#[derive(Clone)]
pub struct Ground {
    /// Snapshots, each in a folder named by the digits of its hash.
    pub versions: PathBuf,
    /// The folders of runs, kept as long as the runs.
    pub workspaces: PathBuf,
    /// What no tool may see into, but for its own folders: the data folder.
    pub hidden: Vec<PathBuf>,
    /// The private places that pages may be fetched from.
    pub reach: Reach,
}

/// Works on conversations.
pub struct ConverseExecutor {
    ground: Ground,
    launcher: Launcher,
    vault: Vault,
}

/// Works on attempts of every kind.
pub struct Executor {
    /// Those that are programs.
    pub programs: ProcessExecutor,
    /// Those that are conversations.
    pub conversations: ConverseExecutor,
}

impl Execute for Executor {
    fn execute(&self, task: Task, control: Control) -> Execution<'_> {
        if is_conversation(&task) {
            self.conversations.execute(task, control)
        } else {
            self.programs.execute(task, control)
        }
    }
}

impl Execute for ConverseExecutor {
    fn execute(&self, task: Task, control: Control) -> Execution<'_> {
        Box::pin(async move {
            let begun = Instant::now();
            let launcher = self.launcher.apart();
            let given_up = control.given_up();
            let ended = tokio::select! {
                ended = self.converse(task, control, &launcher) => ended,
                () = given_up => Ok(End::Aborted {}),
            };
            // Whatever was dropped above was killed, and is gone only now.
            launcher.none_left().await;
            let end = ended.unwrap_or_else(|problem| End::Failed { retryable: false, problem });
            let active_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            Outcome { end, used: Used { active_ms, ..Used::default() } }
        })
    }
}

/// What of a task's work a conversation needs. Fields of a newer control plane are ignored.
#[derive(Deserialize)]
struct Assignment {
    step: StepWork,
    /// Where its tools work; the folder of its own run when absent.
    #[serde(default)]
    workspace: Option<Where>,
}

impl Assignment {
    fn of(task: &Task) -> Result<Self, Problem> {
        serde_json::from_str(task.work.get()).map_err(|error| {
            Problem::new(Code::Internal, format!("read the work of step `{}`", task.ticket.step))
                .because(&error)
                .suggest("use a worker of the control plane's version")
        })
    }
}

/// Whether the step is a conversation. What cannot be read is not: whoever works on it says why.
fn is_conversation(task: &Task) -> bool {
    let work = Assignment::of(task).map(|assignment| assignment.step.work);
    matches!(work, Ok(Work::Converse { .. }))
}

impl ConverseExecutor {
    /// An executor on this ground. Secrets are those of its environment.
    pub fn new(ground: Ground, launcher: Launcher) -> Self {
        Self { ground, launcher, vault: Vault::of_environment() }
    }

    /// The same, with secrets from elsewhere.
    #[must_use]
    pub fn with_vault(self, vault: Vault) -> Self {
        Self { vault, ..self }
    }

    async fn converse(&self, task: Task, control: Control, launcher: &Launcher) -> Result<End, Problem> {
        let Assignment { step, workspace } = Assignment::of(&task)?;
        let Work::Converse { assistant } = step.work else {
            return Err(Problem::new(Code::Internal, "the step is no conversation"));
        };
        let link = control.link();
        let Some(recalled) = link.recall(&task.ticket).await? else { return Ok(End::Aborted {}) };
        let gateway = Gateway::of(task.boundary.as_ref(), &assistant.model)?;
        let secrets = Secrets::find(&assistant, &self.vault)?;
        let place = Place::open(&self.ground, &task, workspace).await?;
        let isolation = place.isolation(launcher);
        control.progress(Note::Started { isolation });
        let mode = assistant.session.mode;
        let kit = Arc::new(Kit::new(&self.ground, launcher, place, (*assistant, secrets)));
        let turns =
            Turns { ticket: task.ticket, link, gateway: Arc::new(gateway), kit: Arc::clone(&kit), control };
        let ended = Conversation { turns, mode }.hold(recalled).await;
        kit.close().await;
        ended
    }
}

/// One attempt's share of a conversation.
struct Conversation {
    turns: Turns,
    mode: Mode,
}

impl Conversation {
    /// Takes turns until the conversation is over, waits, or is told to end.
    async fn hold(mut self, recalled: Recalled) -> Result<End, Problem> {
        let Recalled { history, next_turn: mut number, inbox, done } = recalled;
        let mut history = speech::history(&history)?;
        let mut next = match (inbox.is_empty(), done) {
            (false, _) => Concluded::Messages(inbox),
            (true, true) => Concluded::Over {},
            (true, false) => self.turns.conclude(number - 1, None).await?,
        };
        loop {
            let messages = match next {
                Concluded::Messages(messages) => messages,
                Concluded::Over {} => {
                    let output = self.turns.kit.output_of(&history);
                    return Ok(End::Done { output: kit::result(output) });
                }
                Concluded::Gate { gate, deadline } => {
                    return Ok(End::Parked { wait: Wait::Gate { gate, deadline } });
                }
                // What follows is another attempt's: this one may yet hear of the interruption that it has obeyed.
                Concluded::Next {} | Concluded::Abandon {} => return Ok(End::Aborted {}),
            };
            let incoming = speech::incoming(&messages)?;
            let ended = match self.turns.take(number, history.clone(), incoming).await? {
                Taken::Over(ended) => ended,
                Taken::Stopped(end) => return Ok(end),
            };
            if let Ending::Failed(problem) = &ended.ending {
                if self.mode == Mode::OneShot {
                    return Ok(End::Failed { retryable: false, problem: problem.clone() });
                }
                // A person goes on where a script could not.
                self.turns.remark("failed", &problem.to_string());
            }
            next = self.turns.conclude(number, Some(&ended)).await?;
            history.extend(ended.messages);
            number += 1;
        }
    }
}
