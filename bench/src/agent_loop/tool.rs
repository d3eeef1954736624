//! The tool of a step: `read_file` on a file of 1 KB, called as a function.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use mainspring_agent::Limits;
use mainspring_sandbox::Launcher;
use mainspring_tools::{Ended, Surroundings, file_system};
use mainspring_worker::Reach;

use crate::{
    peer::model,
    w1::{PAYLOAD, STEPS},
};

/// The files that a run reads, in a folder that all runs share.
pub(super) fn files(folder: &Path) -> PathBuf {
    let files = folder.join("files");
    fs::create_dir_all(&files).expect("a folder");
    for step in 0..STEPS {
        fs::write(files.join(format!("{step}.txt")), PAYLOAD.as_str()).expect("a file is written");
    }
    files
}

/// Calls the tool as the product's worker does, without anything around it.
pub(super) async fn call(step: usize, files: &Path, launcher: &Launcher) {
    let around = Surroundings {
        workspace: files,
        home: files,
        tmp: files,
        agent_folder: files,
        hidden: &[],
        launcher,
        limits: &Limits::default(),
        env: &BTreeMap::new(),
        timeout: Duration::from_mins(5),
        idempotency_key: "",
        read: None,
        write: None,
        reach: &Reach::default(),
        hosts: None,
    };
    let ended = file_system::run("read_file", &model::file(step), &around).await;
    assert!(matches!(ended, Ended::Returned { error: false, .. }), "{ended:?}");
}
