//! Finds the file that says what an agent is, and reads the agent from it.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use mainspring_types::{AgentName, Code, Problem, nearest};

use crate::agent::{Agent, Shape};
use crate::definition::Definition;
use crate::fields::Report;
use crate::manifest::Manifest;
use crate::yaml::{self, Node, Place, SOURCE_MAX, Tree, locate};

/// The names of a manifest, the first one present counting.
const MANIFESTS: [&str; 2] = ["agent.yaml", "agent.yml"];
/// The program of a package.
const PROGRAM: &str = "agent.py";

type Problems = Vec<Problem>;

/// Reads the agent at `path`.
pub(crate) fn agent_at(path: &Path) -> Result<Agent, Problems> {
    let meta = fs::metadata(path).map_err(|error| vec![not_there(path, &error)])?;
    if meta.is_dir() {
        let manifest = MANIFESTS.iter().map(|name| path.join(name)).find(|file| file.is_file());
        return document(&manifest.ok_or_else(|| vec![no_manifest(path)])?);
    }
    if is_document(path) {
        return document(path);
    }
    if meta.is_file() && meta.permissions().mode() & 0o111 != 0 {
        return executable(path).map_err(|problem| vec![problem]);
    }
    Err(vec![neither(path)])
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ["yaml", "yml", "json"].iter().any(|known| ext == *known))
}

/// What a document says the agent is.
enum Kind {
    Manifest,
    Definition,
}

fn document(path: &Path) -> Result<Agent, Problems> {
    let file = path.display().to_string();
    let source = source_of(path, &file).map_err(|problem| vec![problem])?;
    let node = yaml::parse(&source, &file).map_err(|problem| vec![problem])?;
    let kind = kind_of(&node, &file).map_err(|problem| vec![problem])?;
    let (root, entry) = place_of(path).map_err(|problem| vec![problem])?;
    let report = Report::new(&file, &source);
    match kind {
        Kind::Manifest => {
            let manifest = Manifest::read(&node, &report);
            let warnings = report.close()?;
            package(manifest.expect("a manifest that reads as nothing reported why"), root, entry, warnings)
        }
        Kind::Definition => {
            let definition = Definition::read(&node, &report, || package_beside(path));
            let warnings = report.close()?;
            let definition = definition.expect("a definition that reads as nothing reported why");
            Ok(native(definition, root, entry, warnings))
        }
    }
}

/// A document with `kind` is ours, any other a package manifest.
fn kind_of(node: &Node, file: &str) -> Result<Kind, Problem> {
    let Tree::Map(entries) = &node.tree else { return Ok(Kind::Manifest) };
    let entry = |name: &str| entries.iter().find(|(key, _)| key.name == name);
    match entry("kind") {
        Some((_, Node { tree: Tree::Text(kind), .. })) if kind == "Agent" => Ok(Kind::Definition),
        Some((_, kind)) => {
            let written = kind.to_json();
            let problem = Problem::new(Code::InvalidManifest, format!("`kind` is {written}; allowed: Agent"));
            let meant = written.as_str().and_then(|kind| nearest(kind, ["Agent"]));
            let problem = problem.at(locate(file, Some(kind.place)));
            Err(match meant {
                Some(meant) => problem.suggest(format!("did you mean `{meant}`?")),
                None => problem,
            })
        }
        None if entry("steps").is_some() && entry("interface").is_none() => {
            let problem = Problem::new(Code::InvalidManifest, "`kind` is missing");
            let start = Place { line: 1, column: 1 };
            Err(problem.suggest("add `kind: Agent`").at(locate(file, Some(start))))
        }
        None => Ok(Kind::Manifest),
    }
}

fn package(
    mut manifest: Manifest,
    root: PathBuf,
    entry: String,
    warnings: Problems,
) -> Result<Agent, Problems> {
    complete(&mut manifest, &root).map_err(|problem| vec![problem])?;
    Ok(Agent {
        name: manifest.name.clone(),
        version: Some(manifest.version.clone()),
        description: Some(manifest.description.clone()),
        shape: Shape::Package(manifest),
        entry,
        root,
        warnings,
    })
}

/// Adds to the manifest what its folder says.
fn complete(manifest: &mut Manifest, root: &Path) -> Result<(), Problem> {
    if !root.join(PROGRAM).is_file() {
        let message = format!("`{}` has a manifest and no `{PROGRAM}`", root.display());
        return Err(with_near(Problem::new(Code::AgentNotFound, message), root, &[PROGRAM]));
    }
    let file = Path::new("requirements.txt");
    manifest.requirements.requirements_file = root.join(file).is_file().then(|| file.to_owned());
    Ok(())
}

fn native(definition: Definition, root: PathBuf, entry: String, warnings: Problems) -> Agent {
    Agent {
        name: definition.name.clone(),
        version: definition.version.clone(),
        description: definition.description.clone(),
        shape: Shape::Native(definition),
        entry,
        root,
        warnings,
    }
}

/// The package manifest in the folder of the definition `path`, or why it cannot be read.
fn package_beside(path: &Path) -> Result<Option<Manifest>, String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = MANIFESTS.iter().map(|name| folder.join(name)).find(|file| file.is_file() && file != path);
    let Some(beside) = beside else { return Ok(None) };
    match document(&beside).map(|agent| agent.shape) {
        Ok(Shape::Package(manifest)) => Ok(Some(manifest)),
        Ok(_) => Ok(None),
        Err(problems) => Err(problems.iter().map(located).collect::<Vec<_>>().join("; ")),
    }
}

fn located(problem: &Problem) -> String {
    match &problem.location {
        Some(location) => format!("{location}: {problem}"),
        None => problem.to_string(),
    }
}

fn executable(path: &Path) -> Result<Agent, Problem> {
    let (root, entry) = place_of(path)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let name: String =
        entry.chars().map(|letter| if allowed(letter) { letter } else { '-' }).take(128).collect();
    let name = AgentName::new(name.trim_start_matches(['-', '_', '.']))
        .map_err(|error| Problem::new(Code::AgentNotFound, format!("name the agent `{entry}`: {error}")))?;
    Ok(Agent {
        name,
        version: None,
        description: None,
        shape: Shape::Executable,
        entry,
        root,
        warnings: vec![],
    })
}

/// The folder of a file, absolute and without links, and the file's name within it.
fn place_of(path: &Path) -> Result<(PathBuf, String), Problem> {
    let absolute = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    let root = fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
    let name = absolute.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Problem::new(Code::AgentNotFound, "the agent's file name is not UTF-8"))?;
    Ok((root, name.to_owned()))
}

fn source_of(path: &Path, file: &str) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|open| open.take(SOURCE_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(path, &error))?;
    let refused = |why: String| {
        Problem::new(Code::InvalidYaml, format!("read `{file}` as YAML: {why}")).at(locate(file, None))
    };
    if bytes.len() as u64 > SOURCE_MAX {
        return Err(refused("it is over 1 MiB, more than a definition may have".into()));
    }
    String::from_utf8(bytes).map_err(|error| refused(format!("it is not UTF-8: {error}")))
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Code::AgentNotFound, format!("read `{}`: {error}", path.display()))
}

fn not_there(path: &Path, error: &io::Error) -> Problem {
    let problem = unreadable(path, error);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match error.kind() {
        io::ErrorKind::NotFound => with_near(problem, parent, &[&name]),
        _ => problem,
    }
}

fn no_manifest(folder: &Path) -> Problem {
    let message = format!("`{}` holds no agent: looked for {}", folder.display(), MANIFESTS.join(" and "));
    with_near(Problem::new(Code::AgentNotFound, message), folder, &MANIFESTS)
}

fn neither(path: &Path) -> Problem {
    let message =
        format!("`{}` is neither a definition (.yaml, .yml, .json) nor an executable", path.display());
    Problem::new(Code::AgentNotFound, message)
        .suggest(format!("to run it as a program: chmod +x {}", path.display()))
}

/// With the file of `folder` whose name is nearest to one that was looked for, or the definitions it holds.
fn with_near(problem: Problem, folder: &Path, looked_for: &[&str]) -> Problem {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default();
    names.sort_unstable();
    let near = |wanted: &&str| nearest(wanted, names.iter().map(String::as_str));
    if let Some(near) = looked_for.iter().find_map(near) {
        return problem.suggest(format!("did you mean `{}`?", folder.join(near).display()));
    }
    match names.iter().find(|name| is_document(Path::new(name))) {
        Some(other) => {
            problem.suggest(format!("to run a definition, name its file: {}", folder.join(other).display()))
        }
        None => problem.suggest("give a folder with an agent.yaml, a definition file or an executable"),
    }
}
