//! The TOML of a block as a tree in which every node knows its place in the program.

use std::borrow::Cow;

use mainspring_types::{Code, Problem};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::block::{Block, SIGN};
use crate::yaml::{Key, Node, Place, Tree, locate};

/// Reads the TOML of `block`; `file` names the program in the problem.
pub(super) fn parse(block: &Block, file: &str) -> Result<Node, Problem> {
    let table = DeTable::parse(&block.text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let why = error.message().replace('\n', ", ");
        Problem::new(Code::InvalidManifest, format!("read the script metadata of `{file}` as TOML: {why}"))
            .suggest("write it like `# dependencies = [\"requests>=2.0\"]`, every line behind `# `")
            .at(locate(file, Some(place(block, start))))
    })?;
    Ok(Node { place: place(block, 0), written: 0..block.text.len(), tree: map(block, table.get_ref()) })
}

fn map(block: &Block, table: &DeTable<'_>) -> Tree {
    let key = |name: &Spanned<Cow<'_, str>>| Key {
        place: place(block, name.span().start),
        name: name.get_ref().to_string(),
    };
    Tree::Map(table.iter().map(|(name, value)| (key(name), node(block, value))).collect())
}

fn node(block: &Block, value: &Spanned<DeValue<'_>>) -> Node {
    let tree = match value.get_ref() {
        DeValue::String(text) => Tree::Text(text.to_string()),
        DeValue::Integer(number) => number_of(&number.to_string()),
        DeValue::Float(number) => number_of(&number.to_string()),
        DeValue::Boolean(truth) => Tree::Bool(*truth),
        DeValue::Datetime(time) => Tree::Text(time.to_string()),
        DeValue::Array(items) => Tree::List(items.iter().map(|item| node(block, item)).collect()),
        DeValue::Table(table) => map(block, table),
    };
    Node { place: place(block, value.span().start), written: value.span(), tree }
}

/// The number, or its text where JSON has none like it, such as `inf`.
fn number_of(text: &str) -> Tree {
    text.parse().map_or_else(|_| Tree::Text(text.to_owned()), Tree::Number)
}

/// Where an offset into the text of a block is in the program.
fn place(block: &Block, offset: usize) -> Place {
    let before = &block.text[..offset.min(block.text.len())];
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    Place { line: block.line + count(before.matches('\n').count()), column: count(column) + 1 + SIGN }
}
