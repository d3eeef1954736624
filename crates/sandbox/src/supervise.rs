//! The supervisor: the process between the server and one agent's tree.
//!
//! It takes one order from its standard input, which is the socket to the server, brings the tree up, waits until
//! nothing of it is left, removes its cgroups and says what it used. It starts no thread and no async runtime: it forks.

mod agent;
mod enclose;
mod hide;
mod init;
mod landlock;
mod namespaces;
mod probe;
mod sockets;
mod sweep;

use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::net::UnixStream},
    process::exit,
};

use rustix::process::{PidfdFlags, WaitOptions, getpid, pidfd_open, set_child_subreaper, setsid, waitpid};

use crate::{
    cgroup::Leaf,
    sys::{Fork, fork, usage_of_children},
    wire::{self, During, Event, Fault, Order, Plan, Program, Stage, Tree, Usage},
};

/// Supervises one program and exits. What `mainspring supervise` does, before anything else of that process.
///
/// No thread may run yet. The standard input must be the socket that a [`Launcher`](crate::Launcher) gave it.
pub fn supervise() -> ! {
    let code = match serve() {
        Ok(()) => 0,
        // There is nobody to tell: the server went away, or somebody started this by hand.
        Err(_) => 2,
    };
    exit(code)
}

fn serve() -> io::Result<()> {
    let mut server = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // A session of its own keeps the terminal's Ctrl-C and hang-up away. It fails for a leader, which has one already.
    let _ = setsid();
    match wire::receive(&mut server)? {
        (Order::Probe(leaves), _) => wire::send(&server, &Event::Probed(probe::means(&leaves))),
        (Order::Start(plan), program) => {
            if let Err(fault) = watch(&server, &plan, program) {
                wire::send(&server, &Event::Failed(fault));
            }
            let usage = usage(&plan.leaves);
            plan.leaves.iter().for_each(Leaf::remove);
            wire::send(&server, &Event::Gone(usage));
        }
    }
    Ok(())
}

/// Brings the tree up and returns when nothing of it is left.
fn watch(server: &UnixStream, plan: &Plan, program: Program) -> Result<(), Fault> {
    // Opened here, because the rights that count are those of the opener.
    let entrances: Result<Vec<File>, _> = plan.leaves.iter().map(Leaf::entrance).collect();
    let entrances = entrances.during(Stage::Confine, "open the cgroup")?;
    let supervisor =
        pidfd_open(getpid(), PidfdFlags::empty()).during(Stage::Confine, "open the supervisor")?;
    match plan.tree {
        Tree::Namespace { entry, .. } => namespaces::enter(entry)?,
        Tree::Subreaper => {
            set_child_subreaper(Some(getpid())).during(Stage::Confine, "become a subreaper")?;
        }
    }
    let init = match fork().during(Stage::Confine, "fork init")? {
        Fork::Child => init::run(init::Post { server, supervisor, plan, program, entrances }),
        Fork::Parent(pid) => {
            // Its input too: a writer is to learn that the agent no longer reads.
            drop(program);
            pid
        }
    };
    let released = release_output();
    // Interrupted or not, a child that is known ends once.
    while matches!(waitpid(Some(init), WaitOptions::empty()), Err(rustix::io::Errno::INTR)) {}
    if plan.tree == Tree::Subreaper {
        sweep::descendants();
    }
    released.during(Stage::Confine, "release the output")
}

/// Lets go of the agent's output, so that its readers see the end when the agent's tree is gone.
fn release_output() -> io::Result<()> {
    let null = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

fn usage(leaves: &[Leaf]) -> Usage {
    let (cpu, largest) = usage_of_children();
    Usage {
        peak_memory: leaves.iter().find_map(Leaf::peak_memory).or(Some(largest)),
        cpu,
        out_of_memory: leaves.iter().any(Leaf::ran_out_of_memory),
    }
}
