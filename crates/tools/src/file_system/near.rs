//! What exists near a path that does not: the slip of a hand, the same name elsewhere, or what the folder holds.

use mainspring_types::nearest;

use super::{
    path::{Inside, shown},
    root::Root,
    walk::{Flow, Walk},
};

/// How much of the workspace is looked through for the same name.
const ENTRIES_MAX: usize = 20_000;

const NAMED_MAX: usize = 10;

/// Says that nothing is at the path, and what is near it.
pub(super) fn missing(root: &Root, at: &Inside) -> String {
    let (folder, wrong) = deepest(root, at);
    let Some(names) = names(root, &folder) else { return format!("`{at}` does not exist") };
    if let Some(name) = nearest(&wrong, names.iter().map(String::as_str)) {
        return format!("`{at}` does not exist; did you mean `{}`?", folder.join(name.as_ref()));
    }
    let elsewhere = elsewhere(root, at);
    if !elsewhere.is_empty() {
        return format!("`{at}` does not exist; that name is at `{}`", elsewhere.join("`, `"));
    }
    let more = names.len().saturating_sub(NAMED_MAX);
    let first: Vec<String> = names.iter().take(NAMED_MAX).map(|name| shown(name.as_ref())).collect();
    match (first.is_empty(), more) {
        (true, _) => format!("`{at}` does not exist; the folder `{folder}` is empty"),
        (_, 0) => format!("`{at}` does not exist; the folder `{folder}` holds `{}`", first.join("`, `")),
        _ => format!(
            "`{at}` does not exist; the folder `{folder}` holds `{}` and {more} more",
            first.join("`, `")
        ),
    }
}

/// The last folder of the path that exists, and the name that is not in it.
fn deepest(root: &Root, at: &Inside) -> (Inside, String) {
    let mut folder = Inside::default();
    for part in at.parts() {
        let next = folder.join(part);
        if root.folder_at(&next).is_err() {
            return (folder, part.to_string_lossy().into_owned());
        }
        folder = next;
    }
    (folder, String::new())
}

/// What the folder holds, if it may be looked into.
fn names(root: &Root, folder: &Inside) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let walk = Walk { root, start: folder, deep: false, skip: false, max: ENTRIES_MAX };
    walk.each(|entry| {
        names.extend(entry.path.name().map(|name| name.to_string_lossy().into_owned()));
        Ok(Flow::On)
    })
    .ok()?;
    Some(names)
}

/// Up to three paths that end in the same name.
fn elsewhere(root: &Root, at: &Inside) -> Vec<String> {
    let mut found = Vec::new();
    let walk = Walk { root, start: &Inside::default(), deep: true, skip: true, max: ENTRIES_MAX };
    walk.each(|entry| {
        if entry.path.name() == at.name() {
            found.push(entry.path.to_string());
        }
        Ok(if found.len() < 3 { Flow::On } else { Flow::Enough })
    })
    .ok();
    found
}
