//! What the tests share: launchers, programs and a look at the process table.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::{Duration, Instant},
};

use mainspring_sandbox::{Child, Exit, Facility, How, Launcher, Spec};
use tokio::io::AsyncReadExt;

/// Overrides the supervisor, for the run as another user.
pub(crate) const SUPERVISOR: &str = "MAINSPRING_TEST_SUPERVISOR";
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

pub(crate) fn supervisor() -> PathBuf {
    env::var_os(SUPERVISOR).map_or_else(|| env!("CARGO_BIN_EXE_mainspring-supervise").into(), PathBuf::from)
}

/// A launcher with all this machine gives, and one without namespaces.
pub(crate) fn launchers() -> [Launcher; 2] {
    static FULL: LazyLock<Launcher> = LazyLock::new(|| Launcher::probe(supervisor()));
    [FULL.clone(), FULL.clone().without(Facility::Namespaces)]
}

pub(crate) fn program(argv: &[&str]) -> Spec {
    Spec {
        argv: argv.iter().map(Into::into).collect(),
        cwd: "/".into(),
        env: [("PATH".into(), PATH.into())].into(),
        ..Spec::default()
    }
}

pub(crate) fn sh(script: &str) -> Spec {
    program(&["sh", "-c", script])
}

pub(crate) fn python(script: &str) -> Spec {
    program(&["python3", "-c", script])
}

pub(crate) async fn start(launcher: &Launcher, spec: Spec) -> Child {
    launcher.start(spec).await.expect("the program starts")
}

/// Runs a program to its end, with what it wrote.
pub(crate) async fn run(launcher: &Launcher, spec: Spec) -> (Exit, String) {
    let mut child = start(launcher, spec).await;
    let (mut out, mut err) = (String::new(), String::new());
    let (mut stdout, mut stderr) =
        (child.stdout.take().expect("taken once"), child.stderr.take().expect("taken once"));
    let (read, complained) = tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
    read.and(complained).expect("output is text");
    let exit = child.wait().await;
    assert!(exit.how != How::Lost, "{err}");
    (exit, out + &err)
}

/// Reads until the program has written `word`.
pub(crate) async fn until(child: &mut Child, word: &str) {
    let mut seen = Vec::new();
    let stdout = child.stdout.as_mut().expect("not taken");
    while !String::from_utf8_lossy(&seen).contains(word) {
        let read = stdout.read_buf(&mut seen).await.expect("a pipe can be read");
        assert!(read > 0, "ended before `{word}`: {}", String::from_utf8_lossy(&seen));
    }
}

/// Ids of living processes with `marker` among their arguments.
pub(crate) fn marked(marker: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let is_marked = |path: &Path| {
        let arguments = fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&arguments).contains(marker)
    };
    entries.filter(|e| is_marked(&e.path())).map(|e| e.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits until no process has the marker; nothing reports the end of another process's tree.
pub(crate) fn assert_all_die(marker: &str) {
    let deadline = Instant::now() + Duration::from_secs(2);
    while !marked(marker).is_empty() {
        assert!(Instant::now() < deadline, "still alive: {:?}", marked(marker));
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn unique(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
