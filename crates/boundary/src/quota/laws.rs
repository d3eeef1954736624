//! The laws of quotas.
