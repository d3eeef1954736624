//! How a program ended and what it used.

use std::time::Duration;

use mainspring_types::ByteSize;
use serde::{Deserialize, Serialize};

/// The end of a program. When it is known, nothing of the program's tree is left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exit {
    /// How the main program ended.
    pub how: How,
    /// The most memory the tree held at once; of its largest process, where there is no memory cgroup.
    pub peak_memory: Option<ByteSize>,
    /// Processor time of the tree.
    pub cpu: Duration,
    /// Whether the kernel killed a process of the tree for memory. Known only with a memory cgroup.
    pub out_of_memory: bool,
}

/// How a main program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Unknown: its supervisor was killed. The kernel kills the tree with it, which may take another moment.
    Lost,
}
