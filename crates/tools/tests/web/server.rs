//! A server on loopback that answers as a test says, and calls of the tool with it allowed.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, LazyLock, Mutex},
    thread,
    time::Duration,
};

use mainspring_agent::{Glob, Limits};
use mainspring_sandbox::Launcher;
use mainspring_tools::{
    Ended, Surroundings,
    web::{self, Place, Reach},
};
use serde_json::{Value, json};

// No process is started by this tool.
static LAUNCHER: LazyLock<Launcher> = LazyLock::new(|| Launcher::probe("/bin/true".into()));

/// Far more than a test needs that does not wait for it.
const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The heads of all requests so far.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each connection by the path it asks for.
    pub(crate) fn new(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection can be taken");
                let head = head(&stream);
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                seen.lock().expect("nobody panicked").push(head);
                answer(&path, &mut stream);
            }
        });
        Self { address, heads }
    }

    /// Answers everything with the same bytes.
    pub(crate) fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |_, stream| say(stream, &answer))
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("nobody panicked").clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Ended {
        self.get_within(path, LONG)
    }

    /// Fetches a path of this server, which is allowed, and no other.
    pub(crate) fn get_within(&self, path: &str, time: Duration) -> Ended {
        let reach = Reach { allowed: vec![Place::Address(self.address)] };
        call(&json!({"url": self.url(path)}), &reach, None, time)
    }

    pub(crate) fn said(&self, path: &str) -> String {
        match self.get(path) {
            Ended::Returned { text, error: false } => text,
            other => panic!("`{path}` ended otherwise: {other:?}"),
        }
    }

    pub(crate) fn complaint(&self, path: &str) -> String {
        complaint(self.get(path))
    }
}

pub(crate) fn complaint(ended: Ended) -> String {
    match ended {
        Ended::Returned { text, error: true } => text,
        other => panic!("it ended otherwise: {other:?}"),
    }
}

pub(crate) fn failure(ended: Ended) -> String {
    match ended {
        Ended::Failed { message } => message,
        other => panic!("it ended otherwise: {other:?}"),
    }
}

/// Fetches what no owner allowed.
pub(crate) fn get(url: &str) -> Ended {
    call(&json!({ "url": url }), &Reach::default(), None, LONG)
}

pub(crate) fn call(arguments: &Value, reach: &Reach, hosts: Option<&[Glob]>, timeout: Duration) -> Ended {
    let surroundings = Surroundings {
        workspace: "/".as_ref(),
        home: "/".as_ref(),
        tmp: "/".as_ref(),
        agent_folder: "/".as_ref(),
        hidden: &[],
        launcher: &LAUNCHER,
        limits: &Limits::default(),
        env: &BTreeMap::new(),
        timeout,
        idempotency_key: "key",
        read: None,
        write: None,
        reach,
        hosts,
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
        .block_on(web::run(arguments, &surroundings))
}

/// The client may have had enough: that is no failure of the server.
pub(crate) fn say(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

fn head(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}
