//! Tables inside a Markdown page, between `<!-- name -->` and `<!-- /name -->`: a crate, and a list of names.

use std::collections::BTreeMap;

/// A row: where it stands and the names in its second column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Line of the page, counted from 1.
    pub(super) line: usize,
    /// The names, in the order written.
    pub(super) names: Vec<String>,
}

/// The rows of the table `name`, by crate.
pub(super) fn read(page: &str, name: &str) -> Result<BTreeMap<String, Row>, String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let mut lines = page.lines().zip(1..).skip_while(|(text, _)| text.trim() != open);
    lines.next().ok_or_else(|| format!("there is no `{open}`"))?;
    let mut rows = BTreeMap::new();
    for (text, line) in lines {
        if text.trim() == close {
            return Ok(rows);
        }
        // The first two lines that begin with a bar are the head and the rule below it.
        let Some((key, names)) = cells(text).filter(|(key, _)| *key != "crate" && !key.starts_with('-'))
        else {
            continue;
        };
        if rows.insert(key.to_owned(), Row { line, names }).is_some() {
            return Err(format!("line {line}: `{key}` has two rows"));
        }
    }
    Err(format!("`{open}` is never closed by `{close}`"))
}

/// The two columns of `| crate | a, b |`; a dash stands for no name.
fn cells(text: &str) -> Option<(&str, Vec<String>)> {
    let bare = |cell: &'static [char]| move |text: &'_ str| text.trim_matches(cell).to_owned();
    let (key, names) = text.trim().strip_prefix('|')?.strip_suffix('|')?.split_once('|')?;
    let names =
        names.split(',').map(bare(&[' ', '`'])).filter(|name| !["", "-", "–", "—"].contains(&name.as_str()));
    Some((key.trim_matches([' ', '`']), names.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Layers\n<!-- layers -->\n| crate | may depend on |\n| --- | --- |\n| types | - |\n\
                        | `core` | `types` |\n| store | types, core |\n<!-- /layers -->\n";

    #[test]
    fn a_table_reads_with_its_lines() {
        let table = read(PAGE, "layers").expect("a table");
        assert_eq!(table["types"], Row { line: 5, names: vec![] });
        assert_eq!(table["core"], Row { line: 6, names: vec!["types".into()] });
        assert_eq!(table["store"].names, ["types", "core"]);
    }

    #[test]
    fn what_is_no_table_says_why() {
        assert_eq!(read(PAGE, "absent"), Err("there is no `<!-- absent -->`".into()));
        let open = PAGE.replace("<!-- /layers -->", "");
        assert_eq!(
            read(&open, "layers"),
            Err("`<!-- layers -->` is never closed by `<!-- /layers -->`".into())
        );
        let twice = PAGE.replace("| store |", "| core |");
        assert_eq!(read(&twice, "layers"), Err("line 7: `core` has two rows".into()));
    }
}
