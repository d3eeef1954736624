//! What a turn asks of the world, what it is told, and how it ends.

use std::{fmt, str::FromStr};

use mainspring_types::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::default::{Broken, Message, ModelAnswer, ModelRequest, TokenUsage};

/// Something that is due.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Ask the model, and report with [`Happening::Answered`]. The same step may be asked again.
    Ask {
        /// The step, from 1.
        step: u32,
        /// The question.
        request: Box<ModelRequest>,
    },
    /// Call a tool, and report with [`Happening::Returned`]. Several may be under way.
    Call {
        /// The call's place, which is the same in every replay.
        position: Position,
        /// The call; its tool exists and its arguments are valid.
        call: ToolCall,
    },
    /// Write down that a call was asked for which the agent has no tool for, and report with [`Happening::Returned`].
    Refuse {
        /// The call's place, which is the same in every replay.
        position: Position,
        /// The call.
        call: ToolCall,
        /// Why it is not made, as the model is told.
        why: String,
    },
    /// Something people should see. Nothing is reported back.
    Remark(Remark),
    /// The turn is over, and nothing follows.
    Finish(Box<TurnEnd>),
}

/// What became of an action, or what a person wants.
#[derive(Clone, PartialEq, Debug)]
pub enum Happening {
    /// The model answered, or did not.
    Answered {
        /// The step that was asked.
        step: u32,
        /// Its whole answer.
        answer: Result<ModelAnswer, Broken>,
    },
    /// A tool returned, or was refused.
    Returned {
        /// The call's place.
        position: Position,
        /// What came of it.
        outcome: ToolOutcome,
    },
    /// A person wants the turn to end here.
    Interrupted,
    /// The turn cannot go on, such as when its time is over.
    Failed(Problem),
}

/// The place of a tool call in its session: turn, step and call, written `TURN.STEP.CALL`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// The turn, as [`Turn::begin`](super::Turn::begin) was told.
    pub turn: u32,
    /// The step of the turn, from 1.
    pub step: u32,
    /// The call among those of the step's answer, from 1.
    pub index: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.turn, self.step, self.index)
    }
}

/// The text is no place of a tool call.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is no position; write it as TURN.STEP.CALL, such as 1.2.1")]
pub struct ParsePositionError {
    text: String,
}

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let numbers: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[turn, step, index]) => Ok(Self { turn, step, index }),
            _ => Err(ParsePositionError { text: text.to_owned() }),
        }
    }
}

/// A call of a tool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolCall {
    /// The call's name in the conversation.
    pub id: String,
    /// The tool.
    pub name: String,
    /// An object.
    pub arguments: Value,
}

/// What came of a tool call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolOutcome {
    /// What the tool said, whole; the model sees no more of it than the bounds allow.
    pub text: String,
    /// Whether it is the report of a failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
}

impl ToolOutcome {
    /// A failure's report.
    pub fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), error: true }
    }
}

/// Something that happened inside the loop, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remark {
    /// What it is about.
    pub kind: RemarkKind,
    /// A sentence.
    pub message: String,
}

/// What a remark is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RemarkKind {
    /// Something was left out of the conversation so that it fits the model.
    Context,
    /// A call was answered without its tool, since it was wrong.
    Call,
    /// The same calls came to the same results again.
    Repetition,
    /// The model is asked again, since its answer broke off, was cut off, was empty or not what was asked for.
    Retry,
    /// The model is asked to wrap up.
    Steps,
    /// A tool is kept from the model.
    Tool,
}

impl RemarkKind {
    /// The word for it in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Call => "call",
            Self::Repetition => "repetition",
            Self::Retry => "retry",
            Self::Steps => "steps",
            Self::Tool => "tool",
        }
    }
}

/// A turn from its end.
#[derive(Clone, PartialEq, Debug)]
pub struct TurnEnd {
    /// What the turn added to the conversation, whole and with a result for every call: what the session keeps.
    pub messages: Vec<Message>,
    /// The final answer; of a turn that ended otherwise, the last words the model said in it.
    pub text: String,
    /// The final answer as a value: the document its schema describes, else the text.
    pub output: Value,
    /// How it ended.
    pub ending: Ending,
    /// What its answers took, together.
    pub usage: TokenUsage,
    /// Answers the model was asked for, those asked again counted once.
    pub steps: u32,
    /// Calls that were handed to tools.
    pub tools: u32,
}

/// How a turn ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Ending {
    /// With an answer.
    Ended,
    /// By a person.
    Interrupted,
    /// With a problem.
    Failed(Problem),
}
