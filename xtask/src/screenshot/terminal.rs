//! A terminal without a window: a program runs in it, and its screen can be read and typed at.
//!
//! The program is killed with the value.

use std::{
    fs::File,
    io::{self, Read, Write},
    num::NonZero,
    os::fd::OwnedFd,
    process::{Child, Command},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// How long anything may take to be shown, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// How large a terminal is.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) rows: NonZero<u16>,
    pub(super) columns: NonZero<u16>,
}

/// A terminal with a program in it.
pub(super) struct Terminal {
    keyboard: File,
    shown: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    program: Child,
}

/// Why a session could not be played to its end.
#[derive(Debug)]
pub(super) enum PlayError {
    /// The terminal could not be had, or not be written to.
    Terminal(io::Error),
    /// The program ended or fell silent before these were on the screen.
    NeverShown { shown: &'static str, last: &'static str, screen: String },
}

impl std::fmt::Display for PlayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Terminal(error) => write!(f, "the terminal: {error}"),
            Self::NeverShown { shown, last, screen } => {
                write!(f, "the screen never had `{shown}`, and `{last}` in its last line:\n{screen}")
            }
        }
    }
}

impl From<io::Error> for PlayError {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

impl Terminal {
    /// Starts the program with a terminal as all three of its streams.
    pub(super) fn start(mut command: Command, size: Size) -> Result<Self, PlayError> {
        let (ours, theirs) = pair(size).map_err(io::Error::from)?;
        command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
        let program = command.spawn()?;
        // The command still holds the program's side, which would keep the terminal open after its end.
        drop(command);
        let (tell, shown) = channel();
        let mut screen = ours.try_clone()?;
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut bytes) {
                if tell.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let parser = vt100::Parser::new(size.rows, size.columns, 0);
        Ok(Self { keyboard: ours, shown, parser, program })
    }

    /// Waits until `shown` is on the screen and `last` in its last line, in a frame that is complete: the cursor is back.
    pub(super) fn wait_for(&mut self, shown: &'static str, last: &'static str) -> Result<(), PlayError> {
        let begun = Instant::now();
        loop {
            let screen = self.parser.screen().contents();
            let screen = screen.trim_end();
            let is_last = screen.lines().next_back().is_some_and(|line| line.contains(last));
            if is_last && screen.contains(shown) && !self.parser.screen().hide_cursor() {
                return Ok(());
            }
            match self.shown.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(PlayError::NeverShown { shown, last, screen: screen.to_owned() });
                }
            }
        }
    }

    /// Types.
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.keyboard.write_all(text.as_bytes())
    }

    /// What is shown now.
    pub(super) fn screen(&self) -> vt100::Screen {
        self.parser.screen().clone()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Both sides of a new terminal: ours, and the program's.
fn pair(size: Size) -> rustix::io::Result<(File, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let size = Winsize { ws_row: size.rows.get(), ws_col: size.columns.get(), ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&theirs, size)?;
    Ok((File::from(ours), theirs))
}
