//! What an environment holds, and what is said when it cannot be had.

use mainspring_agent::Requirements;
use mainspring_types::Code;
use mainspring_worker::environment::{Settings, Stage, State};

use crate::fixture::{Bench, commands, need_or_skip, pass, pip, python, uv};

#[tokio::test]
async fn without_packages_it_is_bare() {
    let bench = Bench::new("");
    let envs = bench.environments(pip());
    let bare = bench.prepare(&envs, &commands(&["uv venv .venv", "pip install uv"])).await.expect("bare");
    assert_eq!(python(&bare, "import importlib.util as u; print(u.find_spec('pip'))"), "None");
    assert!(bare.bin.join("python").exists());
    assert!(bare.python.starts_with(bench.path("envs")), "outside of the agent's folder");
    assert!(!bench.path(&format!("envs/{}/src", bare.key)).exists());
}

#[tokio::test]
async fn pip_installs_from_the_tree() {
    installs_from_the_tree(pip()).await;
}

#[tokio::test]
async fn uv_installs_from_the_tree() {
    installs_from_the_tree(need_or_skip!(uv(), "uv")).await;
}

async fn installs_from_the_tree(settings: Settings) {
    let bench = Bench::new("");
    let envs = bench.environments(settings);
    let built =
        bench.prepare(&envs, &commands(&["python -m venv .venv", "pip install ."])).await.expect("built");
    assert_eq!(python(&built, "import pkg; print(pkg.ANSWER)"), "42");
    let [entry] = &envs.list().expect("a list")[..] else { panic!("one environment") };
    assert!(entry.packages.contains(&"pkg 1.0".to_owned()), "{:?}", entry.packages);
    assert_eq!(entry.state, State::InUse);
    assert!(entry.size.0 > 0);
    drop(built);
    assert_eq!(envs.list().expect("a list")[0].state, State::Ready);
}

#[tokio::test]
async fn pip_installs_editable_from_the_copy() {
    installs_editable(pip(), "pip install -e .").await;
}

#[tokio::test]
async fn uv_installs_editable_from_the_copy() {
    installs_editable(need_or_skip!(uv(), "uv"), "uv pip install -e .").await;
}

#[tokio::test]
async fn uv_syncs_the_project_and_pip_stands_in() {
    installs_editable(pip(), "uv sync").await;
    installs_editable(need_or_skip!(uv(), "uv"), "uv sync").await;
}

async fn installs_editable(settings: Settings, line: &str) {
    let bench = Bench::new("");
    let envs = bench.environments(settings);
    let built = bench.prepare(&envs, &commands(&[line])).await.expect("built");
    let file = python(&built, "import pkg; print(pkg.__file__)");
    let source = bench.path(&format!("envs/{}/src/pkg/__init__.py", built.key));
    assert_eq!(file, source.display().to_string(), "and not the agent's own folder");
}

#[tokio::test]
async fn pip_takes_packages_from_where_the_user_configured() {
    installs_a_package(pip()).await;
}

#[tokio::test]
async fn uv_takes_packages_from_where_the_user_configured() {
    installs_a_package(need_or_skip!(uv(), "uv")).await;
}

async fn installs_a_package(mut settings: Settings) {
    let bench = Bench::new("");
    bench.wheel("wheels");
    pass(&mut settings, "PIP_FIND_LINKS", bench.path("wheels"));
    pass(&mut settings, "UV_FIND_LINKS", bench.path("wheels"));
    let envs = bench.environments(settings);
    let wanted = Requirements { packages: vec!["pkg>=1".into()], ..Requirements::default() };
    let built = bench.prepare(&envs, &wanted).await.expect("built");
    assert_eq!(python(&built, "import pkg; print(pkg.ANSWER)"), "42");
    assert!(!bench.path(&format!("envs/{}/src", built.key)).exists(), "nothing points into the tree");
}

#[tokio::test]
async fn install_commands_see_no_keys() {
    let bench = Bench::new("raise RuntimeError(sorted(os.environ))");
    let problem =
        bench.prepare(&bench.environments(pip()), &commands(&["pip install ."])).await.expect_err("stops");
    let detail = problem.detail.expect("output");
    assert!(detail.contains("'MAINSPRING_ENVIRONMENT'"), "{detail}");
    assert!(!detail.contains("CARGO"), "the test's own variables are not passed on: {detail}");
}

#[tokio::test]
async fn each_stage_and_each_command_is_told() {
    let bench = Bench::new("");
    let envs = bench.environments(pip());
    let wanted = commands(&["pip install .", "pip install --no-deps --force-reinstall ."]);
    let told = bench.watch(&envs, &wanted).await;
    let stages: Vec<_> = told.iter().map(|each| each.stage).collect();
    assert_eq!(
        stages,
        [Stage::Interpreter, Stage::Create, Stage::Install, Stage::Install, Stage::Check, Stage::Ready]
    );
    assert_eq!(told[3].message, "installing, 2 of 2: `pip install --no-deps --force-reinstall .`");
    let percents: Vec<_> = told.iter().filter_map(|each| each.percent).collect();
    assert_eq!(percents, [5, 10, 20, 55, 95, 100]);
}

#[tokio::test]
async fn a_failing_command_says_which_and_why() {
    let bench = Bench::new("raise RuntimeError('no compiler here')");
    let envs = bench.environments(pip());
    let problem = bench.prepare(&envs, &commands(&["pip install ."])).await.expect_err("fails");
    assert_eq!(problem.code, Code::InstallFailed);
    assert_eq!(problem.message, "the install command `pip install .` failed with exit code 1");
    assert!(problem.detail.expect("output").contains("no compiler here"));
    assert!(envs.list().expect("a list").is_empty(), "nothing is left");
}

#[tokio::test]
async fn no_interpreter_says_what_was_found() {
    let bench = Bench::new("");
    let wanted = Requirements { python: "<3.0".parse().expect("a range"), ..Requirements::default() };
    let problem = bench.prepare(&bench.environments(pip()), &wanted).await.expect_err("none");
    assert_eq!(problem.code, Code::InterpreterNotFound);
    let start = "no Python interpreter on this machine satisfies `<3.0`: found Python 3.";
    assert!(problem.message.starts_with(start), "{}", problem.message);
}

#[tokio::test]
async fn an_unknown_command_is_refused_before_anything_is_made() {
    let bench = Bench::new("");
    let envs = bench.environments(pip());
    let problem = bench.prepare(&envs, &commands(&["make all"])).await.expect_err("refused");
    assert_eq!(problem.code, Code::InstallRefused);
    assert_eq!(
        problem.message,
        "the install command `make all` is not run: it is neither `pip install`, `uv pip install` nor `uv sync`"
    );
    assert!(envs.list().expect("a list").is_empty());
}
