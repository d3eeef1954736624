//! A confined program and the ways out that it might try. What is refused is refused by each means alone.

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mainspring_sandbox::{Confined, Confinement, Facility, How, Launcher, Output, Spec, StartError};
use mainspring_types::{Code, Problem};

use crate::stage::{launchers, python, run, sh, start};

/// Launchers that confine by both means, by Landlock alone and by mounts alone.
async fn confining() -> Vec<Launcher> {
    let [full, landlock] = launchers();
    let mut found = Vec::new();
    for launcher in [full.clone(), landlock, full.without(Facility::Landlock)] {
        match launcher.start(confined(&Scene::new(), sh("true"))).await {
            Ok(_) => found.push(launcher),
            Err(StartError::Unconfinable { missing }) => eprintln!("skipped: missing {missing}"),
            Err(other) => panic!("{other}"),
        }
    }
    found
}

/// A data folder with a workspace in it, a folder beside it, and a link from one to the other.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().expect("a folder") };
        for folder in ["data/run/files/sub", "data/run/tmp", "data/shown", "home/.ssh"] {
            fs::create_dir_all(scene.path(folder)).expect("a folder");
        }
        for file in ["data/secret", "data/shown/text", "home/.ssh/key", "data/run/files/own"] {
            fs::write(scene.path(file), "text\n").expect("a file");
        }
        symlink(scene.path("home/.ssh/key"), scene.path("data/run/files/link")).expect("a link");
        symlink(scene.path("home"), scene.path("data/run/files/way")).expect("a link");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).expect("it exists").join(name)
    }

    /// The secret outside and everything beside it, as they were.
    fn assert_untouched(&self) {
        assert_eq!(fs::read_to_string(self.path("home/.ssh/key")).expect("still there"), "text\n");
        assert_eq!(fs::read_to_string(self.path("data/secret")).expect("still there"), "text\n");
        let entries = |name| fs::read_dir(self.path(name)).expect("still there").count();
        assert_eq!((entries("home"), entries("home/.ssh"), entries("data")), (1, 1, 3));
    }
}

fn confined(scene: &Scene, spec: Spec) -> Spec {
    Spec {
        cwd: scene.path("data/run/files"),
        hidden: vec![scene.path("data")],
        confined: Some(Confined {
            read: vec![scene.path("data/shown")],
            write: vec![scene.path("data/run/files")],
            tmp: Some(scene.path("data/run/tmp")),
        }),
        output: Output::Together,
        ..spec
    }
}

/// Says of each line of a script whether it succeeded.
fn tries(script: &str) -> String {
    let tries = script.lines().filter(|line| !line.trim().is_empty()).map(str::trim);
    let line = |line: &str| {
        let quoted = line.replace('\'', r"'\''");
        format!("if sh -c '{quoted}' >/dev/null 2>&1; then echo 'can: {quoted}'; fi\n")
    };
    tries.map(line).collect()
}

const WAYS_OUT: &str = r"
    cat $OUT/home/.ssh/key
    ls $OUT/home
    cat link
    cat way/.ssh/key
    ls way/
    cat ../../../home/.ssh/key
    cat ../../secret
    ls ../.. | grep secret
    cat $OUT/data/secret
    cat /proc/self/root$OUT/home/.ssh/key
    cat /proc/self/cwd/../../secret
    cat /proc/$OTHER/cwd/.ssh/key
    ls /proc/$OTHER/cwd/
    cat /proc/$OTHER/root$OUT/home/.ssh/key
    cat /proc/$OTHER/environ
    cat /proc/1/environ
    cat /proc/1/root$OUT/home/.ssh/key
    cat /proc/1/cwd/home/.ssh/key
    for f in /proc/[0-9]*/cwd/home /proc/[0-9]*/root$OUT/home; do ls $f/ && exit 0; done; false
    echo x > $OUT/home/.ssh/key
    echo x >> way/.ssh/key
    echo x > link
    echo x > $OUT/home/new
    mkdir $OUT/home/new
    rm -f $OUT/home/.ssh/key && test ! -e $OUT/home/.ssh/key && test -e $OUT/home
    mv $OUT/home/.ssh/key taken
    ln $OUT/home/.ssh/key taken
    ln -L link taken
    ln /etc/passwd taken
    truncate --size 0 $OUT/home/.ssh/key
    truncate --size 0 link
    cp own $OUT/home/
    mv own $OUT/home/
    echo x > $OUT/data/shown/text
    touch $OUT/data/shown/new
    touch /usr/new
    touch /etc/new
    touch /new
    touch /dev/new
    echo 1 > /proc/sys/vm/drop_caches
    ls /root /home
    ls /sys/class
    umount /usr
    mount -t tmpfs none /usr
    unshare --user --map-root-user --mount true
    chroot $OUT true
";

#[tokio::test]
async fn no_way_leads_out() {
    for launcher in confining().await {
        let scene = Scene::new();
        let mut other =
            Command::new("sleep").arg("1000").current_dir(scene.path("home")).spawn().expect("sleeps");
        let mut spec = confined(&scene, sh(&tries(WAYS_OUT)));
        spec.env.insert("OUT".into(), scene.path("").into());
        spec.env.insert("OTHER".into(), other.id().to_string().into());
        let (exit, output) = run(&launcher, spec).await;
        other.kill().and_then(|()| other.wait()).expect("our own child");
        assert_eq!((exit.how, output.as_str()), (How::Code(0), ""));
        scene.assert_untouched();
    }
}

/// The ways are ways: without confinement they lead out.
#[tokio::test]
async fn without_confinement_they_do() {
    let scene = Scene::new();
    let harmless =
        WAYS_OUT.lines().take_while(|line| !line.contains("echo x")).collect::<Vec<_>>().join("\n");
    let mut spec = confined(&scene, sh(&tries(&harmless)));
    (spec.confined, spec.hidden) = (None, Vec::new());
    spec.env.insert("OUT".into(), scene.path("").into());
    spec.env.insert("OTHER".into(), std::process::id().to_string().into());
    let (_, output) = run(&launchers()[1], spec).await;
    assert!(output.lines().count() > 10, "{output}");
}

const WORK: &str = r#"
    cat own
    echo new > new && mv new sub/newer && ln sub/newer again && rm sub/newer && cat again
    cat ../../shown/text
    echo x > /dev/null && head -c 3 /dev/zero | wc -c
    echo said > /dev/stdout
    test -r /proc/self/status && test -r /etc/passwd
    touch "$TMPDIR/file" && ls "$TMPDIR"
    python3 -c 'import json, tempfile; print(json.dumps(tempfile.TemporaryFile().write(b"abc")))'
    python3 -c 'import asyncio; print(asyncio.run(asyncio.sleep(0, "slept")))'
    (trap 'exit 0' TERM; sleep 1000 & wait) & sleep 0.01; kill $!; wait
"#;

#[tokio::test]
async fn work_inside_goes_on_as_anywhere() {
    for launcher in confining().await {
        let scene = Scene::new();
        let mut spec = confined(&scene, sh(&format!("set -e\n{WORK}")));
        spec.env.insert("TMPDIR".into(), scene.path("data/run/tmp").into());
        let (exit, output) = run(&launcher, spec).await;
        assert_eq!(output, "text\nnew\ntext\n3\nsaid\nfile\n3\nslept\n");
        assert_eq!(exit.how, How::Code(0));
        assert!(scene.path("data/run/files/again").exists());
    }
}

#[tokio::test]
async fn tools_of_the_trade_work() {
    let script = "set -e
        git init -q . && git add own && git -c user.name=a -c user.email=a@b commit -qm first && git log --format=%s
        if command -v cc; then echo 'int main(void) { return 7; }' > main.c; cc main.c -o main; ./main || echo $?; fi";
    for launcher in confining().await {
        let scene = Scene::new();
        let mut spec = confined(&scene, sh(script));
        for name in ["HOME", "TMPDIR"] {
            spec.env.insert(name.into(), scene.path("data/run/tmp").into());
        }
        let (exit, output) = run(&launcher, spec).await;
        assert_eq!(exit.how, How::Code(0), "{output}");
        assert!(output.starts_with("first\n"), "{output}");
        assert!(!output.contains("/cc\n") || output.ends_with("7\n"), "{output}");
    }
}

#[tokio::test]
async fn with_mounts_the_root_holds_nothing_else_and_temporary_files_stay() {
    for launcher in confining().await {
        let scene = Scene::new();
        let child = start(&launcher, confined(&scene, sh("true"))).await;
        if child.isolation().confinement == Some(Confinement::Landlock) {
            continue;
        }
        let (_, output) = run(&launcher, confined(&scene, sh("touch /tmp/kept; ls /dev; ls /"))).await;
        for absent in ["root", "home", "sys", "var", "sda", "vda", "mem"] {
            assert!(!output.lines().any(|line| line == absent), "{output}");
        }
        let (_, output) =
            run(&launcher, confined(&scene, sh("ls -d /tmp/kept; touch /dev/shm/a && echo b"))).await;
        assert_eq!(output, "/tmp/kept\nb\n");
        assert!(scene.path("data/run/tmp/kept").exists());
    }
}

#[tokio::test]
async fn a_socket_outside_is_out_of_reach() {
    for launcher in confining().await {
        let scene = Scene::new();
        let listener = UnixListener::bind(scene.path("home/line.sock")).expect("a socket");
        let script = "import os, socket\ntry: socket.socket(socket.AF_UNIX).connect(os.environ['LINE'])\nexcept OSError: print('out of reach')";
        let mut spec = confined(&scene, python(script));
        spec.env.insert("LINE".into(), scene.path("home/line.sock").into());
        let (_, output) = run(&launcher, spec).await;
        assert_eq!(output, "out of reach\n");
        drop(listener);
    }
}

const CALLS: &str = "
import ctypes, errno, os
call = ctypes.CDLL(None, use_errno=True).syscall
for number, arguments in [(425, (1, 0)), (0x40000029, (1, 1, 0))]:
    refused = call(number, *arguments) < 0
    print(refused, errno.errorcode.get(ctypes.get_errno()))
";

/// A ring that makes calls without calling, and the numbers of another architecture.
#[tokio::test]
async fn sockets_cannot_be_had_in_a_roundabout_way() {
    let launcher = &launchers()[1];
    let Ok(child) = launcher.start(confined(&Scene::new(), sh("true"))).await else {
        return eprintln!("skipped: Landlock does not confine here");
    };
    assert_eq!(child.isolation().confinement, Some(Confinement::Landlock));
    let (_, output) = run(launcher, confined(&Scene::new(), python(CALLS))).await;
    assert_eq!(output, "True ENOSYS\nTrue ENOSYS\n");
}

/// A folder to be read lies in one that is written, and one that is hidden lies in it too.
#[tokio::test]
async fn what_is_exempt_from_a_folder_stays_so() {
    for launcher in confining().await {
        let scene = Scene::new();
        for folder in ["home/read", "home/data"] {
            fs::create_dir(scene.path(folder)).expect("a folder");
        }
        fs::write(scene.path("home/data/secret"), "").expect("a file");
        let mut spec = sh(&tries("cat data/secret\ntouch data/new\ntouch read/new\ntouch .ssh/new\nls read"));
        spec.cwd = scene.path("home");
        spec.hidden = vec![scene.path("home/data")];
        spec.confined = Some(Confined {
            read: vec![scene.path("home/read")],
            write: vec![scene.path("home")],
            tmp: None,
        });
        let (_, output) = run(&launcher, spec).await;
        assert_eq!(output, "can: touch .ssh/new\ncan: ls read\n");
    }
}

/// The next start makes the way to a place below `/tmp`, which the program could turn into a link.
#[tokio::test]
async fn a_way_that_was_turned_into_a_link_is_not_followed() {
    let launcher = &launchers()[0];
    let scene = Scene::new();
    let spec = |script: &str| confined(&scene, sh(script));
    let below_tmp = scene.path("").strip_prefix("/tmp").ok().map(Path::to_owned);
    let Some(below_tmp) = below_tmp else { return eprintln!("skipped: temporary folders are not in `/tmp`") };
    let planted = scene.path("data/run/tmp").join(below_tmp.components().next().expect("a name"));
    start(launcher, spec("true")).await.wait().await;
    let _ = fs::remove_dir_all(&planted);
    symlink(scene.path("home"), &planted).expect("a link");
    if let Ok(child) = launcher.start(spec("true")).await {
        assert_eq!(child.isolation().confinement, Some(Confinement::Landlock));
    }
    scene.assert_untouched();
}

#[tokio::test]
async fn a_server_outside_cannot_be_signalled() {
    for launcher in confining().await {
        let child = start(&launcher, confined(&Scene::new(), sh("true"))).await;
        if !child.isolation().pid_namespace && !landlock_holds_signals() {
            eprintln!("skipped: neither a PID namespace nor Landlock of Linux 6.12 can be had");
            continue;
        }
        let mut other = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().expect("sleeps");
        let mut spec = confined(&Scene::new(), sh("kill -KILL $OTHER; true"));
        spec.cwd = "/".into();
        spec.confined = Some(Confined::default());
        spec.env.insert("OTHER".into(), other.id().to_string().into());
        run(&launcher, spec).await;
        let ended = other.try_wait().expect("our own child");
        other.kill().and_then(|()| other.wait()).expect("our own child");
        assert_eq!(ended, None);
    }
}

fn landlock_holds_signals() -> bool {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(12))
}

#[tokio::test]
async fn what_cannot_be_confined_is_not_started() {
    let launcher = launchers()[1].clone().without(Facility::Landlock);
    let refused = launcher.start(confined(&Scene::new(), sh("true"))).await.expect_err("nothing confines");
    let problem = Problem::from(refused);
    assert_eq!(problem.code, Code::SandboxUnavailable);
    assert_eq!(
        problem.message,
        "confining a program to its own folders cannot be had on this machine; \
         missing: a root of its own (switched off), and Landlock of Linux 6.2 or later"
    );
    let launcher = &launchers()[0];
    let all = Confined { read: vec!["/".into()], ..Confined::default() };
    let refused =
        launcher.start(Spec { confined: Some(all), ..sh("true") }).await.expect_err("no confinement");
    assert!(matches!(refused, StartError::Malformed { .. } | StartError::Unconfinable { .. }), "{refused}");
}
