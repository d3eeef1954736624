//! What is refused, in the words people see, with the exit code of its family.

mod agents;
mod folder;
mod wire;

use std::fs;

use crate::harness::{Stage, Told};

/// How the binary ended and its last error block.
fn told(told: &Told) -> String {
    format!("exit code {}\n{}", told.code().expect("it ends by itself"), told.error())
}

/// A package with one method `go` that takes `text`; `more` is added to its manifest.
fn package(stage: &Stage, more: &str, program: &str) -> String {
    let folder = stage.path("package");
    fs::create_dir_all(&folder).expect("makes a folder");
    let manifest = "name: package\nversion: 1.0.0\ndescription: For tests\nauthor: tests\ninterface:\n  methods:\n    \
                    go:\n      description: Goes\n      parameters: {text: {type: string, default: a}}\n";
    fs::write(folder.join("agent.yaml"), format!("{manifest}{more}")).expect("writes");
    fs::write(folder.join("agent.py"), program).expect("writes");
    folder.to_str().expect("plain").to_owned()
}

/// Writes the settings of a stage; packages are built by pip, which every Python brings.
fn settings(stage: &Stage, more: &str) {
    fs::create_dir_all(stage.data()).expect("makes a folder");
    fs::write(stage.data().join("config.toml"), format!("uv = \"off\"\n{more}")).expect("writes");
}
