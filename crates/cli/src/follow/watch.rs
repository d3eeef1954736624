//! Watches one run to its end: drawn live on a terminal, as plain lines elsewhere. Ctrl-C cancels the run.

use std::{io, process::ExitCode, time::Duration};

use mainspring_api::{
    client::Client,
    run::{CancelRun, Level, RunStatus, RunView},
};
use mainspring_types::{Problem, RunId};
use tokio::{
    signal::unix::SignalKind,
    time::{Instant, Interval, interval, sleep_until},
};

use super::{AWAY, BACK, Follow, Seen, View};
use crate::{
    listen_for,
    output::{Output, Palette, Surface, Tone, short_version},
    render,
};

/// How often the foot of the terminal is drawn: enough for a smooth spinner, little enough to cost nothing.
const FRAME_EVERY: Duration = Duration::from_millis(80);

/// How long a run may be silent before it is asked what it waits for, and how often then: reading a long run takes
/// time that its server has better uses for.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// How the watching ended.
#[derive(Debug)]
pub(crate) enum Watched {
    /// The run ended.
    Ended(Box<RunView>),
    /// The watcher left before; the run was told to die.
    Left,
}

/// Watches the run and tells about it on standard error.
pub(crate) async fn watch(client: &Client, run: &RunView, output: &Output) -> Result<Watched, Problem> {
    let mut view = View::new(run, io::stderr(), output.err, output.err_palette);
    view.put(&[header(run, output.err_palette)]);
    let mut follow = Follow::new(client.clone(), run.run_id, 0);
    let mut frames = interval(FRAME_EVERY);
    // One listener for all the while: a new one in each round would miss what arrives between two.
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    let mut interrupts = 0;
    let mut wait = Wait::new();
    loop {
        tokio::select! {
            seen = follow.next() => match seen? {
                Some(Seen::Event(event)) => {
                    wait.heard();
                    view.event(&event);
                }
                Some(Seen::Away) => view.say(Tone::Warn, AWAY),
                Some(Seen::Back) => view.say(Tone::Good, BACK),
                None => break,
            },
            () = tick(&mut frames, output.err) => view.draw(),
            () = sleep_until(wait.ask_at) => {
                // A server that is away is told of by the one who follows.
                if let Ok(run) = client.run(run.run_id).await {
                    wait.tell(&run, &mut view);
                }
            }
            _ = interrupt.recv() => {
                interrupts += 1;
                if interrupts > 1 {
                    kill(client, run.run_id).await;
                    return Ok(Watched::Left);
                }
                view.say(Tone::Warn, "cancelling; Ctrl-C again kills the agent and leaves");
                cancel(client, run.run_id, Level::Stop).await?;
            }
        }
    }
    let run = client.run(run.run_id).await?;
    let space = if output.err.is_terminal() { vec![String::new()] } else { vec![] };
    view.close(&[space, vec![render::ending(&run, output.err_palette)]].concat());
    Ok(Watched::Ended(Box::new(run)))
}

/// What was said of what the run waits for.
struct Wait {
    said: Option<String>,
    ask_at: Instant,
}

impl Wait {
    fn new() -> Self {
        Self { said: None, ask_at: Instant::now() + ASK_AFTER }
    }

    /// The run spoke.
    fn heard(&mut self) {
        self.ask_at = Instant::now() + ASK_AFTER;
    }

    /// Says once what its calls wait for, and the way out; the journal does not tell.
    fn tell<W: io::Write>(&mut self, run: &RunView, view: &mut View<W>) {
        self.ask_at = Instant::now() + ASK_AFTER;
        let held = run.waiting.as_ref().filter(|waiting| HELD.contains(&waiting.reason.as_str()));
        match held {
            Some(waiting) if self.said.as_ref() != Some(&waiting.detail) => {
                view.say(Tone::Warn, &format!("waits: {}", waiting.detail));
                view.say(Tone::Warn, &format!("→ {}", waiting.way_out));
            }
            None if self.said.is_some() => view.say(Tone::Good, "goes on"),
            _ => {}
        }
        self.said = held.map(|waiting| waiting.detail.clone());
    }
}

/// What calls are held open for.
const HELD: [&str; 3] = ["gate", "budget", "quota"];

/// The next frame; never on a stream that is not drawn.
async fn tick(frames: &mut Interval, surface: Surface) {
    match surface {
        Surface::Terminal { .. } => drop(frames.tick().await),
        Surface::Plain => std::future::pending().await,
    }
}

async fn cancel(client: &Client, run: RunId, level: Level) -> Result<(), Problem> {
    let cancel = CancelRun { level, reason: Some("interrupted at the terminal".to_owned()) };
    client.cancel(run, &cancel).await.map(drop)
}

/// Asks for the kill, and waits no longer than a person at a keyboard does.
async fn kill(client: &Client, run: RunId) {
    let _ = tokio::time::timeout(Duration::from_secs(1), cancel(client, run, Level::Kill)).await;
}

/// The first line: what is run, in which version, under which id.
fn header(run: &RunView, palette: Palette) -> String {
    let method = run.method.as_ref().map_or(String::new(), |method| format!(" {method}"));
    let name = palette.strong(&format!("{}{method}", run.agent));
    format!("{name}  {}", palette.dim(&format!("{}  {}", short_version(&run.version), run.run_id)))
}

/// The exit code of a shell command that was ended by Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

impl Watched {
    /// The exit code: 0 for a completed run, that of its error for another.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Left => ExitCode::from(INTERRUPTED),
            Self::Ended(run) => match &run.error {
                _ if run.status == RunStatus::Completed => ExitCode::SUCCESS,
                Some(problem) => ExitCode::from(problem.code.exit_code()),
                None => ExitCode::FAILURE,
            },
        }
    }
}
