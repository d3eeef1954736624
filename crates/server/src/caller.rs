//! Who asks, and what they may name.

use mainspring_types::TenantId;

/// On whose behalf an operation is asked for.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant whose runs are meant.
    pub tenant: TenantId,
    /// The name of the key or user, for the record.
    pub name: String,
    /// Whether agents may be named by a path of this machine.
    pub paths: Paths,
}

/// Whether agents may be named by a path of this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paths {
    /// They may: the caller is on this machine.
    Taken,
    /// They may not: the server listens beyond loopback.
    Refused,
}
