//! Runs without a server: each command opens the data folder itself.

use rustix::process::Signal;

use crate::home::{Home, eventually};

#[test]
fn a_result_stands_alone_on_standard_output() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.package();
    let ran = home.run(&["run", "./calc", "add", "-p", "a=20", "-p", "b=22"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "42\n"), "{}", ran.stderr);
    // The environment is there from the first time: what is told the second time is the run alone.
    let ran = home.run(&["run", "./calc", "add", "-p", "a=20"]);
    insta::assert_snapshot!(ran.stderr, @"
    calc add  VERSION  RUN
    CLOCK    1  accepted for calc
    CLOCK    2  add · attempt 1 began
    CLOCK    3  add │ called add
    CLOCK    4  add · done
    CLOCK    5  ✓ completed
    ✓ completed in TIME · 1 attempt · SIZE
    ");
    assert_eq!(ran.stdout, "21\n");
}

#[test]
fn a_run_is_one_object_when_data_is_asked_for() {
    let home = Home::new();
    home.package();
    let ran = home.run(&["run", "./calc", "add", "--input", r#"{"a": 1}"#, "--json"]);
    let run: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    assert_eq!((run["status"].as_str(), run["result"].as_u64()), (Some("completed"), Some(2)));
    assert!(run["execution_time"].is_f64() && run["attempts"] == 1, "{run}");
}

#[test]
fn a_failed_run_says_what_happened() {
    let home = Home::new();
    let _names = home.settings().bind_to_scope();
    home.package();
    let ran = home.run(&["run", "./calc", "fail"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    let told = ran.stderr.split_once("error[").expect("an error is told").1;
    insta::assert_snapshot!(told, @"
    E2001]: the agent ended with exit code 1: no luck today
      │ called fail
      │ no luck today
      hint: see what it wrote with `mainspring runs events RUN`
      docs: docs/errors/E2001.md
    ");
}

#[test]
fn a_run_is_found_again_by_the_beginning_of_its_id() {
    let home = Home::new();
    home.package();
    home.run(&["run", "./calc", "add", "-p", "a=1"]);
    let list = home.run(&["runs", "list", "-o", "json"]).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    let id = list["items"][0]["run_id"].as_str().expect("an id").to_owned();
    let shown = home.run(&["runs", "show", &id[4..20]]).stdout;
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(shown, @"
    RUN  completed

      agent      calc @ VERSION
      method     add
      created    DATE AGO
      ended      DATE AGO
      used TIME · 1 attempt · SIZE
      isolation  ...

         STEP  STATE  ATTEMPTS
      ✓  add   done   1

    2
    ");
    insta::assert_snapshot!(home.run(&["why", &id[..20]]).stdout, @"
    completed: AGO after TIME · 1 attempt · SIZE
    → see its result with `mainspring runs show RUN`
    ");
    let events = home.run(&["runs", "events", &id, "-o", "json"]).stdout;
    let seqs: Vec<u64> = events
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["seq"].as_u64().expect("a number")
        })
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[test]
fn ctrl_c_cancels_the_run() {
    let home = Home::new();
    let mut running = home.start(&["run", &home.waiter()]);
    running.await_stderr("waiting");
    running.signal(Signal::INT);
    let ran = running.end();
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("error[E2004]: the run was cancelled: interrupted at the terminal"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_a_killed_command_left_is_taken_up_by_the_next() {
    let home = Home::new();
    home.package();
    let mut running = home.start(&["run", &home.waiter()]);
    running.await_stderr("waiting");
    running.signal(Signal::KILL);
    drop(running);
    let list = home.run(&["runs", "list"]).stdout;
    assert!(list.contains("queued (slot)"), "{list}");
    let ran = home.run(&["run", "./calc", "add", "-p", "a=1"]);
    assert!(ran.stderr.contains("leaves 1 unfinished run waiting"), "{}", ran.stderr);
    std::fs::write(home.path("go"), "").expect("written");
    eventually("the first run is completed", || {
        home.run(&["run", "./calc", "add", "-p", "a=1"]);
        !home.run(&["runs", "list"]).stdout.contains("queued")
    });
}
