//! Where Postgres is on this machine, and as whom it may run.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::Missing;

/// A user that the server may run as when the tests run as root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub user: u32,
    pub group: u32,
}

/// The folder of `initdb` and `postgres`: Debian's newest, or else one in `PATH` or `/usr/local/bin`.
pub(super) fn programs() -> Result<PathBuf, Missing> {
    let path = env::var_os("PATH").unwrap_or_default();
    debian(Path::new("/usr/lib/postgresql"))
        .into_iter()
        .chain(env::split_paths(&path))
        .chain(["/usr/local/bin".into()])
        .find(|folder| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file()))
        .ok_or(Missing { what: "`postgres`", remedy: "install the package `postgresql`" })
}

/// Debian keeps one folder a major version, outside `PATH`; the newest comes first.
fn debian(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable();
    versions.iter().rev().map(|version| root.join(version.to_string()).join("bin")).collect()
}

/// Whom to run the server as, or `None` to run it as oneself.
pub(super) fn account() -> Result<Option<Account>, Missing> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account = ["postgres", "nobody"].iter().find_map(|name| account_named(name, &users));
    account.map(Some).ok_or(Missing {
        what: "a user `postgres` or `nobody`",
        remedy: "install the package `postgresql`, which makes one, or run the tests without being root",
    })
}

fn account_named(name: &str, users: &str) -> Option<Account> {
    let mut fields = users.lines().map(|line| line.split(':')).find_map(|mut fields| {
        let found = fields.next()? == name;
        found.then_some(fields)
    })?;
    let user = fields.nth(1)?.parse().ok()?;
    Some(Account { user, group: fields.next()?.parse().ok()? })
}

/// The command line that runs `program` as the account, with none of root's rights left.
pub(super) fn as_account(account: Option<&Account>, program: PathBuf) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    if let Some(Account { user, group }) = account {
        words.extend(["setpriv".into(), format!("--reuid={user}").into(), format!("--regid={group}").into()]);
        words.extend(["--clear-groups".into(), "--inh-caps=-all".into(), "--".into()]);
    }
    words.push(program.into());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for version in ["9", "15", "common"] {
            fs::create_dir(root.path().join(version)).expect("make");
        }
        assert_eq!(debian(root.path()), [root.path().join("15/bin"), root.path().join("9/bin")]);
    }

    #[test]
    fn an_account_is_read_from_the_list_of_users() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104::/var/lib/postgresql:/bin/sh\n";
        assert_eq!(account_named("postgres", users), Some(Account { user: 101, group: 104 }));
        assert_eq!(account_named("nobody", users), None);
    }
}
