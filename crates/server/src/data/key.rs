//! The key of HTTP requests: 256 random bits, made once, readable by the owner of the folder alone.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use mainspring_types::{Code, Hash, Problem, SecretString};
use rustix::rand::{GetRandomFlags, getrandom};

use super::files;

const KEY_BYTES: usize = 32;

/// The key; never printed.
#[derive(Clone, Debug)]
pub struct AdminKey {
    secret: SecretString,
    hash: Hash,
}

impl AdminKey {
    /// The key in `path`, made there if there is none. Only the owner of the folder may call this.
    pub(super) fn made(path: &Path) -> Result<Self, Problem> {
        if !path.exists() {
            let made = random().and_then(|key| files::replace(path, format!("{key}\n").as_bytes()));
            made.map_err(|error| files::inaccessible("make the key", path, &error))?;
        }
        Self::read(path)
    }

    /// The key in `path`.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let refused = |error: io::Error| files::inaccessible("read the key", path, &error);
        let mode = fs::metadata(path).map_err(refused)?.permissions().mode();
        let text = fs::read_to_string(path).map_err(refused)?;
        let key = text.trim_end();
        if mode & 0o077 != 0 {
            return Err(unusable(path, &format!("can be read by other users (mode {:04o})", mode & 0o7777)));
        }
        if key.len() < KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable(path, "holds no key"));
        }
        Ok(Self { hash: Hash::of(key.as_bytes()), secret: key.into() })
    }

    /// Whether `given` is the key, in a time that tells nothing about either.
    pub fn matches(&self, given: &[u8]) -> bool {
        // What the time of comparing two hashes tells does not lead back to a key.
        Hash::of(given) == self.hash
    }

    /// The key itself, for a client.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }
}

fn unusable(path: &Path, why: &str) -> Problem {
    Problem::new(Code::DataInaccessible, format!("the key in `{}` {why}", path.display()))
        .suggest(format!("delete it with `rm {}`: the next start makes a new one", path.display()))
}

fn random() -> io::Result<String> {
    let mut bytes = [0; KEY_BYTES];
    // So few bytes come whole once the kernel has seeded its generator, which the call waits for.
    getrandom(&mut bytes, GetRandomFlags::empty())?;
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("four bits");
    Ok(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

#[cfg(test)]
mod tests {
    use mainspring_types::ExposeSecret;

    use super::*;

    #[test]
    fn the_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("admin.key");
        let key = AdminKey::made(&path).expect("made");
        let again = AdminKey::made(&path).expect("read");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(again.matches(key.secret().expose_secret().as_bytes()));
        assert!(!again.matches(b"") && !again.matches(&[b'a'; 64]));
        assert_eq!(key.secret().expose_secret().len(), 64);
        assert!(!format!("{key:?}").contains(key.secret().expose_secret()));
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("admin.key");
        AdminKey::made(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("sets");
        let problem = AdminKey::read(&path).expect_err("refused");
        let name = path.display();
        assert_eq!(problem.message, format!("the key in `{name}` can be read by other users (mode 0644)"));
    }
}
