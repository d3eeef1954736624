//! Model calls: what is shown of them, and runs that are limited in them.

use mainspring_testkit::upstream::Upstream;
use serde_json::{Value, json};

use crate::home::Home;

/// Asks a model over HTTP, as any client would.
const ASKS: &str = r#"import json, os, urllib.request

def ask(text):
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    head = {"content-type": "application/json", "authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    address = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    request = urllib.request.Request(address, json.dumps(body).encode(), head)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]
"#;

/// Asks twice.
const TWICE: &str = r#"
print(ask("one"), ask("two"))
"#;

/// Asks, dies, and asks something else when it is started again.
const OTHERWISE: &str = r#"
if not os.path.exists(MARK):
    ask("one")
    open(MARK, "w").close()
    os.kill(os.getpid(), 9)
print(ask("two"))
"#;

const ANSWERS: &str = "
version: 1
rules:
  - match: {last_user: one}
    reply: {text: first}
  - match: {last_user: two}
    reply: {text: second}
";

/// A home with the program `ask.py`, whose models are answered by the provider, and these settings.
fn home(settings: &str, does: &str) -> (Home, Upstream) {
    let (home, upstream) = (Home::new(), Upstream::start(ANSWERS));
    let (address, key) = (upstream.base_url(), home.write("key", "sk-of-a-test"));
    home.configure(&format!(
        "{settings}\n[providers.openai]\nkind = \"openai\"\nbase_url = \"{address}\"\nkey_file = \"{key}\"\n"
    ));
    home.write("data/prices.toml", "[openai]\n\"gpt-4o-mini\" = { input = 100_000, output = 300_000 }\n");
    home.write("ask.py", &format!("{ASKS}\nMARK = {:?}\n{does}", home.path("mark").display().to_string()));
    (home, upstream)
}

fn only_run(home: &Home) -> String {
    let list: Value = serde_json::from_str(&home.run(&["runs", "list", "--json"]).stdout).expect("JSON");
    list["items"][0]["run_id"].as_str().expect("a run").to_owned()
}

#[test]
fn a_run_shows_its_model_calls_and_what_they_used() {
    let (home, upstream) = home("", TWICE);
    let ran = home.run(&["run", "ask.py", "go"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "first second\n"), "{}", ran.stderr);
    let mut names = home.settings();
    names.add_filter("…[0-9a-z]{8}", "…ABCDEFGH");
    // How many entries an environment makes depends on what the machine has.
    names.add_filter(r"CLOCK +\d+", "CLOCK");
    let _names = names.bind_to_scope();
    let told = ran.stderr.lines().filter(|line| line.contains("model")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(told, @"
    CLOCK  main · model gpt-4o-mini · 3 tokens · $0.0007
    CLOCK  main · model gpt-4o-mini · 3 tokens · $0.0007
    ✓ completed in TIME · 1 attempt · SIZE · 2 model calls · 6 tokens · $0.0014
    ");
    let run = only_run(&home);
    insta::assert_snapshot!(home.run(&["runs", "effects", &run]).stdout, @"
    EFFECT     ROUTE        MODEL        STATE      IN  OUT  COST     TRIES
    …ABCDEFGH  openai.chat  gpt-4o-mini  committed  1   2    $0.0007  1
    …ABCDEFGH  openai.chat  gpt-4o-mini  committed  1   2    $0.0007  1

    2 model calls · 6 tokens · $0.0014
    ");
    let page: Value =
        serde_json::from_str(&home.run(&["runs", "effects", &run, "--json"]).stdout).expect("JSON");
    let effect = &page["items"][0];
    let told = ["route", "state", "replayed", "cost"].map(|name| effect[name].clone());
    assert_eq!(told, [json!("openai.chat"), json!("committed"), json!(false), json!("$0.0007")]);
    assert!(effect["key"].is_string() && effect["tokens"]["total_tokens"].as_u64() > Some(0), "{effect}");
    assert_eq!(upstream.calls(), 2);
}

#[test]
fn a_run_waits_at_its_limit_until_it_is_raised() {
    let (home, upstream) = home("", TWICE);
    let mut running = home.start(&["run", "ask.py", "go", "--max-calls", "1"]);
    running.await_stderr("`mainspring runs raise");
    let run = only_run(&home);
    let _names = home.settings().bind_to_scope();
    let list = home.run(&["runs", "list"]).stdout;
    assert!(list.contains("waiting (budget)"), "{list}");
    let why = home.run(&["why", &run]).stdout;
    insta::assert_snapshot!(why, @"
    waiting: the budget of this run, 1 call, is used up, for TIME
    → `mainspring runs raise RUN --calls N` lets it go on where it stands
    ");
    // The call that waited may have been sent by the time the answer is made.
    let raised = home.run(&["runs", "raise", &run, "--calls", "5"]).stdout;
    assert!(raised.contains(" has used\n") && raised.contains(" of 5 calls"), "{raised}");
    let ran = running.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "first second\n"), "{}", ran.stderr);
    assert_eq!(upstream.calls(), 2);
    let ended = home.run(&["runs", "raise", &run, "--calls", "9"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stderr, @"
    error[E1508]: run RUN has ended
      hint: start it again: `mainspring run` takes --max-tokens, --max-cost and --max-calls
      docs: docs/errors/E1508.md
    ");
}

#[test]
fn somebody_decides_for_an_agent_that_leaves_the_recorded_path() {
    let (home, upstream) = home("divergence = \"ask\"", OTHERWISE);
    let mut running = home.start(&["run", "ask.py", "go"]);
    running.await_stderr("`mainspring runs diverge");
    let run = only_run(&home);
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(home.run(&["why", &run]).stdout, @"
    waiting: the agent asks for something other than the recorded call EFFECT, for TIME
    → `mainspring runs diverge RUN live` pays for new calls; `... fail` ends the run
    ");
    insta::assert_snapshot!(home.run(&["runs", "diverge", &run, "live"]).stdout, @"RUN goes on with new calls where its agent leaves the recorded path");
    let ran = running.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "second\n"), "{}", ran.stderr);
    let story = home.run(&["runs", "events", &run]).stdout;
    let told: Vec<&str> =
        story.lines().filter(|line| line.contains("model") || line.contains("path")).collect();
    let told: Vec<&str> = told.iter().map(|line| &line[19..]).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    main · model gpt-4o-mini · asked
    main · model gpt-4o-mini · 3 tokens · $0.0007
    main · left the recorded path: it waits for a decision
    main · left the recorded path: new calls from here
    main · model gpt-4o-mini · asked
    main · model gpt-4o-mini · 3 tokens · $0.0007
    main · 1 recorded model call not asked for again
    ");
    assert_eq!(upstream.calls(), 2);
}

#[test]
fn a_run_without_model_calls_says_so() {
    let home = Home::new();
    home.package();
    home.run(&["run", "./calc", "add", "-p", "a=1"]);
    let ran = home.run(&["runs", "effects", &only_run(&home)]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(ran.stderr, "no model calls: no agent of this run asked a model through Mainspring\n");
}
