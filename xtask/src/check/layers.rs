//! Who may depend on whom: the table in `ARCHITECTURE.md` against the manifests of the workspace.
//!
//! Only normal dependencies count: a test may reach for more. `xtask` itself is no part of the product.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ARCHITECTURE, table::Row};

/// Each dependency, crate and row that has no counterpart, with its fix.
pub(super) fn findings(table: &BTreeMap<String, Row>, metadata: &Value) -> Vec<String> {
    let members = members(metadata);
    let mut findings = Vec::new();
    for (name, member) in &members {
        match table.get(*name) {
            None => {
                findings.push(format!("{ARCHITECTURE}: `{name}` is missing in the table; add a row for it"));
            }
            Some(row) => findings.extend(member.beyond(row).map(|dependency| {
                format!(
                    "{}: `{name}` depends on `{dependency}`, which {ARCHITECTURE}:{} does not allow; \
                     drop the dependency, or change the table in a commit that gives the reason",
                    member.manifest, row.line
                )
            })),
        }
    }
    let gone = table.iter().filter(|(name, _)| !members.contains_key(name.as_str()));
    findings.extend(
        gone.map(|(name, row)| {
            format!("{ARCHITECTURE}:{}: there is no crate `{name}`; drop the row", row.line)
        }),
    );
    findings
}

/// A crate of the workspace.
struct Member<'a> {
    /// Its manifest, from the root.
    manifest: &'a str,
    /// The short names of the members it depends on.
    dependencies: Vec<&'a str>,
}

impl<'a> Member<'a> {
    fn read(package: &'a Value, root: &str) -> Option<Self> {
        let path = package["manifest_path"].as_str()?;
        let dependencies = package["dependencies"].as_array()?.iter();
        let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
        Some(Self {
            manifest: path.strip_prefix(root).unwrap_or(path).trim_start_matches('/'),
            dependencies: normal.filter_map(short).collect(),
        })
    }

    /// The dependencies that `row` does not allow.
    fn beyond(&self, row: &Row) -> impl Iterator<Item = &'a str> {
        self.dependencies.iter().copied().filter(|name| !row.names.iter().any(|allowed| allowed == name))
    }
}

/// The members by short name.
fn members(metadata: &Value) -> BTreeMap<&str, Member<'_>> {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    // A package without a source is one of this workspace.
    let own = packages.filter(|package| package["source"].is_null());
    own.filter_map(|package| Some((short(package)?, Member::read(package, root)?))).collect()
}

/// The name without our prefix; `None` for a package that is not of the product.
fn short(package: &Value) -> Option<&str> {
    package["name"].as_str()?.strip_prefix("mainspring-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::table, *};

    fn check(rows: &str) -> Vec<String> {
        let page = format!("<!-- layers -->\n{rows}\n<!-- /layers -->");
        let package = |name: &str, dependencies: Value| {
            let manifest = format!("/root/crates/{}/Cargo.toml", name.trim_start_matches("mainspring-"));
            json!({"name": name, "source": null, "manifest_path": manifest, "dependencies": dependencies})
        };
        let metadata = json!({"workspace_root": "/root", "packages": [
            package("mainspring-types", json!([{"name": "serde", "kind": null}])),
            package("mainspring-core", json!([{"name": "mainspring-types", "kind": null},
                {"name": "mainspring-testkit", "kind": "dev"}])),
            package("xtask", json!([])),
        ]});
        findings(&table::read(&page, "layers").expect("a table"), &metadata)
    }

    #[test]
    fn a_table_that_fits_has_no_finding() {
        assert!(check("| types | - |\n| core | types |").is_empty());
    }

    #[test]
    fn each_disagreement_is_named() {
        assert_eq!(
            check("| core | - |\n| store | core |"),
            [
                "crates/core/Cargo.toml: `core` depends on `types`, which ARCHITECTURE.md:2 does not allow; \
                 drop the dependency, or change the table in a commit that gives the reason",
                "ARCHITECTURE.md: `types` is missing in the table; add a row for it",
                "ARCHITECTURE.md:3: there is no crate `store`; drop the row",
            ]
        );
    }
}
