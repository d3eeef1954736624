//! A simulated storm.
