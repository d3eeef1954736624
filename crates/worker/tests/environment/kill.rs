//! A builder that is killed at any moment leaves what the next one mends.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use mainspring_types::Hash;
use mainspring_worker::environment::{Progress, Stage, State};

use crate::{
    bounds::until,
    fixture::{Bench, any_tool, commands, python},
};

const LINE: &str = "pip install .";

/// The variable by which a test tells its builder which bench to work on.
const BENCH: &str = "MAINSPRING_TEST_BENCH";

/// The builder that tests kill. It prints each stage that it reaches.
#[tokio::test]
#[ignore = "other tests start it in a process of its own"]
async fn builder() {
    let bench = Bench::at(env::var_os(BENCH).expect("started by a test").into());
    let print = |progress: Progress| {
        // The test listens until the stage it waits for; the building goes on until it is killed.
        let _ = writeln!(io::stdout(), "{:?}", progress.stage);
    };
    let envs = bench.environments(any_tool());
    envs.prepare(&commands(&[LINE]), &bench.agent(), Hash::of(b"tree"), print).await.expect("built");
}

/// Starts a builder, and returns once it has reached `stage`.
fn start_builder(bench: &Bench, stage: Stage) -> Child {
    let mut child = Command::new(env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "kill::builder", "--nocapture"])
        .env(BENCH, bench.path(""))
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs again");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with(&format!("{stage:?}"))), "it reaches {stage:?}");
    child
}

/// Kills a builder in `stage`, once `ready` says so, and builds the same again.
async fn kill_and_mend(hook: &str, stage: Stage, ready: impl Fn(&Bench) -> bool) {
    let bench = Bench::new(hook);
    let mut builder = start_builder(&bench, stage);
    until(|| ready(&bench)).await;
    builder.kill().expect("it still ran");
    builder.wait().expect("it ends");
    let envs = bench.environments(any_tool());
    // Ready where it was faster than the kill. What it was about to start may hold its lock until it is a program.
    let is_free = |state: &State| matches!(state, State::Torn | State::Ready);
    until(|| envs.list().expect("a list").iter().all(|entry| is_free(&entry.state))).await;
    until(|| !bench.builders().iter().any(|builder| builder.contains("pip install"))).await;
    bench.write("go", "");
    let mended = bench.prepare(&envs, &commands(&[LINE])).await.expect("mended");
    assert_eq!(python(&mended, "import pkg; print(pkg.ANSWER)"), "42");
    assert_eq!(bench.builders(), [""; 0], "killed in {stage:?}");
}

#[tokio::test]
async fn a_builder_killed_while_creating_is_mended() {
    kill_and_mend("", Stage::Create, |bench| {
        fs::read_dir(bench.path("envs"))
            .expect("there")
            .flatten()
            .any(|entry| entry.path().join("venv/bin").exists())
    })
    .await;
}

#[tokio::test]
async fn a_builder_killed_before_its_first_command_is_mended() {
    kill_and_mend("", Stage::Install, |_| true).await;
}

#[tokio::test]
async fn a_builder_killed_within_a_command_is_mended_and_its_orphans_end() {
    // The first build hangs until the test lets later ones pass; it would go on without its builder for ever.
    let hook = "while not os.path.exists(os.path.join(os.path.dirname(LOG), 'go')): time.sleep(0.05)";
    kill_and_mend(hook, Stage::Install, |bench| bench.builds() == 1).await;
}

#[tokio::test]
async fn a_builder_killed_while_checking_is_mended() {
    kill_and_mend("", Stage::Check, |_| true).await;
}
