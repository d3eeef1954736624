//! One answer on its way: sends the pieces when they are due, ends as the script says, and logs what became of it.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt, future,
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use hyper::body::Frame;
use mainspring_scripted::{Ending, Piece, Reply};
use rustix::net::sockopt::set_socket_linger;
use tokio::{task::yield_now, time::sleep};

use super::{Logged, Outcome, Shared};

/// How much goes out at once. What is left of a large piece when the client leaves was not sent, and the log says so.
const PORTION: usize = 64 * 1024;

/// Why hyper is to drop a connection.
#[derive(Debug)]
pub(super) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script ends the connection")
    }
}

impl std::error::Error for Broken {}

/// A request whose answer is on its way. Dropped before its end, it is one whose client left.
pub(super) struct Exchange {
    shared: Arc<Shared>,
    socket: Arc<OwnedFd>,
    number: usize,
    outcome: Outcome,
}

impl Exchange {
    /// Logs the request; the answer is pending.
    pub(super) fn begin(mut entry: Logged, reply: &Reply, shared: Arc<Shared>, socket: Arc<OwnedFd>) -> Self {
        entry.rule.clone_from(&reply.rule);
        entry.status = Some(reply.status);
        let number = shared.log.enter(entry);
        Self { shared, socket, number, outcome: Outcome::ClientDisconnected }
    }

    /// The pieces as they are due, and then the ending.
    pub(super) fn body(
        self,
        pieces: VecDeque<Piece>,
        ending: Ending,
    ) -> impl Stream<Item = Result<Frame<Bytes>, Broken>> {
        stream::unfold(Some((pieces, self)), move |rest| async move {
            let (mut pieces, mut exchange) = rest?;
            let Some(portion) = next(&mut pieces).await else {
                return exchange.end(ending).await.err().map(|broken| (Err(broken), None));
            };
            if pieces.is_empty() && ending == Ending::Clean {
                // Not asked again when the client knows the length.
                exchange.outcome = Outcome::Sent;
            }
            Some((Ok(Frame::data(portion)), Some((pieces, exchange))))
        })
    }

    /// Ends the answer in its way: an error if the connection is to be reset, and never if it is to hang.
    pub(super) async fn end(&mut self, ending: Ending) -> Result<(), Broken> {
        match ending {
            Ending::Clean => {
                self.outcome = Outcome::Sent;
                Ok(())
            }
            Ending::Reset => {
                // What was sent so far is still in a buffer, and is written out when there is nothing else to do.
                yield_now().await;
                self.outcome = Outcome::Reset;
                // Without time to linger, closing a socket resets its connection.
                let _ = set_socket_linger(self.socket.as_fd(), Some(Duration::ZERO));
                Err(Broken)
            }
            Ending::Hang => match future::pending::<Infallible>().await {},
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.log.change(self.number, |entry| entry.outcome = self.outcome);
    }
}

/// The next portion, once it is due.
async fn next(pieces: &mut VecDeque<Piece>) -> Option<Bytes> {
    let piece = pieces.front_mut()?;
    pause(std::mem::take(&mut piece.wait)).await;
    let portion = piece.bytes.split_to(PORTION.min(piece.bytes.len()));
    if piece.bytes.is_empty() {
        pieces.pop_front();
    }
    Some(portion)
}

/// Waits, unless there is nothing to wait for.
pub(super) async fn pause(wait: Duration) {
    if !wait.is_zero() {
        sleep(wait).await;
    }
}
