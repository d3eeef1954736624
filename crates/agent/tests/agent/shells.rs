//! The rules for command lines, held against real shells: an allowed line runs nothing but what the rule names.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, sync::LazyLock};

use mainspring_agent::{Assistant, Policy, Verdict};
use proptest::prelude::*;
use serde_json::json;

use super::{assistant, folder, write};

/// Whether the line, run by `shell`, starts the program `mark`.
fn starts_mark(shell: &str, folder: &Path, line: &str) -> bool {
    let seen = folder.join("seen");
    Command::new(shell)
        .args(["-c", line])
        .current_dir(folder)
        .env_clear()
        .env("PATH", folder.join("bin"))
        .output()
        .expect("the shell starts");
    fs::remove_file(seen).is_ok()
}

/// A folder whose `bin` holds one program, which leaves a trace.
fn marked() -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "bin/mark", "#!/bin/sh\n: > seen\n");
    let program = folder.path().join("bin/mark");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("an executable");
    folder
}

fn is_allowed(line: &str) -> bool {
    static ASKING: LazyLock<Assistant> =
        LazyLock::new(|| assistant("toolsets: [shell]\napprovals: {shell: ask, shell(echo *): allow}\n"));
    let ruling = Policy::of(&ASKING).rule("shell", &json!({ "command": line }), &[]);
    ruling.verdict == Verdict::Allow
}

const SHELLS: [&str; 2] = ["/bin/sh", "/bin/bash"];

fn line() -> impl Strategy<Value = String> {
    let pieces = [
        "mark",
        "mark",
        "echo",
        " ",
        " ",
        "'",
        "\"",
        "\\",
        ";",
        "|",
        "&",
        "\n",
        "$(",
        ")",
        "`",
        "#",
        "{",
        "}",
        "(",
        "<",
        "$",
        "!",
        "x=",
        ">/dev/null",
        "2>&1",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 1..9)
        .prop_map(|pieces| format!("echo {}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_allowed_line_starts_nothing_else(line in line()) {
        static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(marked);
        if is_allowed(&line) {
            for shell in SHELLS.into_iter().filter(|shell| Path::new(shell).exists()) {
                prop_assert!(!starts_mark(shell, FOLDER.path(), &line), "{shell} -c {line:?}");
            }
        }
    }
}

#[test]
fn the_trace_would_be_seen() {
    let folder = marked();
    for line in ["mark", "echo $(mark)", "echo a; mark", "echo a # '\nmark"] {
        assert!(starts_mark("/bin/sh", folder.path(), line), "{line}");
        assert!(!is_allowed(line), "{line}");
    }
    assert!(is_allowed("echo 'mark; mark' && echo \"mark\" 2>&1 | echo \\;"));
}
