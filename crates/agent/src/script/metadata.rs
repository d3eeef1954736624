//! Inline script metadata: `dependencies` and `requires-python`; `tool` is left to the tools it is meant for.

use mainspring_types::{Code, Problem};
use serde_json::Map;

use super::{block, table};
use crate::fields::{Fields, Report};
use crate::requirements::Requirements;
use crate::yaml::{Place, locate};

/// What the program asks for in its metadata, or `None` when it has none; and the warnings.
pub(super) fn read(source: &str, file: &str) -> Result<(Option<Requirements>, Vec<Problem>), Vec<Problem>> {
    let blocks = block::find(source);
    let mut warnings: Vec<Problem> = blocks.open.iter().map(|line| never_closed(file, *line)).collect();
    let block = match blocks.closed.as_slice() {
        [] => return Ok((None, warnings)),
        [block] => block,
        [first, second, ..] => return Err(vec![twice(file, first.line - 1, second.line - 1)]),
    };
    let node = table::parse(block, file).map_err(|problem| vec![problem])?;
    let report = Report::new(file, &block.text);
    let requirements = report.root(&node).map(requirements);
    warnings.extend(report.close()?);
    Ok((requirements, warnings))
}

fn requirements(mut fields: Fields<'_>) -> Requirements {
    let python = fields.optional("requires-python").and_then(|field| field.parsed(str::parse));
    let packages = fields.optional("dependencies").and_then(|field| field.items()).unwrap_or_default();
    let packages = packages.iter().filter_map(|item| item.parsed(requirement)).collect();
    let _ = fields.optional("tool");
    // A field of a later standard is no reason to refuse the program.
    fields.keep_rest(&mut Map::new());
    Requirements { python: python.unwrap_or_default(), packages, ..Requirements::default() }
}

/// A requirement as PEP 508 has it, as far as its name and what follows it show: the rest is the installer's to judge.
fn requirement(text: &str) -> Result<String, String> {
    let text = text.trim();
    let of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let (name, rest) = text.split_at(text.find(|letter| !of_name(letter)).unwrap_or(text.len()));
    let is_name = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let rest = rest.trim_start();
    if is_name && (rest.is_empty() || rest.starts_with(['[', '(', '<', '>', '=', '!', '~', ';', '@'])) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no requirement; write it like `requests>=2.0` or `name @ https://...`"))
}

fn never_closed(file: &str, line: u32) -> Problem {
    Problem::new(Code::InvalidManifest, "`# /// script` is not closed, so it is read as a comment")
        .suggest("end the block with a line `# ///`, and begin every line before it with `# `")
        .at(locate(file, Some(Place { line, column: 1 })))
}

fn twice(file: &str, first: u32, second: u32) -> Problem {
    let message = format!("the program has two blocks of script metadata; the first is on line {first}");
    Problem::new(Code::InvalidManifest, message)
        .suggest("keep one `# /// script`")
        .at(locate(file, Some(Place { line: second, column: 1 })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_begins_with_a_name() {
        for text in
            ["a", "requests>=2.0", "a.b-c_d [x, y] ~= 1; python_version < '3.12'", "a @ https://x/a.whl"]
        {
            assert_eq!(requirement(text).as_deref(), Ok(text));
        }
        for text in ["", "-e .", "--index-url=x", "./a", "git+https://x/a", "a b", ".a"] {
            assert!(requirement(text).is_err(), "{text}");
        }
    }
}
