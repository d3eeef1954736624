//! What server and supervisor say to each other over their socket.
//!
//! The server sends one order: a header of four lengths, then the order itself as JSON, the arguments, the environment
//! and the standard input. Arguments and environment go as the kernel takes them, ended by zero bytes, because they may
//! be long, secret and no text. A pipe for the standard input goes as an open file. Then come single bytes, see [`Control`]. The supervisor and its init answer with one
//! JSON [`Event`] a line. Both ends are the same binary, so the format has no versions.

pub(crate) mod handover;

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            ffi::{OsStrExt, OsStringExt},
            net::UnixStream,
        },
    },
    time::Duration,
};

use mainspring_types::ByteSize;
use serde::{Deserialize, Serialize};

use crate::{
    cgroup::Leaf,
    exit::How,
    isolation::Confinement,
    spec::{Access, Output},
};

/// What a supervisor is to do.
#[derive(Serialize, Deserialize)]
pub(crate) enum Order {
    /// Try what this machine gives, joining these cgroups too.
    Probe(Vec<Leaf>),
    /// Start a program.
    Start(Box<Plan>),
}

/// How a program is to be confined. The supervisor applies all of it or fails.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) cwd: OsString,
    pub(crate) tree: Tree,
    pub(crate) veil: Veil,
    pub(crate) enclosure: Option<Enclosure>,
    pub(crate) output: Output,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) limits: ResourceLimits,
    pub(crate) privileges: Privileges,
}

/// What holds a tree of processes together.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tree {
    /// Init and supervisor, which inherit orphans and kill what they find.
    Subreaper,
    /// The kernel, by a PID namespace.
    Namespace { entry: Entry, mounts: Mounts },
}

/// The way into new namespaces.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// With the rights this process has.
    Direct,
    /// With the rights that a user namespace of its own gives.
    User,
}

/// The mounts a program sees.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mounts {
    /// The server's own.
    Shared,
    /// A private copy.
    Own,
    /// A private copy whose `/proc` is that of the PID namespace.
    OwnWithProc,
}

/// What is kept from a program's sight, and by what means.
#[derive(Serialize, Deserialize)]
pub(crate) enum Veil {
    None,
    Mounts(Folders),
    Landlock(Folders),
}

/// Hidden folders, the exceptions below them, and mounts that are made read-only. All paths are absolute and real.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Folders {
    pub(crate) hidden: Vec<OsString>,
    pub(crate) visible: Vec<(OsString, Access)>,
    pub(crate) frozen: Vec<OsString>,
}

/// What a program is confined to, and by what means. All paths are absolute and real.
#[derive(Serialize, Deserialize)]
pub(crate) struct Enclosure {
    pub(crate) by: Confinement,
    pub(crate) read: Vec<OsString>,
    pub(crate) write: Vec<OsString>,
    /// One of those written, which is `/tmp` too.
    pub(crate) tmp: Option<OsString>,
    /// Where these lie among the others, they are left out.
    pub(crate) hidden: Vec<OsString>,
}

/// What this kernel's Landlock can do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Landlock {
    /// There is none.
    Missing,
    /// It keeps folders from being read and written.
    Hides,
    /// It keeps files from being cut short too.
    Confines,
}

/// Limits that a process carries itself.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct ResourceLimits {
    pub(crate) open_files: Option<u64>,
    pub(crate) file_size: Option<u64>,
    pub(crate) address_space: Option<u64>,
    pub(crate) processes: Option<u64>,
    pub(crate) cpu_seconds: Option<u64>,
}

/// What becomes of root's rights.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Privileges {
    /// There is nothing to take, or no right to take it.
    Keep,
    /// They shrink to those of a container.
    Reduce,
}

/// What a supervisor reports.
#[derive(Serialize, Deserialize)]
pub(crate) enum Event {
    /// The answer to a probe.
    Probed(Means),
    /// The program runs.
    Started,
    /// The program was not started.
    Failed(Fault),
    /// The main program ended; the rest of its tree is about to.
    Ended(How),
    /// Nothing of the tree is left.
    Gone(Usage),
}

/// What this machine gives, as tried.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Means {
    pub(crate) tree: Tree,
    /// Why the tree is not held in a better way.
    pub(crate) obstacles: Vec<String>,
    pub(crate) landlock: Landlock,
    /// Whether a root folder of one's own can be made, or what stands in the way.
    pub(crate) root: Result<(), String>,
    pub(crate) privileges: Privileges,
    /// For each cgroup of the order, why it cannot be joined.
    pub(crate) cgroups: Vec<Option<String>>,
}

/// What a tree used.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) peak_memory: Option<ByteSize>,
    pub(crate) cpu: Duration,
    pub(crate) out_of_memory: bool,
}

/// Why a program was not started.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) stage: Stage,
    pub(crate) doing: String,
    /// The kernel's reason; 0 where the failure is not the kernel's.
    pub(crate) errno: i32,
    pub(crate) reason: String,
}

/// What failed of a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The isolation.
    Confine,
    /// Entering the working folder.
    Folder,
    /// Executing the program.
    Program,
}

/// Names what was being done when a system call failed.
pub(crate) trait During<T> {
    fn during(self, stage: Stage, doing: &str) -> Result<T, Fault>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during(self, stage: Stage, doing: &str) -> Result<T, Fault> {
        self.map_err(|error| {
            let error = error.into();
            let errno = error.raw_os_error().unwrap_or(0);
            Fault { stage, doing: doing.to_owned(), errno, reason: error.to_string() }
        })
    }
}

/// Single bytes that follow an order.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Control {
    Terminate = b't',
    Interrupt = b'i',
}

impl Control {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Terminate, Self::Interrupt].into_iter().find(|control| *control as u8 == byte)
    }
}

/// The program of an order.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) argv: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) stdin: Stdin,
}

/// The standard input of a program.
#[derive(Debug, Default)]
pub(crate) enum Stdin {
    /// `/dev/null`.
    #[default]
    Null,
    Bytes(Vec<u8>),
    Pipe(OwnedFd),
}

impl Stdin {
    /// Its length as the header says it, where two lengths that no input has say what it is.
    fn length(&self) -> u64 {
        match self {
            Self::Null => NULL,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Pipe(_) => PIPE,
        }
    }
}

const HEADER: usize = 4 * size_of::<u64>();
const NULL: u64 = u64::MAX;
const PIPE: u64 = u64::MAX - 1;

/// An order in bytes, up to the standard input, which follows as it is.
pub(crate) fn encode(order: &Order, program: &Program) -> Vec<u8> {
    let order = serde_json::to_vec(order).expect("an order holds nothing that JSON cannot");
    let argv = ended_by_zeros(program.argv.iter().map(|arg| vec![arg.as_os_str()]));
    let env = ended_by_zeros(program.env.iter().map(|(name, value)| vec![name, OsStr::new("="), value]));
    let lengths = [order.len() as u64, argv.len() as u64, env.len() as u64, program.stdin.length()];
    let mut bytes: Vec<u8> = lengths.iter().flat_map(|length| length.to_le_bytes()).collect();
    bytes.extend([order, argv, env].concat());
    bytes
}

fn ended_by_zeros<'a>(items: impl Iterator<Item = Vec<&'a OsStr>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        for part in item {
            bytes.extend(part.as_bytes());
        }
        bytes.push(0);
    }
    bytes
}

/// Reads one order and its program.
pub(crate) fn receive(from: &mut UnixStream) -> io::Result<(Order, Program)> {
    let mut header = [0; HEADER];
    from.read_exact(&mut header)?;
    let mut lengths =
        header.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().expect("chunks of eight")));
    let mut next = || lengths.next().expect("the header holds four lengths");
    let order = serde_json::from_slice(&exactly(from, next())?)?;
    let argv = split(&exactly(from, next())?).map(|arg| OsString::from_vec(arg.to_vec())).collect();
    let env = split(&exactly(from, next())?).filter_map(pair).collect();
    let stdin = match next() {
        NULL => Stdin::Null,
        PIPE => Stdin::Pipe(handover::take(from)?),
        length => Stdin::Bytes(exactly(from, length)?),
    };
    Ok((order, Program { argv, env, stdin }))
}

fn exactly(from: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if from.take(length).read_to_end(&mut bytes)? as u64 == length {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == 0).map(|item| &item[..item.len() - 1])
}

fn pair(item: &[u8]) -> Option<(OsString, OsString)> {
    let middle = item.iter().position(|byte| *byte == b'=')?;
    Some((OsString::from_vec(item[..middle].to_vec()), OsString::from_vec(item[middle + 1..].to_vec())))
}

/// Sends one event. A server that is gone needs none, so a failure is not told.
pub(crate) fn send(mut to: impl Write, event: &Event) {
    let mut line = serde_json::to_vec(event).expect("an event holds nothing that JSON cannot");
    line.push(b'\n');
    let _ = to.write_all(&line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_arrives_as_it_was_sent() {
        let program = Program {
            argv: vec!["sh".into(), OsString::new(), OsString::from_vec(vec![0xff])],
            env: vec![("A".into(), "b=c".into()), ("EMPTY".into(), OsString::new())],
            stdin: Stdin::Bytes(b"in\0put".to_vec()),
        };
        let mut bytes = encode(&Order::Probe(Vec::new()), &program);
        bytes.extend(b"in\0put");
        let (_, received) = receive(&mut sent(&bytes)).expect("a whole order");
        assert_eq!((received.argv, received.env), (program.argv, program.env));
        assert!(matches!(received.stdin, Stdin::Bytes(bytes) if bytes == b"in\0put"));
    }

    fn sent(bytes: &[u8]) -> UnixStream {
        let (mut ours, theirs) = UnixStream::pair().expect("a socket");
        ours.write_all(bytes).expect("it fits into the socket");
        theirs
    }

    #[test]
    fn a_cut_order_is_refused() {
        let bytes = encode(&Order::Probe(Vec::new()), &Program::default());
        assert!(receive(&mut sent(&bytes[..bytes.len() - 1])).is_err());
    }
}
