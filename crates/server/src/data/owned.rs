//! A data folder in the hands of this process.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt};

use mainspring_api::client::socket::Reach;
use mainspring_types::Problem;
use tokio::net::UnixListener;

use super::{AdminKey, Announcement, Folder, files, lock::Lock, remove};

/// A data folder that this process owns until the value is dropped.
#[derive(Debug)]
pub struct Owned {
    folder: Folder,
    key: AdminKey,
    _lock: Lock,
}

impl Owned {
    pub(super) fn take(folder: &Folder, doing: &str) -> Result<Self, Problem> {
        let within = [folder.blobs(), folder.versions(), folder.envs(), folder.work()];
        files::prepare(folder.root(), &within.each_ref().map(AsRef::as_ref))?;
        let lock = Lock::take(folder.root(), &folder.lock_file(), doing)?;
        // Before the lock is held these may be in use; from here on they are an owner's that has died.
        for left in [folder.control_socket(), folder.announcement_file()] {
            remove(&left).map_err(|error| files::inaccessible("remove", &left, &error))?;
        }
        let key = AdminKey::made(&folder.key_file())?;
        Ok(Self { folder: folder.clone(), key, _lock: lock })
    }

    /// Where everything is.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The key that requests over TCP must carry.
    pub fn key(&self) -> &AdminKey {
        &self.key
    }

    /// Opens the control socket, by which other commands find this process.
    pub fn control(&self) -> Result<UnixListener, Problem> {
        let socket = self.folder.control_socket();
        let bind = || {
            remove(&socket)?;
            let listener = UnixListener::bind(Reach::to(&socket)?.path())?;
            std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        bind().map_err(|error| files::inaccessible("open the control socket", &socket, &error))
    }

    /// Notes where this process listens over TCP.
    pub fn announce(&self, listen: SocketAddr) -> Result<(), Problem> {
        let path = self.folder.announcement_file();
        let note = serde_json::to_vec(&Announcement { listen, pid: std::process::id() })
            .expect("an address and a number serialise");
        files::replace(&path, &note).map_err(|error| files::inaccessible("write", &path, &error))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // While the lock is still held. What cannot be removed is removed by the next owner.
        drop(remove(&self.folder.control_socket()));
        drop(remove(&self.folder.announcement_file()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(root: &tempfile::TempDir) -> Folder {
        Folder::at(&root.path().join("data")).expect("absolute")
    }

    #[test]
    fn a_second_owner_learns_who_the_first_is() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = folder(&root);
        let first = folder.own("mainspring serve").expect("free");
        let problem = folder.own("mainspring run").expect_err("owned");
        let (path, pid) = (folder.root().display(), std::process::id());
        let begin = format!("data folder `{path}` is owned by `mainspring serve` (process {pid}, since 2");
        assert_eq!(
            (problem.code.as_str(), problem.message.starts_with(&begin)),
            ("E1401", true),
            "{problem}"
        );
        assert_eq!(
            problem.suggestion,
            Some(format!(
                "talk to it with `mainspring runs list`, stop it with `kill {pid}`, or name another folder with `--data DIR`"
            ))
        );
        drop(first);
        folder.own("mainspring run").expect("free again");
    }

    #[test]
    fn an_owner_without_a_note_is_another_process() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = folder(&root);
        let _first = folder.own("mainspring serve").expect("free");
        std::fs::write(folder.lock_file(), "").expect("writes");
        let problem = folder.own("mainspring run").expect_err("owned");
        let path = folder.root().display();
        assert_eq!(problem.message, format!("data folder `{path}` is owned by another process"));
    }

    #[tokio::test]
    async fn what_a_dead_owner_left_is_replaced_and_nothing_stays_behind() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = folder(&root);
        let address = "127.0.0.1:7117".parse().expect("an address");
        drop(folder.own("made").expect("free"));
        std::fs::write(folder.control_socket(), "left").expect("writes");
        let owned = folder.own("again").expect("free");
        owned.control().expect("binds");
        owned.announce(address).expect("writes");
        assert_eq!(folder.announced().map(|note| note.listen), Some(address));
        drop(owned);
        assert!(!folder.control_socket().exists() && folder.announced().is_none());
    }

    #[tokio::test]
    async fn the_control_socket_opens_at_the_end_of_a_long_path() {
        let root = tempfile::tempdir().expect("a folder");
        let long = root.path().join("d".repeat(120));
        let owned = Folder::at(&long).expect("absolute").own("test").expect("free");
        let listener = owned.control().expect("binds");
        let reach = Reach::to(&owned.folder().control_socket()).expect("the folder is there");
        tokio::net::UnixStream::connect(reach.path()).await.expect("connects");
        listener.accept().await.expect("accepts");
    }
}
