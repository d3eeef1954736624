//! The real binary: what it prints, how it exits and what it leaves behind. Each test has a home of its own.

mod agents;
mod attended;
mod calls;
mod demo;
mod examples;
mod help;
mod home;
mod problems;
mod programs;
mod runs;
