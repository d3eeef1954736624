//! Watches one run to its end: drawn live on a terminal, as plain lines elsewhere.
//!
//! What the run asks is asked here, where a person sits at the terminal; elsewhere the lines say how to answer. Ctrl-C
//! ends the run, each time harder than the time before.

use std::{
    io::{self, Stderr},
    process::ExitCode,
    time::Duration,
};

use mainspring_api::{
    client::Client,
    run::{CancelRun, Level, RunStatus, RunView},
};
use mainspring_types::{Problem, RunId, Timestamp};
use tokio::{
    signal::unix::{Signal, SignalKind},
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{AWAY, BACK, Follow, Prompt, Seen, View};
use crate::{
    attend::{Act, Asks, Draft, Interrupts, Meaning},
    listen_for,
    output::{Output, Palette, Surface, Tone, short_version},
    render::{self, Story},
    terminal::{Key, Keyboard},
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
    Ended {
        /// As it stands now.
        run: Box<RunView>,
        /// What its agent said last, where that was seen as it was said.
        said: Option<String>,
    },
    /// The watcher left before; the run was told to die.
    Left,
}

/// Watches the run and tells about it on standard error.
pub(crate) async fn watch(client: &Client, run: &RunView, output: &Output) -> Result<Watched, Problem> {
    let mut watch = Watch::new(client, run, output)?;
    watch.view.put(&[header(run, output.err_palette)]);
    if !watch.until_over().await? {
        return Ok(Watched::Left);
    }
    let run = client.run(run.run_id).await?;
    let space = if output.err.is_terminal() { vec![String::new()] } else { vec![] };
    watch.view.close(&[space, vec![render::ending(&run, output.err_palette)]].concat());
    let said = watch.view.talk().and_then(|talk| talk.ended().map(str::to_owned));
    Ok(Watched::Ended { run: Box::new(run), said: said.filter(|_| output.err.is_terminal()) })
}

struct Watch<'a> {
    client: &'a Client,
    run: RunId,
    output: &'a Output,
    view: View<Stderr>,
    follow: Follow,
    frames: Interval,
    // One listener for all the while: a new one in each round would miss what arrives between two.
    interrupt: Signal,
    resumed: Signal,
    interrupts: Option<Interrupts>,
    keyboard: Option<Keyboard>,
    asks: Asks,
    wait: Wait,
}

impl<'a> Watch<'a> {
    fn new(client: &'a Client, run: &RunView, output: &'a Output) -> Result<Self, Problem> {
        Ok(Self {
            client,
            run: run.run_id,
            output,
            view: View::new(Story::of(run), io::stderr(), output.err, output.err_palette),
            follow: Follow::live(client.clone(), run.run_id, 0),
            frames: frames(),
            interrupt: listen_for(SignalKind::interrupt())?,
            resumed: listen_for(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            interrupts: None,
            keyboard: None,
            asks: Asks::default(),
            wait: Wait::new(),
        })
    }

    /// Watches until the run has ended; false when the watcher left before.
    async fn until_over(&mut self) -> Result<bool, Problem> {
        loop {
            tokio::select! {
                seen = self.follow.next() => match seen? {
                    Some(seen) => self.see(&seen),
                    None => return Ok(true),
                },
                keys = pressed(&mut self.keyboard) => self.press(keys).await,
                () = tick(&mut self.frames, self.output.err) => self.view.turn(),
                () = sleep_until(self.wait.ask_at) => self.ask_what_for().await,
                _ = self.resumed.recv() => self.keyboard.iter().for_each(Keyboard::take),
                _ = self.interrupt.recv() => {
                    if !self.interrupted().await {
                        return Ok(false);
                    }
                }
            }
            self.ask().await;
            let prompt = prompt(&self.asks, self.output.err_palette, self.view.columns());
            self.view.draw(&prompt);
        }
    }

    fn see(&mut self, seen: &Seen) {
        match seen {
            Seen::Event(event) => {
                self.wait.heard();
                self.asks.fold(event);
                self.view.event(event);
            }
            Seen::Delta(delta) => {
                self.wait.heard();
                self.view.hear(delta);
            }
            Seen::Away => self.view.say(Tone::Warn, AWAY),
            Seen::Back => self.view.say(Tone::Good, BACK),
        }
    }

    /// Asks what waits for a decision, if somebody is there to decide.
    async fn ask(&mut self) {
        if !self.output.err.is_terminal() || self.asks.next().is_none() {
            return;
        }
        if self.keyboard.is_none() {
            self.keyboard = Keyboard::open();
        }
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.forget();
            open(self.client, &mut self.asks).await;
        }
    }

    async fn press(&mut self, keys: Vec<Key>) {
        for key in keys {
            if let Ok(Some(act)) = self.asks.press(key, Draft::Nothing, std::time::Instant::now()) {
                act_on(self.client, act, &mut self.view).await;
            }
        }
        if self.asks.is_empty() {
            self.keyboard = None;
        }
    }

    async fn ask_what_for(&mut self) {
        // A server that is away is told of by the one who follows; what a model agent waits for is in its story.
        if self.view.talk().is_some_and(|talk| talk.is_waiting()) {
            self.wait.heard();
        } else if let Ok(run) = self.client.run(self.run).await {
            self.wait.tell(&run, &mut self.view);
        }
    }

    /// Ctrl-C; false when the watcher leaves.
    async fn interrupted(&mut self) -> bool {
        let is_talk = self.view.talk().is_some();
        let new = || {
            if is_talk { Interrupts::of_talk() } else { Interrupts::of_steps() }
        };
        let Meaning::Cancel(level) = self.interrupts.get_or_insert_with(new).press() else { return true };
        if level == Level::Kill {
            kill(self.client, self.run).await;
            return false;
        }
        interrupt(self.client, self.run, level, &mut self.view).await;
        true
    }
}

/// Ends the run as the person at the terminal asked, and says so; what is not possible now is said too.
pub(crate) async fn interrupt<W: io::Write>(client: &Client, run: RunId, level: Level, view: &mut View<W>) {
    view.say(Tone::Warn, interrupting(level));
    if let Err(problem) = cancel(client, run, level).await {
        view.say(Tone::Warn, &problem.message);
    }
}

/// What is said when Ctrl-C was pressed.
fn interrupting(level: Level) -> &'static str {
    match level {
        Level::Interrupt => "interrupting; Ctrl-C again cancels",
        Level::Stop => "cancelling; Ctrl-C again kills the agent and leaves",
        Level::Kill => "killing",
    }
}

/// Asks the server for the gate that is next, and the person for a decision. What has been decided is left out.
pub(crate) async fn open(client: &Client, asks: &mut Asks) {
    while let Some(id) = asks.next() {
        match client.gate(id).await {
            Ok(gate) if gate.answer.is_none() => asks.ask(gate, std::time::Instant::now()),
            _ => asks.settled(id),
        }
    }
}

/// Does what the person decided, and says what became of it when it was not taken.
pub(crate) async fn act_on(client: &Client, act: Act, view: &mut View<Stderr>) {
    match act {
        Act::Answer(gate, answer) => {
            if let Err(problem) = client.answer_gate(gate, &answer).await {
                view.say(Tone::Warn, &format!("not taken: {}", problem.message));
            }
        }
        Act::Later(gate) => {
            view.say(Tone::Dim, &format!("left open; answer it with: mainspring gates show {gate}"));
        }
    }
}

/// What is asked, as it stands below the run.
pub(crate) fn prompt(asks: &Asks, palette: Palette, columns: usize) -> Prompt {
    asks.asked().map_or_else(Prompt::default, |ask| {
        let (lines, cursor) = ask.lines(Timestamp::now(), palette, columns);
        Prompt { lines, cursor: Some(cursor), gate: Some(ask.gate()) }
    })
}

/// The next keys; never without a keyboard.
pub(crate) async fn pressed(keyboard: &mut Option<Keyboard>) -> Vec<Key> {
    match keyboard {
        Some(keyboard) => keyboard.next().await,
        None => std::future::pending().await,
    }
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

/// The moments at which frames are drawn; those that were missed stay so.
pub(crate) fn frames() -> Interval {
    let mut frames = interval(FRAME_EVERY);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    frames
}

/// The next frame; never on a stream that is not drawn.
pub(crate) async fn tick(frames: &mut Interval, surface: Surface) {
    match surface {
        Surface::Terminal { .. } => drop(frames.tick().await),
        Surface::Plain => std::future::pending().await,
    }
}

/// Ends the run early, as the person at the terminal asked.
async fn cancel(client: &Client, run: RunId, level: Level) -> Result<(), Problem> {
    let cancel = CancelRun { level, reason: Some("interrupted at the terminal".to_owned()) };
    client.cancel(run, &cancel).await.map(drop)
}

/// Asks for the kill, and waits no longer than a person at a keyboard does.
pub(crate) async fn kill(client: &Client, run: RunId) {
    let _ = tokio::time::timeout(Duration::from_secs(1), cancel(client, run, Level::Kill)).await;
}

/// The first line: what is run, in which version, under which id.
pub(crate) fn header(run: &RunView, palette: Palette) -> String {
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
            Self::Ended { run, .. } => match &run.error {
                _ if run.status == RunStatus::Completed => ExitCode::SUCCESS,
                Some(problem) => ExitCode::from(problem.code.exit_code()),
                None => ExitCode::FAILURE,
            },
        }
    }
}
