//! The server's log on standard error: text for a terminal, JSON lines for everything else.

use std::io::{self, IsTerminal};

use tracing_subscriber::{filter::LevelFilter, fmt};

use crate::output::Palette;

/// Starts the log of this process.
pub(super) fn start(level: LevelFilter, palette: Palette) {
    // What an MCP server has to say reaches us as lines of this library; it is asked for with `debug`.
    let of_servers = if level == LevelFilter::INFO { LevelFilter::WARN } else { level };
    let filter = format!("{level},rmcp={of_servers}");
    let log = fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    // A second log in one process would be refused; the first goes on.
    let _ = if io::stderr().is_terminal() {
        log.with_ansi(palette == Palette::Colour).compact().try_init()
    } else {
        log.with_ansi(false).json().flatten_event(true).try_init()
    };
}
