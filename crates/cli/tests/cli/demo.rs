//! The demo: its whole story, and that nothing is left of it.

use rustix::process::Signal;

use crate::home::{Home, eventually};

/// What a reader's shell may hold, and the demo must not heed.
const OF_THE_SHELL: [(&str, &str); 4] = [
    ("OPENAI_API_KEY", "sk-of-the-reader"),
    ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
    ("LLM_PROVIDER", "nobody"),
    ("MAINSPRING_DIVERGENCE", "fail"),
];

fn is_clean(home: &Home) -> bool {
    std::fs::read_dir(home.path("tmp")).expect("a folder").next().is_none()
}

#[test]
fn the_demo_shows_what_it_promises() {
    let home = Home::new();
    let output = home.command(&["demo"]).envs(OF_THE_SHELL).output().expect("the binary runs");
    let stdout = String::from_utf8(output.stdout).expect("text");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{stdout}");
    let mut settings = home.settings();
    settings.add_filter(r"process \d+", "process PID");
    settings.add_filter(r"kill -9 \d+ +", "kill -9 PID ");
    settings.add_filter("demo-[0-9A-Za-z]{6}", "demo-XXXXXX");
    settings.add_filter("(?m)^  kill -9 PID mainspring supervise\n", "");
    settings.add_filter(r"\d+ of \d+ processes", "N of N processes");
    settings.add_filter("(?m)^  …[0-9a-z]{8}", "  …EFFECTID");
    let _names = settings.bind_to_scope();
    insta::assert_snapshot!(stdout, @"
    mainspring demo

    A Python agent asks a model which of two rivers is longer; the model looks both
    up with the agent's tool. The agent is an ordinary program that knows nothing of
    Mainspring. In its second tool call everything is killed with SIGKILL, server
    and all: nobody gets a chance to tidy up.

      agent   HOME/tmp/mainspring-demo-XXXXXX/rivers/agent.py
      model   a script that speaks for gpt-4.1: no key, no network
      server  process PID
      run     RUN

      gather   · 2 rivers to compare TIME
               ✓ step done
      answer   → model call 1 TIME  sent: 68 tokens, $0.0002
               · tool river_length(Nile) TIME
               → model call 2 TIME  sent: 72 tokens, $0.0002
               ✗ tool river_length(Amazon) TIME  cut off

    In the middle of its second tool call, everything is killed:
      kill -9 PID mainspring serve
      kill -9 PID python3 agent.py Which river is longer, the Nile or the Amazon?
      N of N processes are gone. The ledger: river_length(Amazon) begun, not done.

    A server starts again on the same folder, as process PID. It starts the agent
    from its beginning; what stands in the journal is not asked and not done again:

      answer   ↺ model call 1                        from the journal, not sent again
               · tool river_length(Nile) TIME  again
               ↺ model call 2                        from the journal, not sent again
               · tool river_length(Amazon) TIME  again
               → model call 3 TIME  sent: 82 tokens, $0.0003
               ✓ step done
      publish  · 12 words to publish TIME
               ✓ step done

      ✓ The Nile is longer: it has 6650 km, the Amazon 6400 km.

    Its model calls, each sent once, as `mainspring runs effects` lists them:

      EFFECT     ROUTE        MODEL    STATE        IN  OUT  COST     TRIES
      …EFFECTID  openai.chat  gpt-4.1  committed ↺  61  7    $0.0002  1
      …EFFECTID  openai.chat  gpt-4.1  committed ↺  64  8    $0.0002  1
      …EFFECTID  openai.chat  gpt-4.1  committed    68  14   $0.0003  1

      5 model calls, 2 from the journal · 222 tokens · $0.0007

      kept      2 model calls: 140 tokens, TIME, $0.0004
                at the list price of gpt-4.1; here a script answered, for nothing
      kept      step gather: TIME
      repeated  tool river_length(Nile)
                inside the agent, so it runs with it: only calls that leave it are journaled

    Try next
      export OPENAI_API_KEY=...             or another: docs/models.md
      mainspring run ./agent.py 'a prompt'  your own agent, as durable
      mainspring serve                      runs for others, over HTTP
    ");
    assert!(is_clean(&home));
}

#[test]
fn the_demos_proof_is_data_too() {
    let home = Home::new();
    let ran = home.run(&["demo", "-o", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let proof: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let sent = proof["effects"].as_array().expect("the calls").iter().map(|effect| &effect["tries"]);
    assert_eq!(sent.collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(proof["saved"]["model_calls"], 2);
    assert_eq!(proof["result"], "The Nile is longer: it has 6650 km, the Amazon 6400 km.");
}

#[test]
fn the_demo_leaves_nothing_when_it_is_interrupted() {
    let home = Home::new();
    let mut demo = home.start(&["demo"]);
    let said = demo.await_stdout("gather");
    let server =
        said.split("process ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a server");
    let server = std::path::Path::new("/proc").join(server).join("exe");
    demo.signal(Signal::INT);
    assert_eq!(demo.end().code, Some(130));
    assert!(is_clean(&home));
    eventually("the server is gone", || !server.exists());
}
