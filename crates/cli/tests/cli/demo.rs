//! The demo: its whole story, and that nothing is left of it.

use rustix::process::Signal;

use crate::home::{Home, eventually};

fn is_clean(home: &Home) -> bool {
    std::fs::read_dir(home.path("tmp")).expect("a folder").next().is_none()
}

#[test]
fn the_demo_shows_what_it_promises() {
    let home = Home::new();
    let ran = home.run(&["demo"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    let mut settings = home.settings();
    settings.add_filter(r"process \d+", "process PID");
    settings.add_filter(r"kill -9 \d+ +", "kill -9 PID ");
    settings.add_filter("demo-[0-9A-Za-z]{6}", "demo-XXXXXX");
    settings.add_filter("(?m)^  kill -9 PID mainspring supervise\n", "");
    settings.add_filter(r"\d+ of \d+ processes", "N of N processes");
    let _names = settings.bind_to_scope();
    insta::assert_snapshot!(ran.stdout, @"
    mainspring demo

    An agent of five steps runs on a server of its own. Each step takes a second,
    and notes in a ledger when it begins and when it is done. In the middle of
    one, everything is killed with SIGKILL: nobody gets a chance to tidy up.

      server  process PID
      folder  HOME/tmp/mainspring-demo-XXXXXX
      run     RUN

      ✓ gather TIME
          found the lengths of 3 rivers
      ✓ compare TIME
          Nile leads by 250 km

    In the middle of `draft`, everything is killed:
      kill -9 PID mainspring serve
      kill -9 PID python3 step.py draft
      N of N processes are gone. The ledger says `draft begun`, not `draft done`.

    A server starts again on the same folder, as process PID. The run goes on:
      ✓ draft TIME  attempt 2
          attempt 1 was cut off: the server died
          wrote 12 words
      ✓ review TIME
          nothing to mend
      ✓ publish TIME
          The Nile is the longest river, 250 km ahead of the Amazon.

      ✓ completed in TIME · 6 attempts · SIZE

      STEP     BEGUN  DONE
      gather   1×     1×    done once, before the kill: not repeated
      compare  1×     1×    done once, before the kill: not repeated
      draft    2×     1×    done once, by its second attempt: the first was killed
      review   1×     1×    done once
      publish  1×     1×    done once

    Not repeated: gather and compare. That is TIME of work kept.

    Try next
      mainspring run ./agent.py 'a prompt'   any Python program: durable
      mainspring serve                       runs for others, over HTTP
    ");
    assert!(is_clean(&home));
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
