//! A warm environment needs no network and no process.

use std::{fs, path::PathBuf};

use mainspring_types::Hash;
use mainspring_worker::environment::{Environments, Prune, Settings, Stage};

use crate::{
    fixture::{Bench, any_tool, commands, need_or_skip, pass, pip, python, python_program, uv},
    index::Index,
};

/// An interpreter that writes a line to `asked.log` whenever it is started.
fn counting_interpreter(bench: &Bench) -> (PathBuf, PathBuf) {
    let output = python_program().args(["-c", "import sys; print(sys.executable)"]).output().expect("Python");
    let real = String::from_utf8(output.stdout).expect("a path");
    let log = bench.path("asked.log");
    let text = format!("#!/bin/sh\necho asked >> '{}'\nexec '{}' \"$@\"\n", log.display(), real.trim());
    let script = bench.program("bin/python3", &text);
    (script, log)
}

#[tokio::test]
async fn asking_again_starts_no_process() {
    let bench = Bench::new("");
    let (script, log) = counting_interpreter(&bench);
    let mut settings = pip();
    settings.machine.python = Some(script);
    let wanted = commands(&[]);
    let is_warm = |envs: &Environments| envs.is_warm(&wanted, &bench.agent(), Hash::of(b"tree"));
    let fresh = || bench.environments(settings.clone());
    assert!(!is_warm(&fresh()), "nothing may be started to find out");
    assert!(!log.exists());
    bench.prepare(&fresh(), &wanted).await.expect("bare");
    assert!(is_warm(&fresh()));
    let told = bench.watch(&fresh(), &wanted).await;
    assert_eq!(told.iter().map(|each| each.stage).collect::<Vec<_>>(), [Stage::Interpreter, Stage::Ready]);
    assert_eq!(fs::read_to_string(&log).expect("asked once"), "asked\n");
}

#[tokio::test]
async fn an_edit_of_the_code_keeps_it_warm_unless_the_code_is_installed() {
    let bench = Bench::new("");
    let envs = bench.environments(any_tool());
    let warm_for =
        |lines: &[&str], tree: &[u8]| envs.is_warm(&commands(lines), &bench.agent(), Hash::of(tree));
    for lines in [&[][..], &["pip install ."]] {
        bench.prepare(&envs, &commands(lines)).await.expect("built");
    }
    assert!(warm_for(&[], b"tree") && warm_for(&[], b"edited"));
    assert!(warm_for(&["pip install ."], b"tree") && !warm_for(&["pip install ."], b"edited"));
}

#[tokio::test]
async fn uv_builds_again_without_the_network() {
    let mut settings: Settings = need_or_skip!(uv(), "uv");
    let bench = Bench::new("");
    let index = Index::serve(bench.wheel("wheels"));
    settings.machine.passed_on.clear();
    pass(&mut settings, "UV_DEFAULT_INDEX", index.url());
    pass(&mut settings, "UV_HTTP_RETRIES", "0");
    let envs = bench.environments(settings);
    let wanted = commands(&["pip install pkg"]);
    bench.prepare(&envs, &wanted).await.expect("from the index");
    index.stop();
    assert_eq!(envs.prune(Prune::All).expect("pruned").len(), 1);
    let again = bench.prepare(&envs, &wanted).await.expect("from the cache");
    assert_eq!(python(&again, "import pkg; print(pkg.ANSWER)"), "42");
}
