//! The store against real disks, real databases and simulated power loss.

mod full_disk;
mod notebook;
mod opening;
mod plans;
mod power_loss;
mod statements;
mod writing;
