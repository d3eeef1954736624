//! Finding out what this machine gives: cgroups from here, all else by a supervisor that tries it.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio_util::task::TaskTracker;

use super::{Launcher, supervisor};
use crate::{
    cgroup::{self, Controller, Leaf, Place, next_name},
    spec::Limits,
    wire::{self, Event, Landlock, Means, Order, Privileges, Program, Tree},
};

/// What stands in the way of everything when no supervisor could be asked.
const NO_ANSWER: &str = "no supervisor could try it";

/// A launcher with all that was found to work.
pub(super) fn launcher(exe: PathBuf) -> Launcher {
    let places = [Controller::Memory, Controller::Pids].map(Place::find);
    places.iter().flatten().for_each(Place::remove_leftovers);
    let name = next_name();
    let trials: [Result<_, String>; 2] = places.map(|place| {
        let place = place?;
        let leaf = place.make(&name, &Limits::default()).map_err(|error| error.to_string())?;
        Ok((place, leaf))
    });
    let leaves: Vec<Leaf> = trials.iter().flatten().map(|(_, leaf)| leaf.clone()).collect();
    let means = ask(&exe, &leaves).unwrap_or_else(Means::none);
    leaves.iter().for_each(Leaf::remove);
    let mut refusals = means.cgroups.iter();
    let [memory, pids] = trials.map(|trial| {
        let (place, _) = trial?;
        match refusals.next() {
            Some(None) => Ok(place),
            Some(Some(refusal)) => Err(refusal.clone()),
            None => Err(NO_ANSWER.into()),
        }
    });
    Launcher { exe, means, memory, pids, frozen: cgroup::mounts(), watches: TaskTracker::new() }
}

/// Has a supervisor try this machine; or says why it could not be asked.
fn ask(exe: &Path, leaves: &[Leaf]) -> Result<Means, String> {
    let (mut ours, theirs) = UnixStream::pair().map_err(|error| error.to_string())?;
    let mut process = supervisor(exe, theirs)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("supervisor `{}` could not be started: {error}", exe.display()))?;
    let mut answer = String::new();
    let asked = ours
        .write_all(&wire::encode(&Order::Probe(leaves.to_vec()), &Program::default()))
        .and_then(|()| ours.read_to_string(&mut answer));
    let _ = process.wait();
    match asked.ok().and_then(|_| serde_json::from_str(&answer).ok()) {
        Some(Event::Probed(means)) => Ok(means),
        _ => Err(format!("supervisor `{}` did not answer", exe.display())),
    }
}

impl Means {
    fn none(obstacle: String) -> Self {
        Self {
            tree: Tree::Subreaper,
            obstacles: vec![obstacle],
            landlock: Landlock::Missing,
            root: Err(NO_ANSWER.into()),
            privileges: Privileges::Keep,
            cgroups: Vec::new(),
        }
    }
}
