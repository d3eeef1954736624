//! Tests of what a plan takes from requirements and from the tree.

use super::*;

fn wants(lines: &[&str]) -> Requirements {
    let commands = lines.iter().map(|line| InstallCommand::parse(line).expect(line)).collect();
    Requirements { commands, ..Requirements::default() }
}

fn plan(requirements: &Requirements) -> Plan {
    Plan::of(requirements, Path::new("/nowhere"), AllowInstall::Recognised).expect("a plan")
}

#[test]
fn what_ours_has_done_is_skipped_and_where_to_is_ours() {
    let lines =
        ["python -m ensurepip", "pip install uv", "uv venv .venv", "uv pip install --system requests"];
    let commands = plan(&wants(&lines)).commands;
    assert_eq!(commands, [InstallCommand::Install(vec!["requests".into()])]);
}

#[test]
fn packages_come_before_the_requirements_file() {
    let mut wanted = Requirements {
        packages: vec!["requests>=2".into()],
        requirements_file: Some("requirements.txt".into()),
        ..Requirements::default()
    };
    let shown =
        |wanted: &Requirements| plan(wanted).commands.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&wanted), ["pip install requests>=2"]);
    wanted.packages.clear();
    assert_eq!(shown(&wanted), ["pip install -r requirements.txt"]);
    assert!(plan(&Requirements::default()).commands.is_empty());
}

#[test]
fn the_tree_counts_only_when_it_is_installed() {
    let from_tree = [
        "pip install -e .",
        "pip install .[dev]",
        "pip install ./pkg",
        "uv sync",
        "pip install a @ file:x.whl",
    ];
    for line in from_tree {
        assert_eq!(plan(&wants(&[line])).tree, Tree::Installed, "{line}");
    }
    let from_index = [
        "pip install requests",
        "pip install --index-url https://example.org/simple a",
        "pip install git+https://example.org/a",
    ];
    for line in from_index {
        assert_eq!(plan(&wants(&[line])).tree, Tree::Unused, "{line}");
    }
}

#[test]
fn requirements_files_are_followed_inside_the_tree() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("requirements.txt", "requests # ./no\n# -e ./no\n-r deps/base.txt\n-r ../../etc/passwd\n");
    write("deps/base.txt", "-c more.txt\n-r ../requirements.txt\n");
    write("deps/more.txt", "httpx<1\n");
    let plan_now = || {
        let wanted = wants(&["pip install -r requirements.txt"]);
        Plan::of(&wanted, folder.path(), AllowInstall::Recognised).expect("a plan")
    };
    let names: Vec<_> = plan_now().files.into_keys().map(|path| path.display().to_string()).collect();
    assert_eq!(names, ["deps/base.txt", "deps/more.txt", "requirements.txt"]);
    assert_eq!(plan_now().tree, Tree::Unused);
    write("deps/more.txt", "-e ..\n");
    assert_eq!(plan_now().tree, Tree::Installed);
}

#[test]
fn unknown_commands_are_refused_until_they_are_allowed() {
    let wanted = wants(&["curl -LsSf https://astral.sh/uv/install.sh | sh"]);
    let refused = Plan::of(&wanted, Path::new("/"), AllowInstall::Recognised).expect_err("refused");
    assert_eq!(refused.code, Code::InstallRefused);
    assert_eq!(
        refused.message,
        "the install command `curl -LsSf https://astral.sh/uv/install.sh | sh` is not run: \
         it is neither `pip install`, `uv pip install` nor `uv sync`"
    );
    assert!(Plan::of(&wanted, Path::new("/"), AllowInstall::Any).is_ok());
    let elsewhere = wants(&["pip install --target=/opt a"]);
    let refused = Plan::of(&elsewhere, Path::new("/"), AllowInstall::Recognised).expect_err("refused");
    assert!(refused.message.ends_with("it names a place of its own to install to"), "{}", refused.message);
}
