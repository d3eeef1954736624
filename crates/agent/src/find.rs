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
use crate::script::Script;
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
    if meta.is_file() && is_document(path) {
        return document(path);
    }
    if meta.is_file() && has_extension(path, &["py"]) {
        return script(path);
    }
    if meta.is_file() && meta.permissions().mode() & 0o111 != 0 {
        return executable(path).map_err(|problem| vec![problem]);
    }
    Err(vec![neither(path)])
}

fn is_document(path: &Path) -> bool {
    has_extension(path, &["yaml", "yml", "json"])
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    path.extension().is_some_and(|extension| known.iter().any(|known| extension == *known))
}

/// What a document says the agent is.
enum Kind {
    Manifest,
    Definition,
}

/// A file that describes an agent, not yet read as such.
struct Document {
    file: String,
    source: String,
    node: Node,
    kind: Kind,
}

/// The text of a YAML file and what it holds; `file` names it in problems.
pub(crate) fn parsed(path: &Path, file: &str) -> Result<(String, Node), Problem> {
    let source = source_of(path, file)?;
    let node = yaml::parse(&source, file)?;
    Ok((source, node))
}

fn open(path: &Path) -> Result<Document, Problem> {
    let file = path.display().to_string();
    let (source, node) = parsed(path, &file)?;
    let kind = kind_of(&node, &file)?;
    Ok(Document { file, source, node, kind })
}

fn document(path: &Path) -> Result<Agent, Problems> {
    let document = open(path).map_err(|problem| vec![problem])?;
    match document.kind {
        Kind::Manifest => package(path, &document),
        Kind::Definition => native(path, &document),
    }
}

/// A document with `kind` is ours, one with `interface` or at least a `name` a package manifest.
fn kind_of(node: &Node, file: &str) -> Result<Kind, Problem> {
    let Tree::Map(entries) = &node.tree else { return Ok(Kind::Manifest) };
    let entry = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value);
    if let Some(kind) = entry("kind") {
        return match &kind.tree {
            Tree::Text(word) if word == "Agent" => Ok(Kind::Definition),
            _ => Err(not_a_kind(kind).at(locate(file, Some(kind.place)))),
        };
    }
    let nearly = || nearest("interface", entries.iter().map(|(key, _)| key.name.as_str())).is_some();
    if entry("interface").is_some() || entry("steps").is_none() && (entry("name").is_some() || nearly()) {
        return Ok(Kind::Manifest);
    }
    Err(no_kind(entry("steps").is_some(), file).at(locate(file, Some(Place { line: 1, column: 1 }))))
}

fn no_kind(has_steps: bool, file: &str) -> Problem {
    if has_steps {
        return Problem::new(Code::InvalidManifest, "`kind` is missing").suggest("add `kind: Agent`");
    }
    let message = format!("`{file}` describes no agent: it has neither `kind: Agent` nor `interface`");
    Problem::new(Code::InvalidManifest, message)
        .suggest("give a package manifest or a definition with `kind: Agent`")
}

fn not_a_kind(kind: &Node) -> Problem {
    let written = kind.to_json();
    let word = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
    let problem = Problem::new(Code::InvalidManifest, format!("`kind` is `{word}`; allowed: Agent"));
    match nearest(&word, ["Agent"]) {
        Some(meant) => problem.suggest(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

fn package(path: &Path, document: &Document) -> Result<Agent, Problems> {
    let (root, entry) = place_of(path).map_err(|problem| vec![problem])?;
    let (manifest, mut warnings) = manifest(document, &root)?;
    warnings.extend(without_program(&root));
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

/// The manifest, with what its folder adds to it, and the warnings.
fn manifest(document: &Document, root: &Path) -> Result<(Manifest, Problems), Problems> {
    let report = Report::new(&document.file, &document.source);
    let manifest = Manifest::read(&document.node, &report);
    let warnings = report.close()?;
    let mut manifest = manifest.expect("a manifest that reads as nothing reported why");
    let file = Path::new("requirements.txt");
    manifest.requirements.requirements_file = root.join(file).is_file().then(|| file.to_owned());
    Ok((manifest, warnings))
}

/// The problem of a package folder that has no program to run; its manifest can still be read and described.
pub(crate) fn without_program(root: &Path) -> Option<Problem> {
    if root.join(PROGRAM).is_file() {
        return None;
    }
    let message = format!("`{}` has a manifest and no `{PROGRAM}`", root.display());
    let problem = Problem::new(Code::AgentNotFound, message);
    Some(match nearest(PROGRAM, names_in(root).iter().map(String::as_str)) {
        Some(near) => problem.suggest(format!("did you mean `{}`?", root.join(near).display())),
        None => problem.suggest(format!("put the package's `{PROGRAM}` beside its manifest")),
    })
}

fn native(path: &Path, document: &Document) -> Result<Agent, Problems> {
    let (root, entry) = place_of(path).map_err(|problem| vec![problem])?;
    let report = Report::new(&document.file, &document.source);
    let definition = Definition::read(&document.node, &report, &root, || package_beside(&root, &entry));
    let warnings = report.close()?;
    let definition = definition.expect("a definition that reads as nothing reported why");
    Ok(Agent {
        name: definition.name.clone(),
        version: definition.version.clone(),
        description: definition.description.clone(),
        shape: Shape::Native(definition),
        entry,
        root,
        warnings,
    })
}

/// The package manifest in the folder of the definition `entry`, or why it cannot be read.
fn package_beside(root: &Path, entry: &str) -> Result<Option<Manifest>, String> {
    let beside = MANIFESTS.iter().filter(|name| **name != entry).map(|name| root.join(name));
    let Some(beside) = beside.into_iter().find(|file| file.is_file()) else { return Ok(None) };
    let document = open(&beside).map_err(|problem| located(&problem))?;
    match document.kind {
        Kind::Definition => Ok(None),
        Kind::Manifest => match manifest(&document, root) {
            Ok((manifest, _)) => Ok(Some(manifest)),
            Err(problems) => Err(problems.iter().map(located).collect::<Vec<_>>().join("; ")),
        },
    }
}

fn located(problem: &Problem) -> String {
    match &problem.location {
        Some(location) => format!("{location}: {problem}"),
        None => problem.to_string(),
    }
}

/// A Python program, where it really lies: it imports what is beside it there, not beside a link to it.
fn script(path: &Path) -> Result<Agent, Problems> {
    let one = |problem| vec![problem];
    let real = fs::canonicalize(path).map_err(|error| one(unreadable(path, &error)))?;
    let (root, entry) = place_of(&real).map_err(one)?;
    let source = fs::read(&real).map_err(|error| one(unreadable(path, &error)))?;
    let source = String::from_utf8_lossy(&source);
    let (script, warnings) = Script::read(&source, &path.display().to_string(), &root)?;
    let name = name_of(entry.strip_suffix(".py").unwrap_or(&entry)).map_err(one)?;
    Ok(Agent { name, version: None, description: None, shape: Shape::Script(script), entry, root, warnings })
}

fn executable(path: &Path) -> Result<Agent, Problem> {
    let (root, entry) = place_of(path)?;
    Ok(Agent {
        name: name_of(&entry)?,
        version: None,
        description: None,
        shape: Shape::Executable,
        entry,
        root,
        warnings: vec![],
    })
}

/// The name of an agent that has only that of its file.
fn name_of(entry: &str) -> Result<AgentName, Problem> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let name: String =
        entry.chars().map(|letter| if allowed(letter) { letter } else { '-' }).take(128).collect();
    AgentName::new(name.trim_start_matches(['-', '_', '.']))
        .map_err(|error| Problem::new(Code::AgentNotFound, format!("name the agent `{entry}`: {error}")))
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
    let message = format!(
        "`{}` is no definition (.yaml, .yml, .json), Python program (.py) or executable",
        path.display()
    );
    Problem::new(Code::AgentNotFound, message)
        .suggest(format!("to run it as a program: chmod +x {}", path.display()))
}

/// With the file of `folder` whose name is nearest to one that was looked for, or the definitions it holds.
fn with_near(problem: Problem, folder: &Path, looked_for: &[&str]) -> Problem {
    let names = names_in(folder);
    let near = |wanted: &&str| nearest(wanted, names.iter().map(String::as_str));
    if let Some(near) = looked_for.iter().find_map(near) {
        return problem.suggest(format!("did you mean `{}`?", folder.join(near).display()));
    }
    match names.iter().find(|name| is_document(Path::new(name))) {
        Some(other) => {
            problem.suggest(format!("to run a definition, name its file: {}", folder.join(other).display()))
        }
        None => problem.suggest("give a folder with an agent.yaml, a definition file or a program"),
    }
}

/// The names in a folder, sorted; none when it cannot be read.
fn names_in(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> =
        fs::read_dir(folder).map(|entries| entries.flatten().map(name).collect()).unwrap_or_default();
    names.sort_unstable();
    names
}
