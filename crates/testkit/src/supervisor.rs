//! A shell that outlives the test process for as long as it takes to clean up after it.
//!
//! The kernel's parent-death signal would not do: it follows the thread that made the child, and tests run in
//! threads of their own. The end of a pipe follows the process, however it dies.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

/// A running script whose standard input ends when this value is dropped or this process is gone.
#[derive(Debug)]
pub(crate) struct Supervisor(Child);

impl Supervisor {
    /// Runs `script` by `sh` with the arguments as `$1` and on. It is to wait with `read _`, clean up and end.
    pub(crate) fn start<A: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) -> Supervisor {
        let shell = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // A group of its own: Ctrl-C on the tests must not take away what cleans up after them.
            .process_group(0)
            .spawn()
            .expect("every machine has `sh`");
        Supervisor(shell)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_script_has_cleaned_up_once_the_value_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("left over");
        fs::write(&file, "").expect("write");
        let supervisor = Supervisor::start(r#"read _; rm "$1""#, [&file]);
        assert!(file.exists());
        drop(supervisor);
        assert!(!file.exists());
    }
}
