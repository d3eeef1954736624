//! Clears up after a test process that is killed before it can do so itself.

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Kills whatever has the folder in its command line or environment, and removes the folder.
///
/// The folder's path comes over standard input: in its own command line it would make the guard one of the processes.
const CLEAR: &str = r#"
read -r folder
read -r word && [ "$word" = done ] && exit
for process in /proc/[0-9]*; do
    grep -aqsF "$folder" "$process/cmdline" "$process/environ" && kill -9 "${process#/proc/}"
done
rm -rf "$folder"
"#;

/// A shell that waits for the end of this process or of this value.
pub(super) struct Guard(Child);

impl Guard {
    /// Watches over the processes of `folder`.
    pub(super) fn over(folder: &Path) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", CLEAR])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C on the tests must not take away what clears up after them.
            .process_group(0)
            .spawn()
            .expect("every machine has `sh`");
        let input = shell.stdin.as_mut().expect("its input is piped");
        writeln!(input, "{}", folder.display()).expect("it reads");
        Self(shell)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            // A guard that is gone needs no telling.
            let _ = input.write_all(b"done\n");
        }
        let _ = self.0.wait();
    }
}
