//! Conversations with real tools, a model that follows a script, and a line to a control plane that lives in the test.

#[path = "converse/stage.rs"]
mod stage;

#[path = "converse/calls.rs"]
mod calls;
#[path = "converse/ending.rs"]
mod ending;
#[path = "converse/leaving.rs"]
mod leaving;
#[path = "converse/secrets.rs"]
mod secrets;
#[path = "converse/speech.rs"]
mod speech;
#[path = "converse/turns.rs"]
mod turns;
