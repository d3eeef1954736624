//! An agent whose tree holds a package that builds itself with nothing but Python, and a folder of environments.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use mainspring_agent::{InstallCommand, Requirements};
use mainspring_types::{Hash, Problem};
use mainspring_worker::environment::{Environment, Environments, Progress, Settings, ToolChoice};
use tempfile::TempDir;

/// Says that the test is skipped where `$need` is `None`; in CI that is a failure.
macro_rules! need_or_skip {
    ($need:expr, $what:literal) => {
        match $need {
            Some(found) => found,
            None if std::env::var_os("CI").is_some() => panic!("{} not found", $what),
            None => {
                let name = std::thread::current().name().unwrap_or("test").to_owned();
                std::io::Write::write_all(
                    &mut std::io::stderr(),
                    format!("SKIPPED {name}: {} not found\n", $what).as_bytes(),
                )
                .expect("standard error is open");
                return;
            }
        }
    };
}
pub(crate) use need_or_skip;

/// A build backend that needs nothing. It writes a line to `LOG` for each build, then runs `HOOK`.
const BACKEND: &str = r#"
import os, time, zipfile

LOG = {log}

def wheel(directory, files):
    with open(LOG, "a") as log:
        log.write("built\n")
    exec({hook}, globals())
    name = "pkg-1.0-py3-none-any.whl"
    info = "pkg-1.0.dist-info/"
    files[info + "METADATA"] = "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n"
    files[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[info + "RECORD"] = "".join(f + ",,\n" for f in [*files, info + "RECORD"])
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return name

def build_wheel(directory, settings=None, metadata=None):
    return wheel(directory, {"pkg/__init__.py": "ANSWER = 42\n"})

def build_editable(directory, settings=None, metadata=None):
    return wheel(directory, {"pkg.pth": os.getcwd() + "\n"})
"#;

const PROJECT: &str = r#"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "pkg"
version = "1.0"
"#;

/// An agent's tree, and the folder of environments beside it.
pub(crate) struct Bench {
    root: PathBuf,
    _kept: Option<TempDir>,
}

impl Bench {
    /// A bench whose package runs `hook` while it is built.
    pub(crate) fn new(hook: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bench = Self { root: folder.path().to_owned(), _kept: Some(folder) };
        let backend = BACKEND
            .replace("{log}", &format!("'{}'", bench.log().display()))
            .replace("{hook}", &format!("{hook:?}"));
        bench.write("agent/pyproject.toml", PROJECT);
        bench.write("agent/backend.py", &backend);
        bench.write("agent/pkg/__init__.py", "ANSWER = 42\n");
        bench
    }

    /// A bench that another process made and keeps.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root, _kept: None }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Writes a file that can be run.
    pub(crate) fn program(&self, name: &str, text: &str) -> PathBuf {
        self.write(name, text);
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("can be run");
        path
    }

    pub(crate) fn agent(&self) -> PathBuf {
        self.path("agent")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path("builds.log")
    }

    /// How often the package was built.
    pub(crate) fn builds(&self) -> usize {
        fs::read_to_string(self.log()).unwrap_or_default().lines().count()
    }

    pub(crate) fn environments(&self, settings: Settings) -> Environments {
        Environments::new(&self.path("envs"), settings)
    }

    /// Prepares without looking at the progress.
    pub(crate) async fn prepare(
        &self,
        envs: &Environments,
        wanted: &Requirements,
    ) -> Result<Environment, Problem> {
        envs.prepare(wanted, &self.agent(), Hash::of(b"tree"), |_| {}).await
    }

    /// Prepares, and gives the reports too.
    pub(crate) async fn watch(&self, envs: &Environments, wanted: &Requirements) -> Vec<Progress> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&seen);
        let note = move |progress| all.lock().expect("no panic").push(progress);
        envs.prepare(wanted, &self.agent(), Hash::of(b"tree"), note).await.expect("an environment");
        let seen = seen.lock().expect("no panic");
        seen.clone()
    }

    /// The processes that still build an environment of this bench.
    pub(crate) fn builders(&self) -> Vec<String> {
        let mark = format!("MAINSPRING_ENVIRONMENT={}", self.path("envs").display());
        let processes = fs::read_dir("/proc").expect("a process table").flatten();
        let carries = |folder: &Path| {
            let environment = fs::read(folder.join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).split('\0').any(|each| each.starts_with(&mark))
        };
        processes
            .filter(|entry| carries(&entry.path()))
            .map(|entry| {
                fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default().replace('\0', " ")
            })
            .collect()
    }
}

/// Requirements with these install commands.
pub(crate) fn commands(lines: &[&str]) -> Requirements {
    let commands = lines.iter().map(|line| InstallCommand::parse(line).expect(line)).collect();
    Requirements { commands, ..Requirements::default() }
}

/// Settings for pip, on this machine and away from every index.
pub(crate) fn pip() -> Settings {
    let away = [("PIP_NO_INDEX", "1"), ("UV_OFFLINE", "1")];
    let mut settings = Settings { tool: ToolChoice::Pip, ..Settings::from_env() };
    settings.machine.passed_on = away.map(|(name, value)| (name.into(), value.into())).to_vec();
    settings
}

/// Settings for uv, where there is one.
pub(crate) fn uv() -> Option<Settings> {
    let named = env::var_os("MAINSPRING_UV").map(PathBuf::from);
    let in_path = || {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).map(|folder| folder.join("uv")).find(|uv| {
            // A shim of pyenv is a file too, and works only sometimes.
            Command::new(uv).arg("--version").output().is_ok_and(|output| output.status.success())
        })
    };
    let uv = named.or_else(in_path)?;
    Some(Settings { tool: ToolChoice::Uv(uv), ..pip() })
}

/// The Python of this machine, whichever it is.
pub(crate) fn python_program() -> Command {
    Command::new("python3")
}

/// Settings for whichever is there and faster, where the tool makes no difference.
pub(crate) fn any_tool() -> Settings {
    uv().unwrap_or_else(pip)
}

/// What the environment's interpreter prints for `code`.
pub(crate) fn python(environment: &Environment, code: &str) -> String {
    let output = Command::new(&environment.python).args(["-I", "-c", code]).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Passes one more variable on to install commands.
pub(crate) fn pass(settings: &mut Settings, name: &str, value: impl Into<OsString>) {
    settings.machine.passed_on.push((name.into(), value.into()));
}
