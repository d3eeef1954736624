//! Environments of package agents, built for real by pip and, where it is installed, by uv. No test uses the network.

#[path = "environment/bounds.rs"]
mod bounds;
#[path = "environment/fixture.rs"]
mod fixture;
#[path = "environment/index.rs"]
mod index;
#[path = "environment/kill.rs"]
mod kill;
#[path = "environment/sharing.rs"]
mod sharing;
#[path = "environment/warm.rs"]
mod warm;
#[path = "environment/what.rs"]
mod what;
