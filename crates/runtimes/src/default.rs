//! The default runtime: our own loop over a model and its tools, as a value that is asked what is due.
//!
//! Nothing here waits, reads a clock or draws a random number. The same history and the same answers lead to requests
//! that are equal to the byte, which is what lets a restarted attempt replay its model calls from the journal.

pub mod wire;

mod brief;
mod history;
mod kit;
mod message;
mod model;
mod notice;
mod outcome;
mod structure;
mod turn;
mod window;

pub use mainspring_agent::{Bounds, ModelOptions, Thinking as Effort};

pub use brief::Brief;
pub use message::{Message, Part, Role};
pub use model::{Broken, Calls, Delta, ModelAnswer, ModelRequest, Stop, TokenUsage, ToolSpec};
pub use outcome::outcome;
pub use turn::{
    Action, Ending, Happening, ParsePositionError, Position, Remark, RemarkKind, ToolCall, ToolOutcome, Turn,
    TurnEnd,
};
