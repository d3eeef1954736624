//! One turn: from a user's message to the model's final answer, through as many steps as it takes.
//!
//! The driver takes what is [due](Turn::due), does it, and says [what happened](Turn::on), until `Finish` is due.
//! What is due depends on nothing but what a turn was begun with and what it was told: told the same in another
//! process, it asks the same, whatever the order in which parallel calls returned.
//!
//! ```text
//! begin ─> Asking ── calls ──> Calling
//!            │  ^                 │
//!            │  └── all returned ─┘
//!            └─ answer, problem, interruption ─> Over
//! ```

mod action;
mod answer;
mod failure;
mod pace;
mod round;

use std::mem;

use mainspring_agent::JsonSchema;
use mainspring_types::Problem;
use serde_json::Value;

use self::pace::{Pace, Progress};
use self::round::Round;
use super::{
    Brief, Broken, Calls, Message, ModelRequest, Role, TokenUsage, history, kit::Kit, notice,
    structure::told, window::Window,
};

pub use action::{
    Action, Ending, Happening, ParsePositionError, Position, Remark, RemarkKind, ToolCall, ToolOutcome,
    TurnEnd,
};

/// How often a model is asked again for an answer that broke off.
const RETRIES_MAX: u32 = 3;

/// A turn under way.
#[derive(Debug)]
pub struct Turn {
    brief: Brief,
    kit: Kit,
    schema: Option<JsonSchema>,
    number: u32,
    /// The history, made valid, then what this turn adds.
    conversation: Vec<Message>,
    /// Where what this turn adds begins.
    began: usize,
    window: Window,
    phase: Phase,
    due: Vec<Action>,
    /// The step that was asked last, from 1.
    step: u32,
    pace: Pace,
    slips: Slips,
    usage: TokenUsage,
    tools: u32,
}

/// What a turn waits for.
#[derive(Debug)]
enum Phase {
    /// The answer to the last step, asked for the `tries`th time.
    Asking { tries: u32 },
    /// The results of its calls.
    Calling(Round),
    /// Nothing any more.
    Over,
}

/// What went wrong with answers and was asked for again.
#[derive(Debug, Default)]
struct Slips {
    /// Empty answers in a row.
    empty: u32,
    /// Answers not valid against the schema.
    invalid: u32,
    /// The answer that was cut off, when the last one was.
    cut_off: Option<String>,
    /// Whether the provider already said that a request was too long.
    too_long: bool,
}

impl Turn {
    /// Begins turn `number` of a session: what it was told, what it said and did so far, and the messages to answer.
    ///
    /// The history is what the turns before it added, in order. It may have been cut off anywhere.
    pub fn begin(mut brief: Brief, history: Vec<Message>, number: u32, incoming: Vec<Message>) -> Self {
        let (kit, left_out) = Kit::of(mem::take(&mut brief.tools));
        let mut conversation = history::valid(history, brief.history_turns);
        let began = conversation.len();
        conversation.extend(incoming.into_iter().map(|message| Message { role: Role::User, ..message }));
        let schema = brief.output.as_ref().map(JsonSchema::read).transpose();
        let mut turn = Self {
            window: Window::of(&brief.bounds, &bare(&brief, &kit)),
            pace: Pace::of(brief.bounds.repeats),
            schema: None,
            phase: Phase::Over,
            due: Vec::new(),
            step: 0,
            slips: Slips::default(),
            usage: TokenUsage::default(),
            tools: 0,
            brief,
            kit,
            number,
            conversation,
            began,
        };
        for message in left_out {
            turn.remark(RemarkKind::Tool, message);
        }
        match schema {
            Err(wrong) => turn.fail(failure::wrong_schema(&told(&wrong).join("; "))),
            Ok(_) if turn.conversation.is_empty() => turn.fail(failure::nothing_asked()),
            Ok(schema) => {
                turn.schema = schema;
                turn.ask();
            }
        }
        turn
    }

    /// What is due and was not handed out before.
    pub fn due(&mut self) -> Vec<Action> {
        let mut due = mem::take(&mut self.due);
        if let Phase::Calling(round) = &mut self.phase {
            let calls = round.begin(self.brief.bounds.parallel_tools as usize);
            let made = calls.iter().filter(|action| matches!(action, Action::Call { .. })).count();
            self.tools += u32::try_from(made).unwrap_or(u32::MAX);
            due.extend(calls);
        }
        due
    }

    /// Takes in what happened. What nobody waits for, such as the answer to an interrupted question, changes nothing.
    pub fn on(&mut self, happening: Happening) {
        match (happening, &mut self.phase) {
            (Happening::Answered { step, answer }, Phase::Asking { tries }) if step == self.step => {
                let tries = *tries;
                match answer {
                    Ok(answer) => self.answered(answer),
                    Err(broken) => self.broken(&broken, tries),
                }
            }
            (Happening::Returned { position, outcome }, Phase::Calling(round)) => {
                round.returned(position, outcome);
                self.go_on();
            }
            (Happening::Interrupted, Phase::Asking { .. } | Phase::Calling(_)) => self.interrupt(),
            (Happening::Failed(problem), Phase::Asking { .. } | Phase::Calling(_)) => {
                self.answer_calls(&notice::out_of_time());
                self.fail(problem);
            }
            _ => {}
        }
    }

    /// Asks the next step; the last one may only wrap up.
    fn ask(&mut self) {
        let steps = self.brief.bounds.steps;
        if self.step > steps {
            return self.fail(failure::out_of_steps(steps));
        }
        if self.step == steps {
            self.remark(
                RemarkKind::Steps,
                format!("all {steps} model calls of the turn are used: the model is asked to wrap up"),
            );
            self.conversation.push(notice::wrap_up(steps));
        }
        self.step += 1;
        self.send(1);
    }

    /// Puts the step's question, for the `tries`th time.
    fn send(&mut self, tries: u32) {
        let (messages, left_out) = self.window.fit(&self.conversation, self.began);
        if let Some(left_out) = left_out {
            self.remark(RemarkKind::Context, left_out);
        }
        let request = ModelRequest { messages, calls: self.calls(), ..bare(&self.brief, &self.kit) };
        self.due.push(Action::Ask { step: self.step, request: Box::new(request) });
        self.phase = Phase::Asking { tries };
    }

    /// Whether the answer to the last step may call tools.
    fn calls(&self) -> Calls {
        if self.step > self.brief.bounds.steps { Calls::Forbidden } else { Calls::Allowed }
    }

    fn broken(&mut self, broken: &Broken, tries: u32) {
        let first_too_long = failure::is_too_long(broken) && !mem::replace(&mut self.slips.too_long, true);
        if first_too_long && let Some(left_out) = self.window.tighten(&self.conversation, self.began) {
            self.remark(RemarkKind::Context, left_out);
            return self.send(tries);
        }
        let again = matches!(broken, Broken::Truncated | Broken::Malformed { .. });
        if !again || tries > RETRIES_MAX {
            return self.fail(failure::unanswered(broken, tries));
        }
        self.remark(RemarkKind::Retry, format!("{broken}: the model is asked again"));
        self.send(tries + 1);
    }

    /// Asks the model when all calls have returned.
    fn go_on(&mut self) {
        let Phase::Calling(round) = &mut self.phase else { return };
        if !round.is_done() {
            return;
        }
        let mut results = round.results();
        let progress = self.pace.note(&results);
        if let (Progress::Repeating { times, calls }, Some((_, last))) = (&progress, results.last_mut()) {
            last.text.push_str(&notice::repeating(*times));
            self.remark(
                RemarkKind::Repetition,
                format!("{calls}: {times} times in a row with the same result"),
            );
        }
        self.conversation.push(round::message(results));
        match progress {
            Progress::Stuck { times, calls } => self.fail(failure::stuck(times, &calls)),
            Progress::Moving | Progress::Repeating { .. } => self.ask(),
        }
    }

    fn interrupt(&mut self) {
        self.answer_calls(&notice::interrupted());
        let text = self.last_words();
        self.finish(text.clone(), Value::String(text), Ending::Interrupted);
    }

    /// Answers the calls that have no result yet with these words: a session keeps none without an answer.
    fn answer_calls(&mut self, words: &str) {
        if let Phase::Calling(round) = &mut self.phase {
            round.break_off(words);
            let results = round.results();
            self.conversation.push(round::message(results));
        }
    }

    fn fail(&mut self, problem: Problem) {
        let text = self.last_words();
        self.finish(text.clone(), Value::String(text), Ending::Failed(problem));
    }

    fn finish(&mut self, text: String, output: Value, ending: Ending) {
        self.phase = Phase::Over;
        // What was not handed out yet is not due any more.
        self.due.retain(|action| matches!(action, Action::Remark(_)));
        let messages = self.conversation.split_off(self.began);
        let (usage, steps, tools) = (self.usage, self.step, self.tools);
        self.due.push(Action::Finish(Box::new(TurnEnd {
            messages,
            text,
            output,
            ending,
            usage,
            steps,
            tools,
        })));
    }

    fn remark(&mut self, kind: RemarkKind, message: String) {
        self.due.push(Action::Remark(Remark { kind, message }));
    }

    /// What the model said last in this turn, if it said anything.
    fn last_words(&self) -> String {
        let said = self.conversation[self.began..].iter().filter(|message| message.role == Role::Assistant);
        said.map(Message::plain).rfind(|text| !text.trim().is_empty()).unwrap_or_default()
    }
}

/// A request without a conversation.
fn bare(brief: &Brief, kit: &Kit) -> ModelRequest {
    ModelRequest {
        model: brief.model.clone(),
        instructions: brief.told(),
        messages: Vec::new(),
        tools: kit.specs(),
        calls: Calls::Allowed,
        options: brief.options,
        output: brief.output.clone(),
    }
}
