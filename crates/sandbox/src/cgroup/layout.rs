//! Where this machine keeps its control groups, read from `/proc`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// What a control group controls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Controller {
    Memory,
    Pids,
}

impl Controller {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Pids => "pids",
        }
    }
}

/// The kernel's two forms of control groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Version {
    V1,
    V2,
}

/// The mounted hierarchy that has a controller.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Hierarchy {
    pub(crate) version: Version,
    pub(crate) mount: PathBuf,
    /// This process's own group.
    own: PathBuf,
}

impl Hierarchy {
    /// Groups in which leaves might be made, nearest first.
    ///
    /// On v2 a group that holds processes cannot give controllers to its children, so its ancestors follow.
    pub(crate) fn candidates(&self) -> Vec<PathBuf> {
        let ancestors =
            self.own.ancestors().take_while(|dir| dir.starts_with(&self.mount)).map(Path::to_owned);
        match self.version {
            Version::V1 => ancestors.take(1).collect(),
            Version::V2 => ancestors.collect(),
        }
    }
}

/// Finds the hierarchy of a controller, or says why there is none.
pub(crate) fn find(controller: Controller) -> Result<Hierarchy, String> {
    let read = |file: &str| fs::read_to_string(file).map_err(|error| format!("{file}: {error}"));
    let mut hierarchy = parse(controller, &read("/proc/self/mountinfo")?, &read("/proc/self/cgroup")?)
        .ok_or_else(|| format!("no cgroup file system with `{}` is mounted", controller.as_str()))?;
    if !hierarchy.own.is_dir() {
        hierarchy.own.clone_from(&hierarchy.mount);
    }
    let offered = fs::read_to_string(hierarchy.mount.join("cgroup.controllers")).unwrap_or_default();
    if hierarchy.version == Version::V2 && !offered.split_whitespace().any(|name| name == controller.as_str())
    {
        return Err(format!("the cgroup file system does not offer `{}`", controller.as_str()));
    }
    Ok(hierarchy)
}

/// Every mounted file system of control groups.
pub(crate) fn mounts() -> Vec<PathBuf> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let groups = mountinfo.lines().filter_map(Mount::parse).filter(|mount| mount.kind.starts_with("cgroup"));
    groups.map(|mount| mount.target.into()).collect()
}

fn parse(controller: Controller, mountinfo: &str, cgroup: &str) -> Option<Hierarchy> {
    let mounts = || mountinfo.lines().filter_map(Mount::parse);
    let v1 = mounts().find(|m| m.kind == "cgroup" && m.options.split(',').any(|o| o == controller.as_str()));
    let (version, mount) = match v1 {
        Some(mount) => (Version::V1, mount),
        None => (Version::V2, mounts().find(|m| m.kind == "cgroup2")?),
    };
    let path = cgroup.lines().find_map(|line| own_path(line, version, controller)).unwrap_or("/");
    // A path that is not below the mount's root belongs to a namespace whose groups are not visible here.
    let below = path.strip_prefix(mount.root.trim_end_matches('/')).filter(|path| !path.contains("/.."));
    let own = Path::new(mount.target).join(below.unwrap_or("").trim_matches('/'));
    Some(Hierarchy { version, mount: mount.target.into(), own: own.components().collect() })
}

/// The path in a line such as `8:pids:/user`; on v2 the line is `0::/user`.
fn own_path(line: &str, version: Version, controller: Controller) -> Option<&str> {
    let mut fields = line.splitn(3, ':');
    let (_, names, path) = (fields.next()?, fields.next()?, fields.next()?);
    match version {
        Version::V1 => names.split(',').any(|name| name == controller.as_str()),
        Version::V2 => names.is_empty(),
    }
    .then_some(path)
}

/// The fields of a line of `mountinfo` that matter here.
struct Mount<'a> {
    root: &'a str,
    target: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (place, system) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let mut system = system.split(' ');
        Some(Self {
            root: place.next()?,
            target: place.next()?,
            kind: system.next()?,
            options: system.nth(1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mountinfo: &str, cgroup: &str, version: Version, own: &str) {
        let hierarchy = parse(Controller::Pids, mountinfo, cgroup).expect("a hierarchy");
        assert_eq!((hierarchy.version, hierarchy.own.as_path()), (version, Path::new(own)));
    }

    const V1: &str = "30 24 0:26 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids";
    const V2: &str = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";

    #[test]
    fn v1_and_v2_are_told_apart() {
        check(V1, "8:pids:/a/b\n0::/c", Version::V1, "/sys/fs/cgroup/pids/a/b");
        check(V2, "0::/user.slice/x.scope", Version::V2, "/sys/fs/cgroup/user.slice/x.scope");
    }

    #[test]
    fn the_view_of_a_container_is_its_mount() {
        let docker = V1.replace("0:26 / ", "0:26 /docker/1f ");
        check(&docker, "8:pids:/docker/1f/x", Version::V1, "/sys/fs/cgroup/pids/x");
        check(&docker, "8:pids:/elsewhere", Version::V1, "/sys/fs/cgroup/pids");
        check(V1, "8:pids:/../..", Version::V1, "/sys/fs/cgroup/pids");
    }

    #[test]
    fn candidates_end_at_the_mount() {
        let v2 = parse(Controller::Memory, V2, "0::/a/b").expect("a hierarchy");
        let expected = ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"].map(PathBuf::from);
        assert_eq!(v2.candidates(), expected);
    }
}
