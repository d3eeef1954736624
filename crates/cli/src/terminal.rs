//! The keyboard of a person at the terminal.
//!
//! Pure: [`key`] turns bytes into keys, [`mod@line`] keys into a line of text. [`Keyboard`] alone touches the terminal, and
//! gives it back as it was on every way out.

mod key;
mod keyboard;
mod line;

pub(crate) use key::{Key, Keys};
pub(crate) use keyboard::Keyboard;
pub(crate) use line::{Line, Pressed};
