//! Writing and editing.

use std::{fs, os::unix::fs::PermissionsExt as _, thread};

use serde_json::json;

use crate::stage::Stage;

#[test]
fn a_file_is_written_with_its_folders_and_again() {
    let stage = Stage::new();
    for _ in 0..2 {
        let text = stage.said("write_file", &json!({"path": "a/b/c.txt", "content": "one\ntwo\n"}));
        assert_eq!(text, "wrote 2 lines (8 bytes) to `a/b/c.txt`");
        assert_eq!(stage.content("a/b/c.txt"), "one\ntwo\n");
    }
    assert_eq!(stage.said("list_files", &json!({"path": "a/b"})), "a/b/c.txt");
}

#[test]
fn a_file_keeps_its_permissions_but_lends_no_rights() {
    let stage = Stage::new().file("run.sh", "old");
    fs::set_permissions(stage.path("run.sh"), fs::Permissions::from_mode(0o4750)).expect("the file is ours");
    stage.said("write_file", &json!({"path": "run.sh", "content": "new"}));
    let mode = fs::metadata(stage.path("run.sh")).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o750);
}

#[test]
fn what_is_no_place_for_a_file_is_told() {
    let stage = Stage::new().file("dir/x", "").file("file", "");
    let said = |path: &str| stage.complaint("write_file", &json!({"path": path, "content": ""}));
    assert_eq!(said("dir"), "`dir` is a folder and no file");
    assert_eq!(said(""), "the path names the workspace itself, which is a folder and no file");
    assert_eq!(said("file/x"), "a part of `file` is a file and no folder");
    assert!(said(&"n".repeat(256)).ends_with("is too long: a name has 255 bytes at most, a path 4095"));
}

#[test]
fn an_edit_shows_the_lines_it_changed() {
    let stage = Stage::new().file("a.rs", "fn a() {\n    old();\n}\n");
    let text = stage.said("edit_file", &json!({"path": "a.rs", "old": "old()", "new": "new()"}));
    assert_eq!(text, "edited `a.rs` in 1 place:\n     1\tfn a() {\n     2\t    new();\n     3\t}\n");
    assert_eq!(stage.content("a.rs"), "fn a() {\n    new();\n}\n");
}

#[test]
fn a_text_that_is_not_there_is_answered_with_the_closest_lines() {
    let stage = Stage::new().file("a.rs", "fn one() {\n\treturn total;\n}\n");
    let text = stage.complaint("edit_file", &json!({"path": "a.rs", "old": "    return total;", "new": "x"}));
    assert_eq!(
        text,
        "`old` is not in `a.rs`; it must be there exactly, with its white space. The closest lines:\n     \
         2\t\treturn total;\n"
    );
    let text = stage.complaint("edit_file", &json!({"path": "a.rs", "old": "xyzzy", "new": "x"}));
    assert_eq!(text, "`old` is not in `a.rs`, nor anything like it; read the file again");
}

#[test]
fn a_text_that_is_there_twice_needs_more_around_it_or_all() {
    let stage = Stage::new().file("a", "x\ny\nx\n");
    let text = stage.complaint("edit_file", &json!({"path": "a", "old": "x", "new": "z"}));
    assert_eq!(
        text,
        "`old` is in `a` 2 times, at lines 1, 3; give more of the text around the place you mean, or `all: true`"
    );
    assert_eq!(stage.content("a"), "x\ny\nx\n");
    stage.said("edit_file", &json!({"path": "a", "old": "x", "new": "z", "all": true}));
    assert_eq!(stage.content("a"), "z\ny\nz\n");
}

#[test]
fn an_edit_that_changes_nothing_or_cannot_be_is_told() {
    let stage = Stage::new().file("a", "one\r\ntwo\r\n");
    let said =
        |old: &str, new: &str| stage.complaint("edit_file", &json!({"path": "a", "old": old, "new": new}));
    assert!(said("", "x").starts_with("`old` is empty"));
    assert!(said("one", "one").starts_with("`old` and `new` are the same"));
    assert!(said("one\ntwo", "x").contains(r"ends its lines with `\r\n`"));
}

#[test]
fn an_edit_leaves_bytes_that_are_no_text_as_they_are() {
    let stage = Stage::new().file("a", b"caf\xe9 old \xff");
    stage.said("edit_file", &json!({"path": "a", "old": "old", "new": "new"}));
    assert_eq!(fs::read(stage.path("a")).expect("the file is there"), b"caf\xe9 new \xff");
}

#[test]
fn edits_of_one_file_made_at_once_are_all_kept() {
    let lines = (10..30).map(|number| format!("line {number}")).collect::<Vec<_>>().join("\n");
    let stage = Stage::new().file("a", &lines);
    thread::scope(|scope| {
        for number in 10..30 {
            let (old, new) = (format!("line {number}"), format!("done {number}"));
            let stage = &stage;
            scope.spawn(move || stage.said("edit_file", &json!({"path": "a", "old": old, "new": new})));
        }
    });
    assert_eq!(stage.content("a"), lines.replace("line", "done"));
}
