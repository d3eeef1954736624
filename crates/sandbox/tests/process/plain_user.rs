//! All tests once more as a user without rights, which is how most people run this.

use std::{env, fs, os::unix::fs::PermissionsExt, process::Command};

use crate::stage::{SUPERVISOR, supervisor};

const NOBODY: &str = "65534";

#[test]
fn everything_holds_for_a_user_without_rights() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: this run is already one of a plain user");
    }
    if Command::new("setpriv").arg("--version").output().is_err() {
        return eprintln!("skipped: `setpriv` is not installed");
    }
    // The build folder may be closed to other users.
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("our folder");
    let copy = |from, name| {
        let to = folder.path().join(name);
        fs::copy(from, &to).expect("a copy");
        to
    };
    let tests = copy(env::current_exe().expect("this test"), "tests");
    let output = Command::new("setpriv")
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--bounding-set=-all"])
        .arg(tests)
        .env(SUPERVISOR, copy(supervisor(), "supervisor"))
        .current_dir("/")
        .output()
        .expect("setpriv runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Runs in a process of its own, because it cannot be undone.
#[test]
#[ignore = "started by the test below, in a process of its own"]
fn undumpable_and_alive() {
    mainspring_sandbox::make_undumpable().expect("always allowed");
    let listed = Command::new("/proc/self/exe").arg("--list").output().expect("it can execute itself");
    assert!(listed.status.success());
}

#[test]
fn an_undumpable_server_can_still_execute_itself() {
    let status = Command::new(env::current_exe().expect("this test"))
        .args(["plain_user::undumpable_and_alive", "--exact", "--ignored"])
        .output()
        .expect("a second process of this test")
        .status;
    assert!(status.success());
}
