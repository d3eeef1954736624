//! What the tools on files say and do, and that nobody leaves the workspace with them.

#[path = "file_system/attacks.rs"]
mod attacks;
#[path = "file_system/bounds.rs"]
mod bounds;
#[path = "file_system/changes.rs"]
mod changes;
#[path = "file_system/looks.rs"]
mod looks;
#[path = "file_system/stage.rs"]
mod stage;
