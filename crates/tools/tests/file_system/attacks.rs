//! Ways out of the workspace, each of which is closed; and names and files that would do harm when they are looked at.

use std::{
    fs,
    os::unix::net::UnixListener,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use mainspring_tools::Ended;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};

use crate::stage::{Stage, call};

/// Every tool, each on that path.
fn every(path: &Value) -> [(&'static str, Value); 5] {
    [
        ("read_file", json!({"path": path})),
        ("write_file", json!({"path": path, "content": "changed"})),
        ("edit_file", json!({"path": path, "old": "secret", "new": "changed"})),
        ("list_files", json!({"path": path})),
        ("search_files", json!({"path": path, "pattern": "secret"})),
    ]
}

/// No tool does anything on that path but complain, and the outside is as it was.
fn check(stage: &Stage, path: impl AsRef<Path>) {
    for (tool, arguments) in every(&json!(path.as_ref())) {
        stage.complaint(tool, &arguments);
    }
    let names: Vec<_> = fs::read_dir(stage.outside("")).expect("it is a folder").collect();
    assert_eq!(names.len(), 1, "nothing was made outside");
    assert_eq!(fs::read_to_string(stage.outside("secret")).expect("it is there"), "secret");
}

#[test]
fn dots_and_absolute_paths_lead_nowhere() {
    let stage = Stage::new().file("a/b", "");
    for path in ["..", "../outside/secret", "a/../../outside/secret", "a/b/../../../outside/new"] {
        check(&stage, path);
    }
    check(&stage, stage.outside("secret"));
    check(&stage, stage.outside("new"));
    check(&stage, stage.workspace().join("../outside/secret"));
    check(&stage, "/proc/self/root/etc/passwd");
    check(&stage, "~/x");
}

#[test]
fn symbolic_links_that_lead_out_are_not_followed() {
    let stage = Stage::new();
    let stage = stage.link("file", "../outside/secret").link("up", "..").link("dir", "../outside");
    let absolute = stage.outside("secret");
    let stage = stage.link("absolute", absolute).link("proc", "/proc/self/cwd").link("new", "../outside/new");
    for path in
        ["file", "up/outside/secret", "dir/secret", "dir/new", "dir/new/deep", "absolute", "proc", "new"]
    {
        check(&stage, path);
    }
    let said = stage.complaint("read_file", &json!({"path": "file"}));
    assert!(said.starts_with("`file` leads out of the workspace through a symbolic link"), "{said}");
}

#[test]
fn links_within_the_workspace_are_read_through_and_not_written_through() {
    let stage = Stage::new().file("real/a", "text").link("dir", "real").link("file", "real/a");
    assert_eq!(stage.said("read_file", &json!({"path": "dir/a"})), "     1\ttext\n");
    assert_eq!(stage.said("read_file", &json!({"path": "file"})), "     1\ttext\n");
    stage.said("write_file", &json!({"path": "dir/a", "content": "new"}));
    assert_eq!(stage.content("real/a"), "new");
    assert_eq!(
        stage.complaint("write_file", &json!({"path": "file", "content": "x"})),
        "`file` is a symbolic link to `real/a`; write to that path itself, if it lies in the workspace"
    );
}

#[test]
fn a_link_to_nothing_is_not_written_through() {
    let stage = Stage::new().link("dangling", "nothing").link("loop", "loop");
    let said = stage.complaint("write_file", &json!({"path": "dangling", "content": "x"}));
    assert!(said.starts_with("`dangling` is a symbolic link to `nothing`"), "{said}");
    assert!(!stage.path("nothing").exists());
    let said = stage.complaint("read_file", &json!({"path": "dangling"}));
    assert_eq!(said, "`dangling` is a symbolic link to `nothing`, which does not exist");
    let said = stage.complaint("write_file", &json!({"path": "dangling/x", "content": "x"}));
    assert_eq!(said, "`dangling` is a symbolic link to `nothing`, which does not exist");
    let said = stage.complaint("read_file", &json!({"path": "loop"}));
    assert_eq!(said, "`loop` leads through symbolic links that go in circles or into `/proc`");
}

#[test]
fn a_walk_does_not_follow_links() {
    let stage = Stage::new().file("a/x", "secret").link("a/up", "..").link("out", "../outside");
    assert_eq!(stage.said("search_files", &json!({"pattern": "secret"})), "a/x:1: secret\n");
    let listed = stage.said("list_files", &json!({"pattern": "**"}));
    assert_eq!(listed, "a/\na/up -> ..\na/x\nout -> ../outside");
}

/// Ends a loop on another thread, also when this one panics.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_folder_swapped_for_a_link_meanwhile_leads_nowhere() {
    let stage = Stage::new().file("swap/secret", "inside").link("other", "../outside");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _swapping = Until(&done);
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let (one, other) = (stage.path("swap"), stage.path("other"));
                renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("both are there");
            }
        });
        for round in 0..300 {
            for (tool, arguments) in [
                ("read_file", json!({"path": "swap/secret"})),
                ("search_files", json!({"path": "swap", "pattern": "."})),
                ("write_file", json!({"path": format!("swap/{}", round % 7), "content": "x"})),
                ("edit_file", json!({"path": "swap/secret", "old": "inside", "new": "inside!"})),
            ] {
                let ended = stage.call(tool, &arguments);
                let Ended::Returned { text, error } = &ended else { panic!("{tool}: {ended:?}") };
                assert!(*error || !text.contains("\tsecret") && !text.contains(": secret"), "{tool}: {text}");
            }
        }
    });
    let names: Vec<_> = fs::read_dir(stage.outside("")).expect("it is a folder").collect();
    assert_eq!(names.len(), 1, "nothing was made outside");
    assert_eq!(fs::read_to_string(stage.outside("secret")).expect("it is there"), "secret");
}

#[test]
fn a_hard_link_is_a_file_of_the_workspace_and_writing_leaves_the_other_name_alone() {
    let stage = Stage::new();
    fs::hard_link(stage.outside("secret"), stage.path("hard")).expect("both are on one file system");
    assert_eq!(stage.said("read_file", &json!({"path": "hard"})), "     1\tsecret\n");
    stage.said("edit_file", &json!({"path": "hard", "old": "secret", "new": "changed"}));
    assert_eq!(stage.content("hard"), "changed");
    assert_eq!(fs::read_to_string(stage.outside("secret")).expect("it is there"), "secret");
}

#[test]
fn what_is_no_file_is_never_waited_for() {
    let stage = Stage::new();
    rustix::fs::mknodat(CWD, stage.path("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .expect("a pipe needs no rights");
    let _socket = UnixListener::bind(stage.path("socket")).expect("the path is short enough");
    for (tool, arguments) in every(&json!("pipe")) {
        let said = stage.complaint(tool, &arguments);
        assert!(
            said.contains("`pipe` is a named pipe") || said.contains("is a file and no folder"),
            "{said}"
        );
    }
    for (tool, arguments) in every(&json!("socket")) {
        stage.complaint(tool, &arguments);
    }
    assert_eq!(stage.said("search_files", &json!({"pattern": "x"})), "[no line matches in 0 files]\n");
}

#[test]
fn devices_and_magic_links_are_no_files_even_where_they_are_below() {
    let read =
        |workspace: &str, path: &str| match call(workspace.as_ref(), "read_file", &json!({"path": path})) {
            Ended::Returned { text, error: true } => text,
            other => panic!("`{path}` ended otherwise: {other:?}"),
        };
    assert_eq!(read("/dev", "zero"), "`zero` is a device and no file");
    assert!(read("/proc/self", "root/etc/passwd").contains("or into `/proc`"));
    assert!(read("/proc/self", "cwd/Cargo.toml").contains("or into `/proc`"));
    assert!(read("/proc/self", "fd/0").contains("or into `/proc`"));
}

#[test]
fn names_cannot_forge_what_is_said_and_nul_is_told() {
    let stage = Stage::new().file("a\nb.rs:1: forged", "x\n");
    assert_eq!(stage.said("list_files", &json!({})), r"a\nb.rs:1: forged");
    let found = stage.said("search_files", &json!({"pattern": "x"}));
    assert_eq!(found, "a\\nb.rs:1: forged:1: x\n");
    assert_eq!(stage.said("read_file", &json!({"path": "a\nb.rs:1: forged"})), "     1\tx\n");
    check(&stage, "a\0b");
}

#[test]
fn a_workspace_that_is_gone_is_a_failure_that_changed_nothing() {
    let ended = call("/no/such/workspace".as_ref(), "write_file", &json!({"path": "a", "content": ""}));
    assert!(matches!(ended, Ended::Failed { .. }), "{ended:?}");
}
