//! `edit_file`: exact text replaced by other text, in bytes, so that the rest of the file stays as it is.

mod lines;

use std::io::Read as _;

use serde::Deserialize;

use self::lines::{closest, line_of, numbered};
use super::{
    bounds::Access, path::Inside, place::Place, read::binary, root::Root, stop::Stop, trouble::Trouble,
    write::turn,
};

pub(super) const TAKES: &str = "`path`, `old`, `new` and, if you like, `all` (true for every place)";

const SIZE_MAX: u64 = 16 << 20;

/// Places that are named when there are several.
const NAMED_MAX: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    old: String,
    new: String,
    #[serde(default)]
    all: bool,
}

pub(super) fn edit(root: &Root, arguments: &Arguments, stop: &Stop) -> Result<String, Trouble> {
    let Arguments { old, new, all, .. } = arguments;
    let at = Inside::parse(&arguments.path)?;
    if old.is_empty() {
        return Err(Trouble::complaint("`old` is empty; to make a file, or fill one, use `write_file`"));
    }
    if old == new {
        return Err(Trouble::complaint("`old` and `new` are the same, so there is nothing to change"));
    }
    let _turn = turn(root.real());
    stop.check()?;
    let content = content(root, &at)?;
    let places = places(&content, old.as_bytes());
    match places.as_slice() {
        [] => return Err(Trouble::complaint(not_found(&at, &content, old))),
        [_, _, ..] if !all => return Err(Trouble::complaint(not_unique(&at, &content, &places))),
        _ => {}
    }
    let changed = replaced(&content, &places, old.len(), new.as_bytes());
    Place::make(root, &at)?.replace(&changed, stop)?;
    let count = if places.len() == 1 { "1 place".to_owned() } else { format!("{} places", places.len()) };
    Ok(format!("edited `{at}` in {count}:\n{}", numbered(&changed, places[0], new.len())))
}

fn content(root: &Root, at: &Inside) -> Result<Vec<u8>, Trouble> {
    let fault = |error| Trouble::fault(format!("read `{at}`"), error);
    let mut content = Vec::new();
    root.file(at, Access::Write)?.take(SIZE_MAX + 1).read_to_end(&mut content).map_err(fault)?;
    if content.len() as u64 > SIZE_MAX {
        return Err(Trouble::complaint(format!("`{at}` has more than {SIZE_MAX} bytes, too many to edit")));
    }
    match binary(&content[..content.len().min(8 << 10)]) {
        Some(what) => Err(Trouble::complaint(format!("`{at}` is {what}, which cannot be edited as text"))),
        None => Ok(content),
    }
}

/// Where the text is, without overlaps; found in linear time, whatever the text.
fn places(content: &[u8], text: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(content, text).collect()
}

fn replaced(content: &[u8], places: &[usize], length: usize, new: &[u8]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(content.len() + places.len() * new.len());
    let mut from = 0;
    for place in places {
        changed.extend_from_slice(&content[from..*place]);
        changed.extend_from_slice(new);
        from = place + length;
    }
    changed.extend_from_slice(&content[from..]);
    changed
}

fn not_found(at: &Inside, content: &[u8], old: &str) -> String {
    let unix = old.contains('\n') && !old.contains("\r\n");
    if unix && !places(content, old.replace('\n', "\r\n").as_bytes()).is_empty() {
        return format!("`{at}` ends its lines with `\\r\\n`; write `old` and `new` with them, too");
    }
    let lines = closest(content, old);
    if lines.is_empty() {
        return format!("`old` is not in `{at}`, nor anything like it; read the file again");
    }
    format!(
        "`old` is not in `{at}`; it must be there exactly, with its white space. The closest lines:\n{lines}"
    )
}

fn not_unique(at: &Inside, content: &[u8], places: &[usize]) -> String {
    let lines: Vec<String> =
        places.iter().take(NAMED_MAX).map(|place| (line_of(content, *place) + 1).to_string()).collect();
    let more = if places.len() > NAMED_MAX { " and more" } else { "" };
    format!(
        "`old` is in `{at}` {} times, at lines {}{more}; give more of the text around the place you mean, \
         or `all: true`",
        places.len(),
        lines.join(", ")
    )
}
