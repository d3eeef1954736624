//! Runs with a server in the folder.

use rustix::process::Signal;

use crate::home::{Home, Running, eventually};

fn serve(home: &Home) -> Running {
    let mut server = home.start(&["serve", "--listen", "127.0.0.1:0"]);
    server.await_stdout("/api/v1/runs");
    server
}

#[test]
fn a_server_says_where_it_is_and_ends_in_order() {
    let home = Home::new();
    let server = serve(&home);
    let doctor = home.run(&["doctor"]).stdout;
    assert!(doctor.contains(&format!("process {}, http://127.0.0.1:", server.pid())), "{doctor}");
    server.signal(Signal::TERM);
    assert_eq!(server.end().code, Some(0));
    assert!(home.run(&["doctor"]).stdout.contains("none; `mainspring run` works without one"));
}

#[test]
fn a_second_server_is_refused() {
    let home = Home::new();
    let server = serve(&home);
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0"]);
    let mut settings = home.settings();
    settings.add_filter(&format!(r"\b{}\b", server.pid()), "PID");
    let error = ran.stderr.lines().filter(|line| !line.starts_with('{')).collect::<Vec<_>>().join("\n");
    settings.bind(|| insta::assert_snapshot!(error, @"
    error[E1401]: data folder `HOME/data` is owned by `mainspring serve` (process PID, since DATE)
      hint: talk to it with `mainspring runs list`, stop it with `kill PID`, or name another folder with `--data DIR`
      docs: docs/errors/E1401.md
    "));
    assert_eq!(ran.code, Some(2));
}

#[test]
fn a_run_is_followed_across_the_death_of_its_server() {
    let home = Home::new();
    let server = serve(&home);
    let mut running = home.start(&["run", &home.waiter()]);
    running.await_stderr("waiting");
    server.signal(Signal::KILL);
    running.await_stderr("the server is away");
    std::fs::write(home.path("go"), "").expect("written");
    let _server = serve(&home);
    let ran = running.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "gone on\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("attempt 1 was cut off: the server died"), "{}", ran.stderr);
}

#[test]
fn a_detached_run_goes_on_by_itself() {
    let home = Home::new();
    home.configure("idle_shutdown = \"1s\"\n");
    let ran = home.run(&["run", &home.waiter(), "--detach"]);
    let id = ran.stdout.trim_end().to_owned();
    assert!(ran.code == Some(0) && id.starts_with("run_") && !id.contains('\n'), "{ran:?}");
    assert!(home.run(&["why", &id]).stdout.starts_with("running: "));
    home.run(&["runs", "pause", &id]);
    assert_eq!(home.run(&["runs", "resume", &id]).stdout, format!("{id} goes on\n"));
    std::fs::write(home.path("go"), "").expect("written");
    let story = home.run(&["runs", "events", &id, "--follow"]).stdout;
    assert!(story.trim_end().ends_with("✓ completed"), "{story}");
    eventually("the server ends when it is idle", || !home.path("data/control.sock").exists());
}

#[test]
fn a_run_is_cancelled_from_elsewhere() {
    let home = Home::new();
    let _server = serve(&home);
    let mut running = home.start(&["run", &home.waiter()]);
    let said = running.await_stderr("waiting");
    let id = &said[said.find("run_").expect("an id")..][..30];
    let ran = home.run(&["runs", "cancel", id, "--reason", "not needed"]);
    assert!(ran.stdout.starts_with(id), "{ran:?}");
    let ran = running.end();
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("the run was cancelled: not needed"), "{}", ran.stderr);
    let told = home.run(&["runs", "cancel", id]).stdout;
    assert!(
        told.starts_with(&format!("{id} has ended: cancelled\nstopped, nothing of it is left")),
        "{told}"
    );
}
