//! A conversation with a person at the terminal: what the agent says and does above, the line being typed below.

use std::{
    io::{self, Stderr},
    process::ExitCode,
};

use mainspring_api::{event::EventView, run::Level, session::TurnView};
use mainspring_types::{Problem, RunId};
use tokio::{
    signal::unix::{Signal, SignalKind},
    time::Interval,
};

use super::{
    commands::{Command, Input, help},
    conversation::{Conversation, ending},
};
use crate::{
    Outcome,
    attend::{Asks, Draft, Interrupts, Meaning},
    failure::Failure,
    follow::{AWAY, BACK, Follow, INTERRUPTED, Seen, View, act_on, frames, interrupt, kill, open, prompt},
    listen_for,
    output::{Cursor, Output, Tone, count},
    render::{self, Place, Story, Talk, dollars},
    terminal::{Key, Keyboard, Line, Pressed},
};

/// How many turns are shown again when a conversation goes on.
const RECALLED: usize = 3;

/// Whether the conversation goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Stay,
    Leave,
    /// Leave once the agent has answered.
    LeaveWhenDone,
    /// Leave what was killed.
    LeaveKilled,
}

struct Seat<'a> {
    conversation: Conversation,
    output: &'a Output,
    view: View<Stderr>,
    follow: Option<Follow>,
    asks: Asks,
    line: Line,
    keyboard: Keyboard,
    frames: Interval,
    interrupt: Signal,
    resumed: Signal,
    interrupts: Interrupts,
    next: Next,
}

/// Talks until the person leaves; `first` is said at once.
pub(super) async fn hold(
    conversation: Conversation,
    first: Option<String>,
    keyboard: Keyboard,
    output: &Output,
) -> Outcome {
    let story = Story::Talk(Box::new(Talk::new(Place::Chat, [])));
    let mut seat = Seat {
        conversation,
        output,
        view: View::new(story, io::stderr(), output.err, output.err_palette),
        follow: None,
        asks: Asks::default(),
        line: Line::default(),
        keyboard,
        frames: frames(),
        interrupt: listen_for(SignalKind::interrupt())?,
        resumed: listen_for(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        interrupts: Interrupts::of_talk(),
        next: Next::Stay,
    };
    seat.welcome().await?;
    if let Some(text) = first {
        seat.say(&text).await;
    }
    let ended = seat.talk().await;
    seat.view.close(&seat.farewell());
    ended?;
    let code = if seat.next == Next::LeaveKilled { INTERRUPTED } else { 0 };
    Ok(ExitCode::from(code))
}

impl Seat<'_> {
    async fn talk(&mut self) -> Result<(), Failure> {
        self.draw();
        while matches!(self.next, Next::Stay | Next::LeaveWhenDone) {
            tokio::select! {
                seen = seen(&mut self.follow) => self.see(seen?).await?,
                keys = self.keyboard.next() => self.press(keys).await?,
                _ = self.frames.tick() => self.view.turn(),
                _ = self.resumed.recv() => self.keyboard.take(),
                _ = self.interrupt.recv() => self.interrupted().await,
            }
            open(&self.conversation.client, &mut self.asks).await;
            self.draw();
        }
        Ok(())
    }

    fn state(&mut self) -> &mut Talk {
        self.view.talk().expect("a chat is told as one")
    }

    fn is_busy(&mut self) -> bool {
        self.state().is_working() || !self.asks.is_empty()
    }

    fn draft(&self) -> Draft {
        if self.line.is_empty() { Draft::Nothing } else { Draft::Begun }
    }

    /// What is seen of the live run.
    async fn see(&mut self, seen: Option<Seen>) -> Result<(), Failure> {
        match seen {
            Some(Seen::Event(event)) => self.event(&event),
            Some(Seen::Delta(delta)) => self.view.hear(&delta),
            Some(Seen::Away) => self.view.say(Tone::Warn, AWAY),
            Some(Seen::Back) => self.view.say(Tone::Good, BACK),
            None => {
                self.follow = None;
                if let Some(run) = self.conversation.ended().await?
                    && let Some(words) = ending(&run)
                {
                    self.view.say(render::tone_of(run.status), &words);
                }
                if self.next == Next::LeaveWhenDone {
                    self.next = Next::Leave;
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, event: &EventView) {
        self.asks.fold(event);
        self.view.event(event);
        if event.kind == "turn.ended" {
            self.interrupts.reset();
        }
    }

    async fn press(&mut self, keys: Vec<Key>) -> Result<(), Failure> {
        for key in keys {
            let draft = self.draft();
            let key = match self.asks.press(key, draft, std::time::Instant::now()) {
                Ok(Some(act)) => {
                    act_on(&self.conversation.client, act, &mut self.view).await;
                    continue;
                }
                Ok(None) => continue,
                Err(key) => key,
            };
            match self.line.press(key) {
                Pressed::Done(text) => self.enter(Input::read(&text)).await?,
                Pressed::Ended => self.next = Next::Leave,
                Pressed::Left | Pressed::Edited => {}
            }
        }
        Ok(())
    }

    async fn enter(&mut self, input: Input) -> Result<(), Failure> {
        match input {
            Input::Nothing => {}
            Input::Message(text) => self.say(&text).await,
            Input::Unknown(word) => {
                self.view.say(Tone::Warn, &format!("`{word}` is no command; /help lists them"));
            }
            Input::Command(Command::Help) => self.view.say(Tone::Dim, &help()),
            Input::Command(Command::Tools) => {
                let words = self.state().tools();
                self.view.say(Tone::Dim, &words);
            }
            Input::Command(Command::Cost) => self.cost().await?,
            Input::Command(Command::Quit) => self.next = Next::Leave,
            Input::Command(Command::Done) => {
                self.conversation.done().await?;
                self.next = if self.follow.is_some() { Next::LeaveWhenDone } else { Next::Leave };
            }
        }
        Ok(())
    }

    /// Says something to the agent. What cannot be said is kept in the line's history.
    async fn say(&mut self, text: &str) {
        self.state().say(text);
        self.draw();
        let before = self.conversation.run;
        match self.conversation.say(text).await {
            Ok(run) if before != Some(run) || self.follow.is_none() => {
                self.interrupts.reset();
                self.join(run, 0);
            }
            Ok(_) => {}
            Err(failure) => {
                self.state().unsay(text);
                self.view.say(Tone::Bad, failure.render(crate::output::Palette::Plain).trim_end());
            }
        }
    }

    fn join(&mut self, run: RunId, after: u64) {
        self.follow = Some(Follow::live(self.conversation.client.clone(), run, after));
    }

    async fn cost(&mut self) -> Result<(), Problem> {
        let used = self.conversation.used().await?;
        let (models, tools) = used.calls;
        let words = [
            count(models, "model call"),
            count(tools, "tool call"),
            format!("{} in, {} out", count(used.usage.input_tokens, "token"), used.usage.output_tokens),
            dollars(used.nano_usd),
        ];
        self.view.say(Tone::Dim, &words.join(" · "));
        Ok(())
    }

    async fn interrupted(&mut self) {
        let meaning = match (self.is_busy(), self.conversation.run) {
            (true, Some(run)) => (self.interrupts.press(), Some(run)),
            _ if !self.line.is_empty() => {
                self.line.clear();
                return;
            }
            _ => (self.interrupts.press_at_rest(std::time::Instant::now()), None),
        };
        match meaning {
            (Meaning::Cancel(Level::Kill), Some(run)) => {
                kill(&self.conversation.client, run).await;
                self.next = Next::LeaveKilled;
            }
            (Meaning::Cancel(level), Some(run)) => {
                interrupt(&self.conversation.client, run, level, &mut self.view).await;
            }
            (Meaning::Leave, _) => self.next = Next::Leave,
            _ => self.view.say(Tone::Dim, "Ctrl-C again leaves; the conversation is kept"),
        }
    }

    /// Draws what is asked, and below it the line being typed; once keys are meant for what is asked, that alone.
    fn draw(&mut self) {
        let (palette, columns) = (self.output.err_palette, self.view.columns());
        let mut below = prompt(&self.asks, palette, columns);
        if !self.asks.has_focus(self.draft(), std::time::Instant::now()) {
            let mut typed = self.line.typed("› ", columns);
            let row = below.lines.len() + 1 + typed.row;
            below.cursor = Some(Cursor { row, column: typed.column });
            if let Some(row) = typed.rows.first_mut() {
                *row = row.replacen('›', &palette.paint(Tone::Active, "›"), 1);
            }
            below.lines.push(String::new());
            below.lines.extend(typed.rows);
            if self.line.is_empty() && below.gate.is_none() {
                let hint = if self.is_busy() { "  say more, or wait" } else { "  /help · Ctrl-D leaves" };
                below.lines.push(palette.dim(hint));
            }
        }
        self.view.draw(&below);
    }
}

/// How it begins and how it ends.
impl Seat<'_> {
    /// Says with whom one talks, and what was said before.
    async fn welcome(&mut self) -> Result<(), Problem> {
        let palette = self.output.err_palette;
        let session = self.conversation.session.map_or(String::new(), |session| format!("  {session}"));
        let name = palette.strong(&self.conversation.name);
        self.view.put(&[format!("{name}{}", palette.dim(&session))]);
        let turns = self.conversation.turns().await?;
        self.recall(&turns);
        let Some(run) = self.conversation.run else {
            self.state().wait();
            return Ok(());
        };
        self.catch_up(run).await
    }

    /// Shows the last turns again.
    fn recall(&mut self, turns: &[TurnView]) {
        let (palette, columns) = (self.output.err_palette, self.view.columns());
        let skipped = turns.len().saturating_sub(RECALLED);
        let mut lines = Vec::new();
        if skipped > 0 {
            lines.push(palette.dim(&format!("… {} before", count(skipped as u64, "turn"))));
        }
        for turn in &turns[skipped..] {
            lines.push(String::new());
            lines.extend(render::told(turn, palette, columns).lines().map(str::to_owned));
        }
        self.view.put(&lines);
    }

    /// Takes in what the live run did before: its concluded turns are shown already.
    async fn catch_up(&mut self, run: RunId) -> Result<(), Problem> {
        let last = self.conversation.client.run(run).await?.last_seq;
        let mut follow = Follow::new(self.conversation.client.clone(), run, 0);
        let mut events = Vec::new();
        while let Some(seen) = follow.next().await? {
            let Seen::Event(event) = seen else { continue };
            let is_there = event.seq >= last;
            events.push(event);
            if is_there {
                break;
            }
        }
        let concluded = events.iter().rposition(|event| event.kind == "turn.ended").map_or(0, |at| at + 1);
        events[..concluded].iter().for_each(|event| self.event(event));
        self.state().forget();
        events[concluded..].iter().for_each(|event| self.event(event));
        self.join(run, last);
        Ok(())
    }

    /// How to go on.
    fn farewell(&self) -> Vec<String> {
        let hint = |session| format!("go on with: mainspring chat --resume {session}");
        let hint = self.conversation.session.map(hint);
        hint.into_iter().map(|hint| self.output.err_palette.dim(&hint)).collect()
    }
}

/// What is seen next; never without a live run.
async fn seen(follow: &mut Option<Follow>) -> Result<Option<Seen>, Problem> {
    match follow {
        Some(follow) => follow.next().await,
        None => std::future::pending().await,
    }
}
