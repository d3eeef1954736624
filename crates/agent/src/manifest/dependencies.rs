//! Reads `dependencies`: a list of requirements, and the maps of names and versions found in the wild.

use crate::fields::Field;

/// The dependencies as PEP 508 requirements.
pub(super) fn read(field: &Field<'_>) -> Vec<String> {
    let mut packages = Vec::new();
    if field.is_map() {
        field.warn("`dependencies` is a map; it should be a list such as `- requests>=2.0`".into());
        packages.extend(pairs(field));
    } else {
        for item in field.items().unwrap_or_default() {
            if item.is_map() {
                item.warn(format!("`{}` is a map; it should be text such as `requests>=2.0`", item.path()));
                packages.extend(pairs(&item));
            } else {
                packages.extend(item.text());
            }
        }
    }
    packages
}

fn pairs(map: &Field<'_>) -> Vec<String> {
    map.fields().map_or_else(Vec::new, |fields| {
        fields.all().filter_map(|(name, bound)| Some(format!("{name}{}", constraint(&bound)?))).collect()
    })
}

/// What follows the name: `>=1.0` as written, `1.0` as exactly that version, nothing for any.
fn constraint(bound: &Field<'_>) -> Option<String> {
    if bound.json().is_null() {
        return Some(String::new());
    }
    let text = bound.text_as_written()?;
    match text.trim() {
        "*" | "latest" | "any" => Some(String::new()),
        text if text.starts_with(['=', '>', '<', '!', '~']) => Some(text.to_owned()),
        text if text.starts_with(|first: char| first.is_ascii_digit()) => Some(format!("=={text}")),
        text => bound.refused(format!(
            "`{}` is `{text}`, which is no version bound; write it like >=1.0,<2",
            bound.path()
        )),
    }
}
