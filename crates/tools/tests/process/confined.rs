//! The ways out of a workspace that a command might try.

use std::{fs, os::unix::fs::symlink};

use serde_json::json;

use crate::stage::{Site, says};

#[tokio::test]
async fn neither_the_data_folder_nor_anything_else_can_be_read_or_changed() {
    let site = Site::new();
    let secret = site.outside("home/.ssh/key");
    fs::create_dir_all(secret.parent().expect("it has one")).expect("a folder");
    fs::write(&secret, "outside").expect("a file");
    symlink(&secret, site.workspace.files().join("link")).expect("a link");
    let (outside, data) = (site.outside("home"), site.outside("data"));
    let (outside, data) = (outside.display(), data.display());
    for attempt in [
        "cat link".into(),
        format!("cat {outside}/.ssh/key"),
        format!("cat {data}/secret"),
        "cat ../../../secret".into(),
        format!("cat /proc/self/root{outside}/.ssh/key"),
        format!("cat /proc/{}/environ", std::process::id()),
        format!("ls /proc/{}/cwd/", std::process::id()),
        format!("ln {outside}/.ssh/key taken"),
        format!("echo x > {outside}/.ssh/key"),
        "echo x > link".into(),
        format!("touch {outside}/new {data}/new"),
    ] {
        let command = format!("({attempt}) >/dev/null 2>&1 && echo reached; true");
        assert_eq!(site.sh(&command).await, says("[exit code 0]"), "{attempt}");
    }
    // Beside its folders there is, at most, a folder that it made itself.
    site.sh("echo x > ../new; echo x > ../../../new").await;
    assert_eq!(fs::read_dir(site.outside("data/runs/one")).expect("still there").count(), 3);
    assert_eq!(fs::read_dir(site.outside("data")).expect("still there").count(), 3);
    assert_eq!(fs::read_to_string(&secret).expect("still there"), "outside");
    assert_eq!(fs::read_dir(site.outside("home")).expect("still there").count(), 1);
}

#[tokio::test]
async fn another_runs_folders_are_out_of_sight() {
    let site = Site::new();
    let other = site.outside("data/runs/two/files");
    fs::create_dir_all(&other).expect("a folder");
    fs::write(other.join("file"), "").expect("a file");
    let ended =
        site.sh(&format!("test -e {0}/file || ls {0} 2>/dev/null || echo nothing", other.display())).await;
    assert_eq!(ended, says("nothing\n[exit code 0]"));
}

#[tokio::test]
async fn the_agents_folder_is_read_and_not_changed() {
    let site = Site::new();
    site.provide("prompt", "be kind\n");
    let folder = site.around().agent_folder.display().to_string();
    let command = format!("cat {folder}/prompt; touch {folder}/new 2>/dev/null || echo refused");
    assert_eq!(site.sh(&command).await, says("be kind\nrefused\n[exit code 0]"));
}

#[tokio::test]
async fn git_and_python_work_in_the_workspace() {
    let site = Site::new();
    let command = "git init -q . && echo a > a && git add a && git -c user.name=a -c user.email=a@b commit -qm first \
        && git log --format=%s && python3 -m venv --without-pip $TMPDIR/venv && $TMPDIR/venv/bin/python -c 'print(1)'";
    assert_eq!(site.sh(command).await, says("first\n1\n[exit code 0]"));
    let code = "import multiprocessing.pool\nprint(multiprocessing.pool.ThreadPool(2).map(abs, [-1, 2]))";
    assert_eq!(site.call("python", json!({ "code": code })).await, says("[1, 2]\n[exit code 0]"));
}
