//! Somebody who is told of attempts and does nothing.

use mainspring_boundary::{
    Pass,
    gateway::{Held, Order, Warden},
};
use mainspring_types::Problem;

pub(super) struct Bystander;

impl Warden for Bystander {
    fn hold(&self, _: &Pass, _: Option<&Held>) {}

    fn order(&self, _: &Pass) -> Order {
        Order::GoOn
    }

    fn end(&self, _: &Pass, _: Problem) {}
}
