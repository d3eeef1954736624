//! A provider that sends given bytes to whoever connects, and ends as it is told.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What follows the bytes of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// The body ends as HTTP has it.
    Clean,
    /// The connection ends without the end of the body.
    Cut,
    /// Nothing, for as long as the client stays.
    Hang,
}

/// A provider of one answer.
pub(crate) struct Raw {
    port: u16,
    calls: Arc<AtomicUsize>,
}

impl Raw {
    pub(crate) fn start(media: &str, body: String, ending: Ending) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ntransfer-encoding: chunked\r\n\r\n");
        // It waits for one that never comes when the test is over, and goes with the process.
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                serve(socket, &head, &body, ending);
            }
        });
        Self { port, calls }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Answers one request; an error is a client that left.
fn serve(mut socket: TcpStream, head: &str, body: &str, ending: Ending) {
    let mut request = vec![0; 64 * 1024];
    let _ = socket.read(&mut request);
    let _ = write!(socket, "{head}{:x}\r\n{body}\r\n", body.len());
    match ending {
        Ending::Clean => drop(socket.write_all(b"0\r\n\r\n")),
        Ending::Cut => {}
        Ending::Hang => while socket.read(&mut request).is_ok_and(|read| read > 0) {},
    }
}
