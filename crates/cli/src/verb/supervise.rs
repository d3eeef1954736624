//! `mainspring supervise`: the process between the server and an agent. Started by the server, never by people.

/// Whether this process was started as a supervisor.
pub(crate) fn is_asked() -> bool {
    std::env::args_os().nth(1).is_some_and(|verb| verb == "supervise")
}

/// Supervises one agent until nothing of it is left.
pub(crate) fn run() -> ! {
    mainspring_sandbox::supervise()
}
