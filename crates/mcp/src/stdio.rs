//! A server that is a program: started in the sandbox, and read no further than it may write.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use mainspring_sandbox::{Child, Input, Launcher, Spec, StartError};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    process::{ChildStderr, ChildStdin, ChildStdout},
};

use crate::{
    evidence::Evidence,
    gauge::{Breach, Frame, Gauge},
};

/// How many lines may be no messages: a banner and some logging are forgiven.
const STRAYS_MAX: u32 = 1_000;

/// How much of a line that is no message is kept.
const STRAY_MAX: usize = 200;

/// A program that runs, with the pipes that its messages go through.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) from: Measured<ChildStdout>,
    pub(crate) to: Patient,
}

/// Starts a server. `room` is what all programs of the run are given; the server adds its command and variables.
pub(crate) async fn start(
    launcher: &Launcher,
    room: &Spec,
    command: &[String],
    env: &BTreeMap<String, String>,
    evidence: &Arc<Evidence>,
) -> Result<Program, StartError> {
    let mut spec = room.clone();
    spec.argv = command.iter().map(OsString::from).collect();
    spec.env.extend(env.iter().map(|(name, value)| (name.into(), value.into())));
    spec.stdin = Input::Piped;
    let mut child = launcher.start(spec).await?;
    let (Some(to), Some(from), Some(complaints)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(StartError::SupervisorLost);
    };
    tokio::spawn(listen(complaints, Arc::clone(evidence)));
    let (from, to) =
        (Measured::new(from, Arc::clone(evidence)), Patient { inner: to, evidence: Arc::clone(evidence) });
    Ok(Program { child, from, to })
}

/// Reads the standard error to its end, which is that of the program.
async fn listen(mut stderr: ChildStderr, evidence: Arc<Evidence>) {
    let mut buffer = vec![0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        evidence.complain(&buffer[..read]);
    }
}

/// A writer that does not mind a program that never reads: until the first message came, what the program wrote in its
/// place explains more than a broken pipe, and has to be read.
#[derive(Debug)]
pub(crate) struct Patient {
    inner: ChildStdin,
    evidence: Arc<Evidence>,
}

impl Patient {
    fn forgive<T>(&self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.evidence.heard() == 0 => {
                Ok(instead)
            }
            result => result,
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(context, bytes));
        Poll::Ready(self.forgive(result, bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.inner).poll_flush(context));
        Poll::Ready(self.forgive(result, ()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// A reader that fails once the program breaks a bound.
#[derive(Debug)]
pub(crate) struct Measured<R> {
    inner: R,
    gauge: Gauge,
    stray: Vec<u8>,
    strays: u32,
    line: Line,
    evidence: Arc<Evidence>,
}

/// What the line that is coming in is, by its first byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Blank,
    Message,
    Stray,
}

impl<R> Measured<R> {
    pub(crate) fn new(inner: R, evidence: Arc<Evidence>) -> Self {
        let gauge = Gauge::new(Frame::Line);
        Self { inner, gauge, stray: Vec::new(), strays: 0, line: Line::Blank, evidence }
    }

    fn measure(&mut self, bytes: &[u8]) -> Result<(), Breach> {
        bytes.iter().try_for_each(|byte| self.sort(*byte))?;
        self.gauge.weigh(bytes)
    }

    /// Tells messages from other lines.
    fn sort(&mut self, byte: u8) -> Result<(), Breach> {
        match (self.line, byte) {
            (Line::Stray, b'\n') => {
                self.evidence.stray(&std::mem::take(&mut self.stray));
                self.line = Line::Blank;
            }
            (_, b'\n') => self.line = Line::Blank,
            (Line::Blank, b'{') => self.line = Line::Message,
            (Line::Blank, byte) if !byte.is_ascii_whitespace() => {
                self.line = Line::Stray;
                self.strays += 1;
                self.stray.push(byte);
            }
            (Line::Stray, byte) if self.stray.len() < STRAY_MAX => self.stray.push(byte),
            _ => {}
        }
        if self.strays > STRAYS_MAX { Err(Breach::Garbage) } else { Ok(()) }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Measured<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if let Err(breach) = self.measure(&buffer.filled()[before..]) {
            // A read that fails has read nothing.
            buffer.set_filled(before);
            self.evidence.convict(breach);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, breach)));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &[u8]) -> (io::Result<usize>, Arc<Evidence>) {
        let evidence = Arc::default();
        let mut reader = Measured::new(text, Arc::clone(&evidence));
        (reader.read_to_end(&mut Vec::new()).await, evidence)
    }

    #[tokio::test]
    async fn a_banner_is_forgiven_and_remembered() {
        let (result, evidence) = read(b"Welcome!\n\n{}\nmore\n").await;
        assert_eq!(result.expect("all is read"), 18);
        assert_eq!((evidence.strayed().as_deref(), evidence.breach()), (Some("Welcome!"), None));
    }

    #[tokio::test]
    async fn endless_chatter_ends_the_connection() {
        let (result, evidence) = read("hello\n".repeat(2_000).as_bytes()).await;
        assert_eq!(result.expect_err("cut").to_string(), "wrote more than 1,000 lines that are no JSON");
        assert_eq!(evidence.breach(), Some(Breach::Garbage));
    }

    #[tokio::test]
    async fn a_line_without_end_ends_the_connection() {
        let (result, evidence) = read(format!("{{{}", " ".repeat(17 << 20)).as_bytes()).await;
        assert!(result.is_err());
        assert_eq!(evidence.breach(), Some(Breach::Long));
    }
}
