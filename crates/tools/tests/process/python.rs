//! What Python code finds, and what is said about it.

use mainspring_tools::Ended;
use serde_json::json;

use crate::stage::{Site, complains, says};

async fn python(site: &Site, code: &str) -> Ended {
    site.call("python", json!({ "code": code })).await
}

#[tokio::test]
async fn code_runs_as_the_main_module_in_the_workspace() {
    let site = Site::new();
    let code = "import os, sys\nprint(__name__, sys.stdin.read() == '', sys.flags.isolated)\nopen('made', 'w').close()";
    assert_eq!(python(&site, code).await, says("__main__ True 1\n[exit code 0]"));
    assert!(site.workspace.files().join("made").exists());
    assert_eq!(python(&site, "raise SystemExit(4)").await, complains("[exit code 4]"));
}

#[tokio::test]
async fn what_goes_wrong_is_shown_with_its_lines() {
    let site = Site::new();
    let ended = python(&site, "def half(n):\n    return n / 0\n\nhalf(3)").await;
    let Ended::Returned { text, error: true } = ended else { panic!("{ended:?}") };
    assert!(
        text.starts_with(
            "Traceback (most recent call last):\n  File \"<code>\", line 4, in <module>\n    half(3)\n"
        ),
        "{text}"
    );
    assert!(text.ends_with("ZeroDivisionError: division by zero\n[exit code 1]"), "{text}");
    let ended = python(&site, "if True").await;
    let Ended::Returned { text, error: true } = ended else { panic!("{ended:?}") };
    assert!(text.contains("File \"<code>\", line 1") && text.contains("SyntaxError"), "{text}");
}

#[tokio::test]
async fn long_code_and_output_of_both_kinds_keep_their_order() {
    let site = Site::new();
    let code = format!(
        "text = '{}'\nimport sys\nprint(len(text))\nprint('oh', file=sys.stderr)\nprint('end')",
        "x".repeat(1 << 20)
    );
    assert_eq!(python(&site, &code).await, says("1048576\noh\nend\n[exit code 0]"));
}
