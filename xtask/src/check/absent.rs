//! What a crate must not contain, however many steps away: the second table in `ARCHITECTURE.md`.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::{ARCHITECTURE, table::Row};

/// Each forbidden crate that is reached, with the way to it.
pub(super) fn findings(table: &BTreeMap<String, Row>, metadata: &Value) -> Vec<String> {
    let graph = Graph::new(metadata);
    let check = |(name, row): (&String, &Row)| match graph.reached(&format!("mainspring-{name}")) {
        None => vec![format!("{ARCHITECTURE}:{}: there is no crate `{name}`; drop the row", row.line)],
        Some(ways) => {
            let found = row.names.iter().filter_map(|forbidden| ways.get(forbidden.as_str()));
            let finding = |way: &Vec<&str>| {
                format!("{ARCHITECTURE}:{}: `{name}` must not contain it: {}", row.line, way.join(" -> "))
            };
            found.map(finding).collect()
        }
    };
    table.iter().flat_map(check).collect()
}

/// The resolved normal dependencies of every package, on all platforms.
struct Graph<'a> {
    names: BTreeMap<&'a str, &'a str>,
    edges: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    fn new(metadata: &'a Value) -> Self {
        let list = |value: &'a Value| value.as_array().into_iter().flatten();
        let normal = |dependency: &&Value| list_has_normal(&dependency["dep_kinds"]);
        let edges_of =
            |node: &'a Value| list(&node["deps"]).filter(normal).filter_map(|edge| edge["pkg"].as_str());
        let packages = list(&metadata["packages"]);
        let nodes = list(&metadata["resolve"]["nodes"]);
        Self {
            names: packages
                .filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
                .collect(),
            edges: nodes.filter_map(|node| Some((node["id"].as_str()?, edges_of(node).collect()))).collect(),
        }
    }

    /// All that the package named `start` contains, each with the shortest way to it; `None` without such a package.
    fn reached(&self, start: &str) -> Option<BTreeMap<&'a str, Vec<&'a str>>> {
        let (&id, &name) = self.names.iter().find(|(_, name)| **name == start)?;
        let mut ways = BTreeMap::from([(name, vec![name])]);
        let mut next = VecDeque::from([id]);
        while let Some(id) = next.pop_front() {
            let way = ways[self.names[id]].clone();
            for &dependency in self.edges.get(id).into_iter().flatten() {
                let name = self.names[dependency];
                ways.entry(name).or_insert_with(|| {
                    next.push_back(dependency);
                    way.iter().copied().chain([name]).collect()
                });
            }
        }
        Some(ways)
    }
}

/// Whether one of the kinds under which a package is depended on is the normal one.
fn list_has_normal(kinds: &Value) -> bool {
    kinds.as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::table, *};

    fn check(rows: &str) -> Vec<String> {
        let page = format!("<!-- absent -->\n{rows}\n<!-- /absent -->");
        let edge = |to: &str, kind: Value| json!({"pkg": to, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [{"id": "c", "name": "mainspring-core"}, {"id": "u", "name": "uuid"}, {"id": "t", "name": "tokio"}],
            "resolve": {"nodes": [
                {"id": "c", "deps": [edge("u", Value::Null), edge("t", json!("dev"))]},
                {"id": "u", "deps": [edge("t", Value::Null)]},
                {"id": "t", "deps": []},
            ]},
        });
        findings(&table::read(&page, "absent").expect("a table"), &metadata)
    }

    #[test]
    fn what_is_reached_shows_the_way() {
        assert_eq!(
            check("| core | rusqlite, tokio |"),
            ["ARCHITECTURE.md:2: `core` must not contain it: mainspring-core -> uuid -> tokio"]
        );
    }

    #[test]
    fn what_is_not_reached_passes() {
        assert!(check("| core | rusqlite, hyper |").is_empty());
    }
}
