//! Agents as their authors write them: what reads, what is refused and in which words.

mod assistants;
mod calls;
mod definitions;
mod laws;
mod manifests;
mod mistakes;
mod places;
mod policies;
mod policy_laws;
mod published;
mod scripts;
mod shells;
mod versions;

use std::{
    fs,
    path::{Path, PathBuf},
};

use mainspring_agent::{Agent, Assistant, Overlay, read};
use mainspring_types::Problem;

/// The package and the definition that most tests begin with.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wordsmith").join(name)
}

fn wordsmith() -> Agent {
    read(&fixture("")).expect("the fixture reads")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().expect("within the folder")).expect("a folder");
    fs::write(file, text).expect("a file");
}

/// Reads a folder with the given manifest and an empty program.
fn read_manifest(manifest: &str) -> Result<Agent, Vec<Problem>> {
    let folder = folder();
    write(folder.path(), "agent.yaml", manifest);
    write(folder.path(), "agent.py", "");
    read(folder.path())
}

/// Reads a definition that lies beside the files of the fixture.
fn read_definition(definition: &str) -> Result<Agent, Vec<Problem>> {
    let folder = folder();
    for name in ["agent.yaml", "agent.py"] {
        fs::copy(fixture(name), folder.path().join(name)).expect("a copy");
    }
    write(folder.path(), "flow.yaml", definition);
    read(&folder.path().join("flow.yaml"))
}

/// Each problem on a line: `LINE:COLUMN CODE message (suggestion)`.
fn shown(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let at = problem.location.as_ref().map_or((None, None), |at| (at.line, at.column));
        let at =
            [at.0, at.1].map(|number| number.map_or("-".to_owned(), |number| number.to_string())).join(":");
        let suggestion = problem.suggestion.as_ref().map_or(String::new(), |text| format!(" ({text})"));
        format!("{at} {} {problem}{suggestion}", problem.code)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads a definition that lies alone, as `reviewer.yaml`.
fn read_assistant(definition: &str) -> Result<Agent, Vec<Problem>> {
    let folder = folder();
    write(folder.path(), "reviewer.yaml", definition);
    read(&folder.path().join("reviewer.yaml"))
}

/// The assistant of a definition's fields beyond the name and the instructions, as a run of it has it.
fn assistant(fields: &str) -> Assistant {
    let text =
        format!("kind: Agent\nname: reviewer\nmodel: openai/gpt-4o-mini\ninstructions: Review.\n{fields}");
    let agent = read_assistant(&text).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    let draft = agent.assistant().expect("an assistant");
    draft.overlaid(&Overlay::default(), &Overlay::default()).expect("it has a model")
}
