//! The terminal, key by key: what is typed is neither echoed nor held back until the line ends.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    sync::Arc,
    thread::{self, JoinHandle},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::OFlags,
    termios::{
        InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush,
        tcgetattr, tcsetattr,
    },
};
use tokio::sync::mpsc;

use super::{Key, Keys};

const PASTE_ON: &[u8] = b"\x1b[?2004h";
const PASTE_OFF: &[u8] = b"\x1b[?2004l";
/// More reads than these wait for nobody.
const AHEAD_MAX: usize = 64;

/// The keyboard, for as long as this value lives.
///
/// Ctrl-C and Ctrl-Z stay signals, so that they are handled in one place whether or not there is a keyboard.
pub(crate) struct Keyboard {
    terminal: Arc<File>,
    before: Termios,
    keys: Keys,
    read: mpsc::Receiver<Vec<u8>>,
    /// The reader ends with the pipe, so that it takes no key from whoever reads next.
    reader: Option<(PipeWriter, JoinHandle<()>)>,
}

impl Keyboard {
    /// The keyboard of whoever sits at this terminal; `None` when nobody does.
    pub(crate) fn open() -> Option<Self> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let flags = i32::try_from(OFlags::NOCTTY.bits()).ok()?;
        let terminal = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/tty").ok()?;
        let terminal = Arc::new(terminal);
        let before = tcgetattr(&*terminal).ok()?;
        let (ended, end) = io::pipe().ok()?;
        let (tell, read) = mpsc::channel(AHEAD_MAX);
        let source = Arc::clone(&terminal);
        let reader = thread::spawn(move || pass_on(&source, &ended, &tell));
        let keyboard = Self { terminal, before, keys: Keys::default(), read, reader: Some((end, reader)) };
        keyboard.take();
        Some(keyboard)
    }

    /// Takes the terminal, again after another program had it.
    pub(crate) fn take(&self) {
        let mut modes = self.before.clone();
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN;
        modes.input_modes -= InputModes::ICRNL | InputModes::INLCR | InputModes::IXON;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        // A key that ends the program at once would leave the terminal as it is now.
        modes.special_codes[SpecialCodeIndex::VQUIT] = 0;
        self.set(&modes, PASTE_ON);
    }

    /// Forgets what was typed before there was anything to answer.
    pub(crate) fn forget(&mut self) {
        let _ = tcflush(&*self.terminal, QueueSelector::IFlush);
        while self.read.try_recv().is_ok() {}
        self.keys = Keys::default();
    }

    /// What is pressed next; nothing any more once the terminal is gone. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Vec<Key> {
        loop {
            let Some(bytes) = self.read.recv().await else { return std::future::pending().await };
            let keys = self.keys.feed(&bytes);
            if !keys.is_empty() {
                return keys;
            }
        }
    }

    fn set(&self, modes: &Termios, paste: &[u8]) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(&*self.terminal, OptionalActions::Now, modes);
        let _ = (&*self.terminal).write_all(paste);
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some((end, reader)) = self.reader.take() {
            self.read.close();
            drop(end);
            let _ = reader.join();
        }
        self.set(&self.before, PASTE_OFF);
    }
}

/// Passes on what is typed, until the other end of `ended` is closed or the terminal is gone.
fn pass_on(mut terminal: &File, ended: &PipeReader, tell: &mpsc::Sender<Vec<u8>>) {
    loop {
        let mut sources = [PollFd::new(terminal, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
        match poll(&mut sources, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(_) if sources[1].revents().is_empty() => {}
            _ => return,
        }
        let mut bytes = [0; 1024];
        match terminal.read(&mut bytes) {
            Ok(length) if length > 0 && tell.blocking_send(bytes[..length].to_vec()).is_ok() => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}
