//! Somebody who is told of attempts and does nothing.

use mainspring_boundary::{
    Pass,
    gateway::{Held, Warden},
};
use mainspring_types::Problem;

pub(super) struct Bystander;

impl Warden for Bystander {
    fn hold(&self, _: &Pass, _: Option<&Held>) {}

    fn is_cancelled(&self, _: &Pass) -> bool {
        false
    }

    fn end(&self, _: &Pass, _: Problem) {}
}
