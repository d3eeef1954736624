//! A conversation without a person at the terminal: each line of standard input is a message, each answer goes to
//! standard output when its turn is over, and everything else to standard error.

use std::{io, process::ExitCode};

use mainspring_api::event::EventView;
use mainspring_types::{Code, Problem, RunId, SessionId};
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind};

use super::conversation::Conversation;
use crate::{
    Outcome,
    attend::{Interrupts, Meaning},
    failure::Failure,
    follow::{AWAY, BACK, Follow, INTERRUPTED, Seen, View, interrupt},
    listen_for,
    output::{self, Format, Output, Tone},
    render::{Place, Story, Talk},
};

/// Answers up to so many bytes are told whole by the journal.
const TOLD_WHOLE_MAX: usize = 7_990;

/// One answer, as data.
#[derive(Serialize)]
struct Answer<'a> {
    session_id: Option<SessionId>,
    run_id: RunId,
    turn: u64,
    text: &'a str,
}

struct Pipe<'a> {
    conversation: Conversation,
    output: &'a Output,
    view: View<io::Stderr>,
    follow: Option<(RunId, Follow)>,
    interrupt: Signal,
    interrupts: Interrupts,
}

/// Passes on what is said until standard input ends; `first` comes before it.
pub(super) async fn hold(conversation: Conversation, first: Option<String>, output: &Output) -> Outcome {
    let story = Story::Talk(Box::new(Talk::new(Place::Chat, [])));
    let mut pipe = Pipe {
        conversation,
        output,
        view: View::new(story, io::stderr(), output::Surface::Plain, output.err_palette),
        follow: None,
        interrupt: listen_for(SignalKind::interrupt())?,
        interrupts: Interrupts::of_talk(),
    };
    pipe.join().await?;
    let mut next = first;
    loop {
        let text = match next.take() {
            Some(text) => text,
            None => match line().await? {
                Some(text) => text,
                None => return Ok(ExitCode::SUCCESS),
            },
        };
        if !text.trim().is_empty() && !pipe.turn(text.trim()).await? {
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
}

impl Pipe<'_> {
    /// Follows the live run of a conversation that goes on, after what was said before.
    async fn join(&mut self) -> Result<(), Problem> {
        if let Some(run) = self.conversation.run {
            let last = self.conversation.client.run(run).await?.last_seq;
            self.follow = Some((run, Follow::new(self.conversation.client.clone(), run, last)));
        }
        Ok(())
    }

    /// Says something and waits for the answer; false when the person left before.
    async fn turn(&mut self, text: &str) -> Result<bool, Failure> {
        let run = self.conversation.say(text).await?;
        self.interrupts.reset();
        let client = self.conversation.client.clone();
        if self.follow.as_ref().is_none_or(|(followed, _)| *followed != run) {
            self.follow = Some((run, Follow::new(client.clone(), run, 0)));
        }
        loop {
            let Some((_, follow)) = &mut self.follow else { return Ok(true) };
            tokio::select! {
                seen = follow.next() => match seen? {
                    Some(Seen::Event(event)) => {
                        self.view.event(&event);
                        if event.kind == "turn.ended" {
                            self.answer(run, &event).await?;
                            return Ok(true);
                        }
                    }
                    Some(Seen::Delta(_)) => {}
                    Some(Seen::Away) => self.view.say(Tone::Warn, AWAY),
                    Some(Seen::Back) => self.view.say(Tone::Good, BACK),
                    None => {
                        self.follow = None;
                        return self.over().await.map(|()| true);
                    }
                },
                _ = self.interrupt.recv() => {
                    let Meaning::Cancel(level) = self.interrupts.press() else { continue };
                    interrupt(&client, run, level, &mut self.view).await;
                    if level == mainspring_api::run::Level::Kill {
                        return Ok(false);
                    }
                }
            }
        }
    }

    async fn answer(&self, run: RunId, event: &EventView) -> Result<(), Problem> {
        let field = |name: &str| event.data.get(name);
        let told = field("text").and_then(serde_json::Value::as_str).unwrap_or_default();
        let text = if told.len() > TOLD_WHOLE_MAX { self.whole(told).await? } else { told.to_owned() };
        let turn = field("turn").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let answer = Answer { session_id: self.conversation.session, run_id: run, turn, text: &text };
        match self.output.format {
            Format::Json => {
                let json = serde_json::to_string(&answer);
                output::print(&json.map_err(|error| output::unwritable("JSON", &error))?);
                Ok(())
            }
            _ => self.output.show(&answer, |_| text.clone()),
        }
    }

    /// The text of the last turn, which is told cut when it is long.
    async fn whole(&self, told: &str) -> Result<String, Problem> {
        let turns = self.conversation.turns().await?;
        let last = turns.into_iter().next_back().map(|turn| turn.text);
        Ok(last.filter(|text| text.starts_with(told)).unwrap_or_else(|| told.to_owned()))
    }

    /// The run ended before its turn did.
    async fn over(&mut self) -> Result<(), Failure> {
        let error = self.conversation.ended().await?.and_then(|run| run.error);
        Err(error.unwrap_or_else(|| Problem::new(Code::Cancelled, "the run ended before it answered")).into())
    }
}

/// The next line of standard input.
async fn line() -> Result<Option<String>, Problem> {
    let read = || {
        let mut text = String::new();
        io::stdin().read_line(&mut text).map(|length| (length > 0).then_some(text))
    };
    let line = tokio::task::spawn_blocking(read).await.expect("reading does not panic");
    line.map_err(|error| {
        Problem::new(Code::InvalidInput, "read a message from standard input").because(&error)
    })
}
