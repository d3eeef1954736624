//! Versions: what the hash covers, what a snapshot holds and what cannot be one.

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use mainspring_agent::{BYTES_MAX, DATA_MARKER, FILES_MAX, copy_working, read};
use mainspring_types::{Code, Hash};
use tempfile::TempDir;

use super::{fixture, folder, write};

/// An agent's folder with one program of two lines and a module.
fn agent() -> TempDir {
    let folder = folder();
    write(folder.path(), "agent.yaml", "kind: Agent\nname: a\nsteps: [{id: a, run: [./run]}]\n");
    write(folder.path(), "run", "#!/bin/sh\n");
    write(folder.path(), "lib/words.py", "words = []\n");
    folder
}

fn hash(folder: &Path) -> Hash {
    read(folder).expect("an agent").hash().expect("a version")
}

fn refusal(folder: &Path) -> String {
    let problem = read(folder).expect("an agent").hash().expect_err("no version");
    assert_eq!(problem.code, Code::InvalidTree);
    problem.message
}

#[test]
fn whatever_an_agent_does_changes_the_hash() {
    let folder = agent();
    let mut seen = vec![hash(folder.path())];
    let mut changed = |change: &dyn Fn(&Path)| {
        change(folder.path());
        let now = hash(folder.path());
        assert!(!seen.contains(&now));
        seen.push(now);
    };
    changed(&|at| write(at, "lib/words.py", "words = [1]\n"));
    changed(&|at| fs::set_permissions(at.join("run"), fs::Permissions::from_mode(0o755)).expect("a mode"));
    changed(&|at| fs::rename(at.join("lib"), at.join("lib2")).expect("a name"));
    changed(&|at| symlink("run", at.join("link")).expect("a link"));
    changed(&|at| fs::create_dir(at.join("empty")).expect("a folder"));
}

#[test]
fn environments_and_caches_are_no_part_of_a_version() {
    let folder = agent();
    let before = hash(folder.path());
    for cache in [".venv/bin/python", "lib/__pycache__/a.pyc", ".git/HEAD", "node_modules/a/b", "lib/old.pyc"]
    {
        write(folder.path(), cache, "x");
    }
    symlink("/usr/bin/python3", folder.path().join("venv")).expect("a link");
    assert_eq!(hash(folder.path()), before);
}

#[test]
fn a_snapshot_is_the_same_agent_and_is_made_once() {
    let (folder, store) = (agent(), folder());
    symlink("words.py", folder.path().join("lib/link.py")).expect("a link");
    fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700)).expect("a mode");
    let source = read(folder.path()).expect("an agent");
    let snapshot = source.materialise(store.path()).expect("a snapshot");
    assert_eq!(source.materialise(store.path()), Ok(snapshot.clone()));
    assert_eq!(fs::read_dir(store.path()).expect("readable").count(), 1);
    let copy = read(&snapshot.entry).expect("an agent");
    assert_eq!((copy.hash(), &copy.shape), (Ok(snapshot.hash), &source.shape));
    assert_eq!(
        fs::metadata(snapshot.folder.join("run")).expect("a file").permissions().mode() & 0o777,
        0o755
    );
    assert_eq!(fs::read_link(snapshot.folder.join("lib/link.py")).expect("a link"), Path::new("words.py"));
}

#[test]
fn editing_the_source_or_a_working_copy_leaves_the_snapshot_alone() {
    let (folder, store) = (agent(), folder());
    let snapshot = read(folder.path()).expect("an agent").materialise(store.path()).expect("a snapshot");
    let work = store.path().join("work");
    copy_working(&snapshot.folder, &work).expect("a copy");
    write(&work, "lib/words.py", "changed");
    write(folder.path(), "lib/words.py", "changed");
    assert_eq!(fs::read_to_string(snapshot.folder.join("lib/words.py")).expect("a file"), "words = []\n");
    assert_eq!(read(&snapshot.entry).expect("an agent").hash(), Ok(snapshot.hash));
    assert_eq!(copy_working(&snapshot.folder, &work).expect_err("it exists").code, Code::DataInaccessible);
}

#[test]
fn a_program_is_a_version_without_its_neighbours() {
    let (store, tool) = (folder(), read(&fixture("tell.sh")).expect("a program"));
    let snapshot = tool.materialise(store.path()).expect("a snapshot");
    assert_eq!(fs::read_dir(&snapshot.folder).expect("readable").count(), 1);
    assert_eq!(read(&snapshot.entry).expect("a program").hash(), Ok(snapshot.hash));
}

#[test]
fn a_link_out_of_the_folder_is_refused() {
    let folder = agent();
    symlink("../../etc", folder.path().join("lib/out")).expect("a link");
    assert_eq!(refusal(folder.path()), "the link `lib/out` leads to `../../etc`, out of the agent's folder");
    fs::remove_file(folder.path().join("lib/out")).expect("gone");
    // As written each of these stays inside; together they lead out.
    let outer = agent();
    let inner = outer.path().join("inner");
    fs::rename(folder.path(), &inner).expect("a name");
    symlink("..", inner.join("lib/up")).expect("a link");
    symlink("lib/up/../run", inner.join("sly")).expect("a link");
    assert_eq!(refusal(&inner), "the link `sly` leads to `lib/up/../run`, out of the agent's folder");
}

#[test]
fn a_data_folder_in_the_agents_folder_is_left_out() {
    let folder = agent();
    let (source, data) = (read(folder.path()).expect("an agent"), folder.path().join("data"));
    let before = hash(folder.path());
    let refused = source.materialise(&data.join("versions")).expect_err("it would hold itself");
    assert!(refused.message.contains("which is in the agent's folder"), "{refused}");
    write(&data, DATA_MARKER, "");
    let snapshot = source.materialise(&data.join("versions")).expect("a snapshot");
    assert_eq!((snapshot.hash, hash(folder.path())), (before, before));
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = agent();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("sock")).expect("a socket");
    assert_eq!(refusal(folder.path()), "`sock` is a socket, pipe or device, which no version can hold");
}

#[test]
fn a_tree_over_the_caps_names_what_is_largest() {
    let folder = agent();
    let large = File::create(folder.path().join("model.bin")).expect("a file");
    large.set_len(BYTES_MAX).expect("a sparse file");
    assert_eq!(
        refusal(folder.path()),
        "the agent's files are 200.0 MB, more than 200.0 MB; the largest is `model.bin`, 200.0 MB"
    );
    large.set_len(0).expect("a length");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    for number in 0..FILES_MAX {
        File::create(folder.path().join("data").join(number.to_string())).expect("a file");
    }
    assert!(refusal(folder.path()).contains("holds more than 10000 files; the most"));
}
