//! What a program sees: its environment, its files, its folder, and no more.

use std::{fs, os::fd::OwnedFd, path::Path};

use mainspring_sandbox::{Access, Facility, Hiding, How, Input, Spec, Visible};

use tokio::io::AsyncWriteExt;

use crate::stage::{launchers, program, run, sh, start, until};

#[tokio::test]
async fn the_environment_is_exactly_as_given() {
    for launcher in launchers() {
        let spec = Spec {
            env: [("PATH", "/usr/bin:/bin"), ("A", "b=c d"), ("EMPTY", "")]
                .map(|(k, v)| (k.into(), v.into()))
                .into(),
            ..program(&["env"])
        };
        let (_, output) = run(&launcher, spec).await;
        let mut lines: Vec<&str> = output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["A=b=c d", "EMPTY=", "PATH=/usr/bin:/bin"]);
    }
}

#[tokio::test]
async fn only_the_standard_files_are_open() {
    let file = fs::File::open("/dev/null").expect("/dev/null");
    // Such as a library might leave behind: open across exec.
    let _leak: OwnedFd = rustix::io::dup(&file).expect("a copy");
    for launcher in launchers() {
        let (_, output) = run(&launcher, program(&["ls", "/proc/self/fd"])).await;
        // 3 is the folder that `ls` reads.
        assert_eq!(output, "0\n1\n2\n3\n");
    }
}

#[tokio::test]
async fn input_arrives_whole_and_ends() {
    let bytes = vec![b'x'; 3 << 20];
    for launcher in launchers() {
        let (_, output) = run(&launcher, Spec { stdin: Input::Bytes(bytes.clone()), ..sh("wc -c") }).await;
        assert_eq!(output.trim(), "3145728");
        let (_, output) = run(&launcher, sh("wc -c")).await;
        assert_eq!(output.trim(), "0");
    }
}

#[tokio::test]
async fn a_conversation_goes_through_pipes_until_the_caller_ends_it() {
    for launcher in launchers() {
        let mut child = start(
            &launcher,
            Spec { stdin: Input::Piped, ..sh("while read l; do echo got $l; done; echo end") },
        )
        .await;
        let mut stdin = child.stdin.take().expect("it was asked for");
        for word in ["one", "two"] {
            stdin.write_all(format!("{word}\n").as_bytes()).await.expect("it reads");
            until(&mut child, &format!("got {word}\n")).await;
        }
        drop(stdin);
        until(&mut child, "end\n").await;
        assert_eq!(child.wait().await.how, How::Code(0));
    }
}

#[tokio::test]
async fn who_writes_to_a_program_that_closed_its_input_is_told() {
    for launcher in launchers() {
        let mut child =
            start(&launcher, Spec { stdin: Input::Piped, ..sh("exec <&-; echo closed; exec sleep 1000") })
                .await;
        until(&mut child, "closed").await;
        let mut stdin = child.stdin.take().expect("it was asked for");
        let refused = stdin.write_all(b"hello").await.expect_err("nobody reads");
        assert_eq!(refused.kind(), std::io::ErrorKind::BrokenPipe);
        assert_eq!(child.kill().await.how, How::Signal(9));
    }
}

#[tokio::test]
async fn long_arguments_arrive() {
    // The kernel's limit on one argument, with its end.
    let long = "x".repeat((128 << 10) - 1);
    for launcher in launchers() {
        let (_, output) = run(&launcher, program(&["sh", "-c", "echo ${#1}", "sh", &long])).await;
        assert_eq!(output, "131071\n");
    }
}

#[tokio::test]
async fn other_processes_are_out_of_sight() {
    let launcher = &launchers()[0];
    let child = start(launcher, sh("true")).await;
    if !child.isolation().own_proc {
        return eprintln!("skipped: no `/proc` of its own can be had here");
    }
    // The shell expands the pattern itself: there are init and the shell.
    let (_, output) = run(launcher, sh("echo $$; echo /proc/[0-9]*")).await;
    assert_eq!(output, "2\n/proc/1 /proc/2\n");
}

/// A data folder with a secret, a folder to read and a folder to write.
fn data_folder() -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a folder");
    for (file, text) in [("secret", "key"), ("store/secret", "row"), ("env/lib", "code"), ("work/old", "old")]
    {
        let file = data.path().join(file);
        fs::create_dir_all(file.parent().expect("below the folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }
    data
}

fn hiding(data: &Path, script: &str) -> Spec {
    let visible = |name, access| Visible { path: data.join(name), access };
    Spec {
        cwd: data.join("work"),
        hidden: vec![data.into()],
        visible: vec![visible("env", Access::Read), visible("work", Access::Write)],
        ..sh(script)
    }
}

const LOOK: &str = r#"
try() { "$@" >/dev/null 2>&1 && echo "can: $*" || echo "cannot: $*"; }
try cat ../secret
try cat ../store/secret
try cat ../env/lib
try cat old
try touch new
try touch ../env/new
try touch ../new
try umount "$PWD/.."
try unshare --user --map-root-user umount "$PWD/.."
"#;

const SEEN: &str = r"cannot: cat ../secret
cannot: cat ../store/secret
can: cat ../env/lib
can: cat old
can: touch new
cannot: touch ../env/new
cannot: touch ../new
cannot: umount DATA/work/..
cannot: unshare --user --map-root-user umount DATA/work/..
";

#[tokio::test]
async fn a_hidden_folder_is_unreadable_but_for_its_exceptions() {
    for launcher in launchers() {
        let data = data_folder();
        let child = start(&launcher, hiding(data.path(), "true")).await;
        if child.isolation().hiding == Hiding::None {
            eprintln!("skipped: nothing can be hidden here");
            continue;
        }
        let (_, output) = run(&launcher, hiding(data.path(), LOOK)).await;
        let real = fs::canonicalize(data.path()).expect("it exists");
        assert_eq!(output, SEEN.replace("DATA", &real.to_string_lossy()), "{:?}", child.isolation().hiding);
        assert!(data.path().join("work/new").exists());
    }
}

#[tokio::test]
async fn a_socket_in_a_hidden_folder_is_reached_where_it_is_visible() {
    for launcher in launchers() {
        let data = data_folder();
        let path = data.path().join("line.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let mut spec = hiding(data.path(), "exec python3 -c \"$0\"");
        spec.argv
            .push("import socket; socket.socket(socket.AF_UNIX).connect('../line.sock'); print('in')".into());
        spec.visible.push(Visible { path, access: Access::Read });
        let (_, output) = run(&launcher, spec).await;
        assert_eq!(output, "in\n");
        drop(listener);
    }
}

#[tokio::test]
async fn what_cannot_be_hidden_is_said() {
    let launcher = launchers()[1].clone().without(Facility::Landlock);
    let data = data_folder();
    let child = start(&launcher, hiding(data.path(), "true")).await;
    assert_eq!(child.isolation().hiding, Hiding::None);
    assert_eq!(child.isolation().missing[0], "pid namespace: switched off");
    let told = "hidden folders: neither a mount namespace nor Landlock can be had";
    assert!(child.isolation().missing.iter().any(|line| line == told));
    assert_eq!(child.wait().await.how, How::Code(0));
}

#[tokio::test]
async fn root_cannot_reach_the_kernel_or_lift_its_limits() {
    let launcher = &launchers()[0];
    let child = start(launcher, sh("true")).await;
    if !child.isolation().capabilities_dropped {
        return eprintln!("skipped: this user has no capabilities to drop");
    }
    let script = "mount -t tmpfs none /mnt 2>/dev/null || echo no mount
        mknod /tmp/disk-$$ b 8 0 2>/dev/null || echo no device
        for own in $(find /sys/fs/cgroup -name cgroup.procs); do
            { echo $$ > $own; } 2>/dev/null && echo moved
        done; true";
    let limits = mainspring_sandbox::Limits { processes: Some(20), ..Default::default() };
    let (_, output) = run(launcher, Spec { limits, ..sh(script) }).await;
    assert_eq!(output, "no mount\nno device\n");
}
