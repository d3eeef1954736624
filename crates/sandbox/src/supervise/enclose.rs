//! Confining a program to the places it was given, and to what any program needs: programs, devices that hold nothing,
//! and `/proc`, which it can only read.
//!
//! With mounts of its own it gets a root folder in which there is nothing else; with Landlock every other place is
//! refused. Both together are best: Landlock alone refuses neither the attributes of files nor sockets, so sockets are
//! then refused altogether, and a root of one's own alone rests on mounts only.

mod root;

use std::path::{Path, PathBuf};

use ::landlock::RulesetCreated;

use super::landlock::{self, Allowed, Reach};
use crate::{
    isolation::Confinement,
    wire::{During, Enclosure, Fault, Stage::Confine},
};

/// Where programs lie, what they load and what they look up. Those that are missing are left out.
const PROGRAMS: [&str; 11] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix",
    // Where the file that names the name servers may lie.
    "/run/systemd/resolve",
];

/// Devices that hold nothing of the machine's.
const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

/// Brings this process into the enclosure; what is returned holds the program to it.
pub(super) fn enclose(enclosure: &Enclosure) -> Result<Option<RulesetCreated>, Fault> {
    match enclosure.by {
        Confinement::Mounts => root::enter(enclosure).map(|()| None),
        Confinement::Both => {
            root::enter(enclosure)?;
            landlock::rules(within(enclosure), Reach::Own).map(Some)
        }
        Confinement::Landlock => landlock::rules(among_all(enclosure)?, Reach::Own).map(Some),
    }
}

/// Tries a root of one's own with nothing in it but programs.
pub(super) fn rehearse() -> Result<(), Fault> {
    root::enter(&Enclosure::empty())
}

/// In a root that holds nothing else, all may be read.
fn within(enclosure: &Enclosure) -> Allowed {
    let places = enclosure.write.iter().map(PathBuf::from);
    let own = DEVICES.into_iter().chain(["/dev/shm", "/tmp"]).map(PathBuf::from);
    Allowed { readable: vec!["/".into()], writable: places.chain(own).collect() }
}

/// Among all the machine's files. Rights add up on the way to a file, so what is exempt has to be gone around.
fn among_all(enclosure: &Enclosure) -> Result<Allowed, Fault> {
    let hidden: Vec<&Path> = enclosure.hidden.iter().map(Path::new).collect();
    let read: Vec<&Path> = enclosure.read.iter().map(Path::new).collect();
    let mut allowed = Allowed::default();
    let list = "list what it may use";
    for path in PROGRAMS.into_iter().chain(["/proc"]).map(Path::new).filter(|path| path.exists()) {
        landlock::around(path, &hidden, &mut allowed.readable).during(Confine, list)?;
    }
    for path in &read {
        let exempt = below(path, &hidden);
        landlock::around(path, &exempt, &mut allowed.readable).during(Confine, list)?;
    }
    for path in enclosure.write.iter().map(Path::new) {
        let exempt = [below(path, &hidden), below(path, &read)].concat();
        landlock::around(path, &exempt, &mut allowed.writable).during(Confine, list)?;
    }
    allowed.writable.extend(DEVICES.map(PathBuf::from));
    Ok(allowed)
}

fn below<'a>(path: &Path, places: &[&'a Path]) -> Vec<&'a Path> {
    places.iter().copied().filter(|place| *place != path && place.starts_with(path)).collect()
}
