//! A package index on the loopback interface that holds one wheel.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::fixture::{Bench, python_program};

pub(crate) struct Index {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    server: JoinHandle<()>,
}

impl Index {
    /// Serves `wheel` under every name, until it is stopped.
    pub(crate) fn serve(wheel: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let server = thread::spawn(move || {
            for stream in listener.incoming().flatten().take_while(|_| !stop.load(Ordering::SeqCst)) {
                // A client that hangs up early asks again.
                let _ = answer(stream, &wheel);
            }
        });
        Self { address, stopped, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/simple", self.address)
    }

    /// Nobody answers at the address any more once this returns.
    pub(crate) fn stop(self) {
        self.stopped.store(true, Ordering::SeqCst);
        TcpStream::connect(self.address).expect("wakes the server");
        self.server.join().expect("the server ends");
    }
}

fn answer(mut stream: TcpStream, wheel: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
    let name = wheel.file_name().expect("a file").to_string_lossy();
    let (kind, body) = if request.contains(".whl ") {
        ("application/octet-stream", fs::read(wheel)?)
    } else {
        (
            "text/html",
            format!("<!DOCTYPE html><html><body><a href=\"/{name}\">{name}</a></body></html>").into_bytes(),
        )
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    if !request.starts_with("HEAD") {
        stream.write_all(&body)?;
    }
    stream.shutdown(Shutdown::Write)
}

impl Bench {
    /// Builds the package's wheel into `folder`, without an installer.
    pub(crate) fn wheel(&self, folder: &str) -> PathBuf {
        let folder = self.path(folder);
        fs::create_dir_all(&folder).expect("a folder");
        let code = "import sys, backend; print(backend.build_wheel(sys.argv[1]))";
        let mut command = python_program();
        let output =
            command.args(["-c", code]).arg(&folder).current_dir(self.agent()).output().expect("Python");
        folder.join(String::from_utf8_lossy(&output.stdout).trim())
    }
}
