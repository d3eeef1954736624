//! `setup`: installs what checks and tests need and this machine lacks. Run again, it changes nothing.
//!
//! What cannot be installed is named with what goes untested for it; where `CI` is set that is a failure.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    step::{Failure, finish, say, step},
    tools,
    workspace::{cargo, root},
};

/// The version this project's environments are tested with.
const UV_VERSION: &str = "0.13.8";

/// The versions of the providers' Python clients that tests drive, whole with what they need.
const CLIENTS: &str = "crates/testkit/clients.txt";

/// The versions of the MCP servers that tests start, whole with what they need.
const MCP_SERVERS: &str = "crates/testkit/mcp_servers";

/// The oldest `cargo-deny` that reads our `deny.toml`.
const DENY_VERSION: (u32, u32, u32) = (0, 20, 2);

/// Installs all of it.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    for_tests()?;
    for_checks()
}

/// What tests need: Postgres, uv, the providers' Python clients and MCP servers.
pub(crate) fn for_tests() -> Result<(), Failure> {
    step("setup PostgreSQL", postgres)?;
    step("setup uv", uv)?;
    step("setup Python clients", clients)?;
    step("setup MCP servers", mcp_servers)
}

/// What checks need: cargo-deny. It is apart because it takes minutes to build and no test uses it.
pub(crate) fn for_checks() -> Result<(), Failure> {
    step("setup cargo-deny", deny)
}

fn postgres() -> Result<(), Failure> {
    if tools::has_postgres() {
        return Ok(());
    }
    if let Some(obstacle) = no_apt() {
        return unmet(&format!("PostgreSQL is not installed and {obstacle}"), "the store on PostgreSQL");
    }
    apt_install("postgresql")?;
    if tools::has_postgres() {
        return Ok(());
    }
    Err(Failure::new("apt installed `postgresql`, and there is no `initdb`", "install PostgreSQL by hand"))
}

fn uv() -> Result<(), Failure> {
    if tools::uv().is_some() {
        return Ok(());
    }
    let python = python()?;
    let folder = tools::folder().join("uv");
    if virtual_environment(&python, &folder).is_err() {
        if no_apt().is_none() {
            // Debian packs the part of Python that makes virtual environments on its own.
            apt_install("python3-venv")?;
        }
        virtual_environment(&python, &folder)?;
    }
    let package = format!("uv=={UV_VERSION}");
    let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package];
    finish("install uv", Command::new(folder.join("bin/python")).args(arguments))
}

/// Downloads the wheels of [`CLIENTS`]; the list beside them, written last, says that all are there.
fn clients() -> Result<(), Failure> {
    let wheels = tools::folder().join("wheels");
    let wanted = root().join(CLIENTS);
    let read = |path: &Path| fs::read_to_string(path).ok();
    if read(&wheels.join("clients.txt")).is_some_and(|had| Some(had) == read(&wanted)) {
        return Ok(());
    }
    let python = python()?;
    let arguments = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    let binary = ["--only-binary", ":all:", "--requirement"];
    let mut download = Command::new(python);
    let download = download.args(arguments).args(binary).arg(&wanted).arg("--dest").arg(&wheels);
    if finish("download them", download).is_err() {
        return unmet("The providers' Python clients cannot be downloaded", "agents that use them");
    }
    let unwritten =
        |error| Failure::new(format!("write `{}`: {error}", wheels.display()), "is there room on the disk?");
    fs::copy(&wanted, wheels.join("clients.txt")).map(drop).map_err(unwritten)
}

/// Installs the packages of [`MCP_SERVERS`]; the copy of their lock file, written last, says that all are there.
fn mcp_servers() -> Result<(), Failure> {
    let (wanted, folder) = (root().join(MCP_SERVERS), tools::folder().join("mcp_servers"));
    let lock = wanted.join("package-lock.json");
    let read = |path: &Path| fs::read_to_string(path).ok();
    if read(&folder.join("installed.json")).is_some_and(|had| Some(had) == read(&lock)) {
        return Ok(());
    }
    let skipped = "MCP against real servers";
    let Some(npm) = tools::on_path("npm") else {
        return unmet("There is no `npm` on the path, which comes with Node.js 20 or newer", skipped);
    };
    let unwritten =
        |error| Failure::new(format!("write `{}`: {error}", folder.display()), "is there room on the disk?");
    fs::create_dir_all(&folder).map_err(unwritten)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(wanted.join(file), folder.join(file)).map_err(unwritten)?;
    }
    // No package runs a script of its own while it is installed.
    let arguments = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"];
    if finish("install them", Command::new(npm).args(arguments).arg(&folder)).is_err() {
        return unmet("The MCP servers cannot be installed from npm", skipped);
    }
    fs::copy(&lock, folder.join("installed.json")).map(drop).map_err(unwritten)
}

fn python() -> Result<PathBuf, Failure> {
    tools::on_path("python3")
        .ok_or_else(|| Failure::new("there is no `python3` on the path", "install Python 3.9 or newer"))
}

/// Makes a virtual environment with pip: this works where the system's own packages are sealed (PEP 668) and under
/// pyenv alike.
fn virtual_environment(python: &Path, folder: &Path) -> Result<(), Failure> {
    finish("make a virtual environment", Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))
}

fn deny() -> Result<(), Failure> {
    if deny_version().is_some_and(|found| found >= DENY_VERSION) {
        return Ok(());
    }
    let (major, minor, patch) = DENY_VERSION;
    let version = format!("{major}.{minor}.{patch}");
    say(&format!("    building cargo-deny {version}, which takes some minutes"));
    finish("install cargo-deny", &mut cargo(["install", "--locked", "cargo-deny", "--version", &version]))
}

/// The version of the `cargo deny` that is there.
fn deny_version() -> Option<(u32, u32, u32)> {
    let output = cargo(["deny", "--version"]).output().ok().filter(|output| output.status.success())?;
    read_version(&String::from_utf8(output.stdout).ok()?)
}

/// Reads `cargo-deny 0.20.2`.
fn read_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

/// Why apt cannot be used here; `None` when it can.
fn no_apt() -> Option<&'static str> {
    if tools::on_path("apt-get").is_none() {
        return Some("this system has no apt-get");
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    (!root).then_some("apt-get needs root")
}

fn apt_install(package: &str) -> Result<(), Failure> {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    finish("apt-get update", &mut apt(&["update", "-qq"]))?;
    finish("apt-get install", &mut apt(&["install", "-qq", "-y", "--no-install-recommends", package]))
}

/// Says what will be skipped; in CI nothing may be.
fn unmet(what: &str, skipped: &str) -> Result<(), Failure> {
    if env::var_os("CI").is_some() {
        return Err(Failure::new(what, "install it in the image that CI runs in"));
    }
    say(&format!("    {what}: skipped are the tests of {skipped}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_cargo_deny_is_as_good() {
        assert_eq!(read_version("cargo-deny 0.20.2\n"), Some(DENY_VERSION));
        assert!(read_version("cargo-deny 0.21.0").expect("a version") > DENY_VERSION);
        assert_eq!(read_version("error: no such command"), None);
    }
}
