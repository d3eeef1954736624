//! Secrets that must not come out anywhere, and where to look for them.

use std::{fs, path::Path};

/// What must not come out, by name.
pub(crate) struct Secrets(pub(crate) Vec<(&'static str, String)>);

impl Secrets {
    /// Panics when one of the secrets is in `bytes`.
    pub(crate) fn assert_absent(&self, place: &str, bytes: &[u8]) {
        for (name, secret) in &self.0 {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} is in {place}");
        }
    }

    /// The same for every file below `folder`, but for those named.
    pub(crate) fn assert_absent_below(&self, folder: &Path, except: &[&str]) {
        for entry in fs::read_dir(folder).expect("lists").flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("Linux tells"));
            if except.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            if kind.is_dir() {
                self.assert_absent_below(&path, except);
            } else if kind.is_file() {
                self.assert_absent(&path.display().to_string(), &fs::read(&path).expect("reads"));
            }
        }
    }
}
