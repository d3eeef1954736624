//! A home with nothing in it, and the binary run there.

use std::{
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A folder that is home, data folder and place for temporary files at once, and gone with the value.
pub(crate) struct Home {
    root: TempDir,
}

/// What a command printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { root: tempfile::tempdir().expect("a folder") };
        fs::create_dir(home.path("tmp")).expect("a folder");
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file that programs may be started from.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("within the home")).expect("a folder");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        path.display().to_string()
    }

    /// Writes the settings of the data folder.
    pub(crate) fn configure(&self, text: &str) {
        self.write("data/config.toml", text);
        fs::set_permissions(self.path("data"), fs::Permissions::from_mode(0o700)).expect("closed");
    }

    /// A package with the methods `add` and `fail`, and its path.
    pub(crate) fn package(&self) -> String {
        self.write("calc/agent.py", include_str!("calc/agent.py"));
        self.write("calc/agent.yaml", include_str!("calc/agent.yaml"));
        self.path("calc").display().to_string()
    }

    /// A program that says that it is there and then waits until the file `go` is in the home, and its path.
    pub(crate) fn waiter(&self) -> String {
        let go = self.path("go").display().to_string();
        let wait =
            "import json, os, sys, time\njson.load(sys.stdin)\nprint('waiting', file=sys.stderr, flush=True)";
        let text = format!(
            "#!/usr/bin/env python3\n{wait}\nwhile not os.path.exists({go:?}): time.sleep(0.02)\nprint('gone on')\n"
        );
        self.write("waiter", &text)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainspring"));
        command.args(arguments).current_dir(self.root.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "COLUMNS", "TERM", "MAINSPRING_LOG", "MAINSPRING_SLOTS", "MAINSPRING_LISTEN"]
        {
            command.env_remove(name);
        }
        command.env("HOME", self.root.path()).env("TMPDIR", self.path("tmp"));
        command.env("MAINSPRING_HOME", self.path("data"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Starts the binary with both streams held open.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs"))
    }

    /// Compares a text with its snapshot, after what differs from run to run has been named.
    pub(crate) fn settings(&self) -> insta::Settings {
        let mut settings = insta::Settings::clone_current();
        let root = fs::canonicalize(self.root.path()).expect("it is there");
        settings.add_filter(&escaped(&root), "HOME");
        settings.add_filter(&escaped(self.root.path()), "HOME");
        settings.add_filter("run_[0-9a-z]{26}", "RUN");
        settings.add_filter("eff_[0-9a-z]{26}", "EFFECT");
        settings.add_filter("[0-9a-f]{12}  RUN", "VERSION  RUN");
        settings.add_filter("@ [0-9a-f]{12}", "@ VERSION");
        settings.add_filter("files +[0-9a-f]{12}", "files        VERSION");
        settings.add_filter(r"(?m)^  isolation .*$", "  isolation  ...");
        settings.add_filter(r"since \d{4}-[^)]+", "since DATE");
        settings.add_filter(r"(?m)^\d\d:\d\d:\d\d\.\d{3}", "CLOCK");
        settings.add_filter(r" +\d+(\.\d)? (ms|s)\b", " TIME");
        settings.add_filter(r"\d+\.\d [kM]B", "SIZE");
        settings.add_filter(r"\d+-\d\d-\d\d \d\d:\d\d:\d\d UTC", "DATE");
        settings.add_filter(r"TIME ago|\(now\)|now,", "AGO");
        settings
    }
}

fn escaped(path: &Path) -> String {
    path.display().to_string().replace('.', r"\.")
}

/// A command that goes on.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).expect("a process number")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).expect("not zero"), signal).expect("it lives");
    }

    /// Reads standard error until it holds `text`.
    pub(crate) fn await_stderr(&mut self, text: &str) -> String {
        read_until(self.0.stderr.as_mut().expect("piped"), text)
    }

    /// Reads standard output until it holds `text`.
    pub(crate) fn await_stdout(&mut self, text: &str) -> String {
        read_until(self.0.stdout.as_mut().expect("piped"), text)
    }

    /// What it prints from here on, and how it ends.
    pub(crate) fn end(mut self) -> Ran {
        let mut ran = Ran { code: None, stdout: String::new(), stderr: String::new() };
        let (mut out, mut err) = (self.0.stdout.take().expect("piped"), self.0.stderr.take().expect("piped"));
        // Neither stream holds more than a pipe takes, so one after the other does not block.
        err.read_to_string(&mut ran.stderr).expect("text");
        out.read_to_string(&mut ran.stdout).expect("text");
        ran.code = self.0.wait().expect("it ends").code();
        ran
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read_until(stream: &mut impl Read, text: &str) -> String {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&seen).contains(text) {
        let read = stream.read(&mut byte).expect("the stream is open");
        assert_ne!(read, 0, "`{text}` was never said, but: {}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 seconds: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
