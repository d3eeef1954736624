//! Plain Python programs: `mainspring run FILE.py PROMPT`.

use crate::home::Home;

const ASKS: &str = r#"# /// script
# requires-python = ">=3.9"
# dependencies = []
# ///
import json, sys
from words import GREETING

print(json.dumps({"event": "model"}), flush=True)
print(json.dumps({"final": f"{GREETING}, {sys.argv[1]}"}))
"#;

/// A home with the program `ask.py` and what it imports.
fn home() -> Home {
    let home = Home::new();
    home.write("ask.py", ASKS);
    home.write("words.py", "GREETING = 'hello'\n");
    home
}

#[test]
fn a_program_runs_with_a_prompt_as_it_is() {
    let home = home();
    let ran = home.run(&["run", "ask.py", "world"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "{\"final\":\"hello, world\"}\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("main │ {\"event\": \"model\"}"), "{}", ran.stderr);
    let again = home.run(&["run", "ask.py", "again", "--json"]);
    assert!(again.stdout.contains("\"result\":{\"final\":\"hello, again\"}"), "{}", again.stdout);
    assert!(!again.stderr.contains("environment:"), "the environment was there already: {}", again.stderr);
}

#[test]
fn a_program_describes_itself() {
    let home = home();
    let ran = home.run(&["agents", "info", "ask.py"]);
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(ran.stdout, @"
    ask  script

      files        VERSION
      environment  Python >=3.9
      limits       1.1 GB memory, 64 processes, 1024 open files, files up to 1.0 GB
      trust        trusted
      assurance    restart: a step that is lost runs again from its beginning

      STEP  DOES                  ATTEMPTS  TIME-OUT
      main  python ask.py PROMPT  1         10 min TIME
    ");
    assert_eq!(home.run(&["agents", "validate", "ask.py"]).stdout, "✓ ask is a valid script with 1 step\n");
}

#[test]
fn a_mistake_in_the_metadata_is_shown_where_it_is() {
    let home = home();
    home.write("ask.py", &ASKS.replace("[]", "[\"-e .\"]").replace(">=3.9", "new"));
    let ran = home.run(&["run", "ask.py", "world"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ran.stderr, @r#"
    error[E1102]: read `requires-python`: `new` is not a Python version; write it like 3.11+, 3.12 or >=3.11,<3.13
      --> ask.py:2:21
      1 │ # /// script
      2 │ # requires-python = "new"
        │                     ^
      docs: docs/errors/E1102.md

    error[E1102]: read `dependencies[0]`: `-e .` is no requirement; write it like `requests>=2.0` or `name @ https://...`
      --> ask.py:3:19
      2 │ # requires-python = "new"
      3 │ # dependencies = ["-e ."]
        │                   ^
      docs: docs/errors/E1102.md

    2 problems
    "#);
}
