//! The settings file: settings first, then the tables.

use std::{collections::BTreeMap, fs, io, path::Path};

use mainspring_agent::Overlay;
use mainspring_boundary::budget::Rule;
use mainspring_types::{Code, Location, Problem};
use mainspring_worker::Reach;
use toml::de::DeTable;

use super::{
    Given, Key, SETTINGS, Source, agents, budget,
    node::{Node, Text},
    upstream::{self, Upstream},
};
use crate::data::Environment;

/// The tables that may stand in the file beside the settings.
const TABLES: [&str; 4] = ["providers", "budgets", "agents", "web"];

/// What the file gives.
#[derive(Default)]
pub(super) struct File {
    pub(super) settings: BTreeMap<Key, Given>,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) budgets: Vec<Rule>,
    pub(super) overlay: Overlay,
    pub(super) reach: Reach,
}

/// What the file gives; nothing when there is no file. The environment holds the keys that it names.
pub(super) fn read(path: &Path, environment: Environment<'_>) -> Result<File, Problem> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(File::default()),
        Err(error) => {
            let problem = Problem::new(Code::InvalidConfiguration, "read the settings file").because(&error);
            return Err(problem.at(Location { file: path.display().to_string(), line: None, column: None }));
        }
    };
    let source = Text { path, text: &text };
    let table = DeTable::parse(&text).map_err(|error| unreadable(source, &error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut file = File::default();
    for node in source.nodes("", table.get_ref()) {
        match node.name {
            "providers" => {
                for provider in node.nodes()? {
                    file.upstreams.push(upstream::from_file(&provider, folder, environment)?);
                }
            }
            "budgets" => file.budgets = budget::from_file(&node)?,
            "agents" => file.overlay = agents::overlay(&node)?,
            "web" => file.reach = agents::reach(&node)?,
            _ => file.settings.extend([setting(&node)?]),
        }
    }
    Ok(file)
}

fn setting(node: &Node<'_>) -> Result<(Key, Given), Problem> {
    let known = SETTINGS.iter().map(|setting| setting.name).chain(TABLES);
    let key = Key::from_name(node.name).ok_or_else(|| node.unknown(known))?;
    let place = node.place();
    let Some(text) = node.scalar() else {
        let setting = key.setting();
        let message = format!("`{}` must be {}, not a list or table", setting.name, setting.takes);
        return Err(Problem::new(Code::InvalidConfiguration, message).at(place));
    };
    Ok((key, Given { text, source: Source::File(place) }))
}

fn unreadable(source: Text<'_>, error: &toml::de::Error) -> Problem {
    let start = error.span().map_or(0, |span| span.start);
    let message = format!("the settings file is not readable TOML: {}", error.message().replace('\n', ", "));
    Problem::new(Code::InvalidConfiguration, message)
        .suggest("write one setting a line, such as `slots = 4`; text stands in double quotes")
        .at(source.place(start))
}
