//! The governor on a paused clock.
