//! Starts that fail say why; ends say how.

use std::{fs, os::unix::fs::PermissionsExt};

use mainspring_sandbox::{How, Launcher, Spec, Status};
use mainspring_types::Problem;

use crate::stage::{launchers, program, run, sh, supervisor};

#[tokio::test]
async fn exit_codes_and_signals_are_told_apart() {
    for launcher in launchers() {
        for (script, how) in
            [("exit 0", How::Code(0)), ("exit 77", How::Code(77)), ("kill -SEGV $$", How::Signal(11))]
        {
            assert_eq!(run(&launcher, sh(script)).await.0.how, how);
        }
    }
}

async fn refusal(launcher: &Launcher, spec: Spec) -> String {
    let problem = Problem::from(launcher.start(spec).await.expect_err("it cannot start"));
    format!("{}: {}\n{}", problem.code, problem.message, problem.suggestion.unwrap_or_default())
}

#[tokio::test]
async fn a_missing_program_is_named() {
    for launcher in launchers() {
        assert_eq!(
            refusal(&launcher, Spec { env: [("PATH".into(), "/bin".into())].into(), ..program(&["mkdri"]) })
                .await,
            "E2020: program `mkdri` was not found in `/bin`\ndid you mean `mkdir`?"
        );
        assert_eq!(
            refusal(&launcher, program(&["/opt/no/such/agent"])).await,
            "E2020: program `/opt/no/such/agent` was not found\n\
             check the path; it is taken from the agent's folder when relative"
        );
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let launcher = &launchers()[0];
    let path = folder.path().join("agent");
    let name = path.to_str().expect("text");
    fs::write(&path, "#!/no/such/interpreter\n").expect("a file");
    assert_eq!(
        refusal(launcher, program(&[name])).await,
        format!(
            "E2020: program `{name}` cannot be executed: Permission denied (os error 13)\n\
                 make the file executable with `chmod +x`"
        )
    );
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("our file");
    assert_eq!(
        refusal(launcher, program(&[name])).await,
        format!(
            "E2020: program `{name}` cannot be executed: No such file or directory (os error 2)\n\
                 install the interpreter that its first line names, or mend that line"
        )
    );
}

#[tokio::test]
async fn a_missing_folder_and_a_malformed_program_are_refused() {
    let launcher = &launchers()[0];
    assert_eq!(
        refusal(launcher, Spec { cwd: "/no/such/folder".into(), ..sh("true") }).await,
        "E2020: folder `/no/such/folder` cannot be entered: No such file or directory (os error 2)\n\
         check that the folder exists and that this user may enter it"
    );
    assert_eq!(
        refusal(launcher, program(&[])).await,
        "E2020: the program cannot be started: no program is given\n"
    );
    assert_eq!(
        refusal(launcher, program(&["sh", "a\0b"])).await,
        "E2020: the program cannot be started: an argument holds a zero byte\n"
    );
}

#[tokio::test]
async fn a_supervisor_that_is_gone_is_named() {
    let launcher = Launcher::probe("/no/such/mainspring".into());
    assert_eq!(launcher.findings()[0].status, Status::Degraded);
    assert_eq!(
        refusal(&launcher, sh("true")).await,
        "E2020: supervisor `/no/such/mainspring` could not be started: No such file or directory (os error 2)\n\
         check that the `mainspring` binary is still there and may be executed"
    );
    let launcher = Launcher::probe("/bin/true".into());
    assert!(
        refusal(&launcher, sh("true"))
            .await
            .starts_with("E2020: the supervisor ended before the program started\n")
    );
}

#[test]
fn each_part_is_found_and_every_lack_has_a_remedy() {
    let findings = Launcher::probe(supervisor()).findings();
    let names: Vec<&str> = findings.iter().map(|finding| finding.name.as_str()).collect();
    assert_eq!(
        names,
        ["process tree", "hidden data folder", "confined tools", "memory limit", "process limit"]
    );
    assert!(findings.iter().all(|finding| (finding.status == Status::Ok) == finding.remedy.is_none()));
}
