//! Large values: files named by the hash of their content, one folder a tenant.
//!
//! A blob is durable, file and folder synced, before [`Blobs::put`] returns; the caller pins it in the ledger before
//! and refers to it in the commit that names it. A file is never changed: putting the same bytes again finds it.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use mainspring_types::{Digest, Hash, TenantId};

use crate::Fault;

/// The blobs of a data folder.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// The blobs below `root`, which is made when it is not there.
    pub fn open(root: &Path) -> Result<Self, Fault> {
        fs::create_dir_all(root).map_err(|error| Fault::io(&error))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Stores `bytes` under `hash`, durably.
    pub fn put(&self, tenant: &TenantId, hash: &Hash, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.path(tenant, hash);
        if path.exists() {
            return Ok(());
        }
        self.write(&path, bytes).map_err(|error| Fault::io(&error))
    }

    /// The bytes of a blob. Bytes that no longer have their hash are damage.
    pub fn get(&self, tenant: &TenantId, digest: &Digest) -> Result<Vec<u8>, Fault> {
        let path = self.path(tenant, &digest.hash);
        let bytes = fs::read(&path).map_err(|error| Fault::io(&error))?;
        if Hash::of(&bytes) == digest.hash {
            Ok(bytes)
        } else {
            Err(Fault::Corrupt { detail: format!("blob `{}` does not have its hash", path.display()) })
        }
    }

    fn path(&self, tenant: &TenantId, hash: &Hash) -> PathBuf {
        let name = hash.to_hex();
        self.root.join(tenant.as_str()).join(&name[..2]).join(name)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let folder = path.parent().expect("a blob lies in a folder");
        make_durably(folder, &self.root)?;
        let staged = folder.join(format!(".{}.{}", std::process::id(), unique()));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&staged)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&staged, path)?;
            File::open(folder)?.sync_all()
        })();
        if written.is_err() {
            // The failure is reported; what could not be written must not fill the disk as well.
            let _ = fs::remove_file(&staged);
        }
        written
    }
}

/// Makes `folder` and its parents down from `root`, each entry synced.
fn make_durably(folder: &Path, root: &Path) -> std::io::Result<()> {
    if folder.is_dir() || folder == root {
        return Ok(());
    }
    let parent = folder.parent().expect("a folder below the root has a parent");
    make_durably(parent, root)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(parent)?.sync_all(),
    }
}

fn unique() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use mainspring_types::{Media, Value};

    use super::*;

    #[test]
    fn a_blob_reads_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::open(folder.path()).expect("opens");
        let tenant = TenantId::sole();
        let text = "x".repeat(20_000);
        let digest = Value::Text(text.clone()).digest();
        assert_eq!(digest.media, Media::Text);
        blobs.put(&tenant, &digest.hash, text.as_bytes()).expect("stored");
        blobs.put(&tenant, &digest.hash, text.as_bytes()).expect("stored again");
        assert_eq!(blobs.get(&tenant, &digest).expect("read"), text.as_bytes());
        fs::write(blobs.path(&tenant, &digest.hash), "y").expect("damaged");
        assert!(matches!(blobs.get(&tenant, &digest), Err(Fault::Corrupt { .. })));
    }

    #[test]
    fn tenants_do_not_see_each_others_blobs() {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::open(folder.path()).expect("opens");
        let other = TenantId::new("other").expect("a slug");
        let digest = Value::Text("secret".into()).digest();
        blobs.put(&TenantId::sole(), &digest.hash, b"secret").expect("stored");
        assert!(blobs.get(&other, &digest).is_err());
    }
}
