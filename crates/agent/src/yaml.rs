//! Reads one YAML document into a tree in which every node knows its line and column.
//!
//! Words such as `yes` and `no` stay text, a key may stand once in its map, and documents that grow when their aliases
//! are followed are refused early. What the fields mean is left to [`crate::fields`].

use std::{fmt, ops::Range};

use mainspring_types::{Code, Location, Problem};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// The most bytes a definition may have. A larger file is data, not a definition.
pub(crate) const SOURCE_MAX: u64 = 1 << 20;

/// A position in the file; both count from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A node of the document and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    /// The bytes of the source this node was written with.
    pub(crate) written: Range<usize>,
    pub(crate) tree: Tree,
}

/// What a node holds.
#[derive(Debug)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map and where it stands.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) name: String,
}

/// Reads the one document of `source`; `file` names it in the problem.
pub(crate) fn parse(source: &str, file: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        ignore_binary_tag_for_string: true,
        // Far above any definition written by hand, far below what would be felt.
        budget: serde_saphyr::budget! { max_nodes: 20_000, max_aliases: 1_000, max_depth: 64, max_events: 100_000 },
    };
    let node: Node =
        serde_saphyr::from_str_with_options(source, options).map_err(|error| not_yaml(&error, file))?;
    match leading_zero(&node, source) {
        None => Ok(node),
        Some(number) => Err(ambiguous(number, source, file)),
    }
}

fn not_yaml(error: &serde_saphyr::Error, file: &str) -> Problem {
    let place = error.location().map(place_of);
    let mut cause = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    if let Some(Place { line, column }) = place {
        // The place is told once, by the problem itself.
        let told = format!(" at line {line}, column {column}");
        cause.truncate(cause.strip_suffix(told.as_str()).unwrap_or(&cause).len());
    }
    Problem::new(Code::InvalidYaml, format!("read `{file}` as YAML: {cause}")).at(locate(file, place))
}

/// The first number written like `0777`, which is octal to some readers and decimal to others.
fn leading_zero<'a>(node: &'a Node, source: &str) -> Option<&'a Node> {
    match &node.tree {
        Tree::Number(_) => {
            let digits = node.written(source).trim_start_matches(['-', '+']).as_bytes();
            (digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()).then_some(node)
        }
        Tree::List(items) => items.iter().find_map(|item| leading_zero(item, source)),
        Tree::Map(entries) => entries.iter().find_map(|(_, value)| leading_zero(value, source)),
        Tree::Null | Tree::Bool(_) | Tree::Text(_) => None,
    }
}

fn ambiguous(number: &Node, source: &str, file: &str) -> Problem {
    let written = number.written(source);
    Problem::new(Code::InvalidYaml, format!("read `{file}` as YAML: `{written}` begins with a zero"))
        .suggest(format!("leave the zero out, or write \"{written}\" in quotes when it is text"))
        .at(locate(file, Some(number.place)))
}

impl Node {
    /// The node as it was written in the `source` it was parsed from.
    pub(crate) fn written<'s>(&self, source: &'s str) -> &'s str {
        source.get(self.written.clone()).unwrap_or_default()
    }

    /// The same value without places.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.tree {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(value) => Value::Number(value.clone()),
            Tree::Text(value) => Value::String(value.clone()),
            Tree::List(items) => items.iter().map(Self::to_json).collect(),
            Tree::Map(entries) => {
                entries.iter().map(|(key, value)| (key.name.clone(), value.to_json())).collect()
            }
        }
    }
}

/// A place in `file`, or the whole file when the place is not known.
pub(crate) fn locate(file: &str, place: Option<Place>) -> Location {
    Location { file: file.to_owned(), line: place.map(|at| at.line), column: place.map(|at| at.column) }
}

fn place_of(location: serde_saphyr::Location) -> Place {
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Place { line: narrow(location.line()), column: narrow(location.column()) }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value: tree, referenced, defined } = Spanned::deserialize(deserializer)?;
        let span = defined.span();
        let start = span.byte_offset().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
        let length = span.byte_len().and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
        Ok(Self { place: place_of(referenced), written: start..start + length, tree })
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Tree, E> {
        serde_json::Number::from_f64(value)
            .map(Tree::Number)
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map: Vec<(Key, Node)> = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            map.push((Key { place: place_of(key.referenced), name: key.value }, entries.next_value()?));
        }
        Ok(Tree::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(source: &str) -> String {
        parse(source, "agent.yaml").expect("YAML").to_json().to_string()
    }

    fn refusal(source: &str) -> String {
        let problem = parse(source, "agent.yaml").expect_err("not YAML");
        format!("{}: {} {problem}", problem.location.as_ref().expect("a place"), problem.code)
    }

    #[test]
    fn words_stay_text() {
        assert_eq!(json("NO: no\nb: yes\nc: true\nd: 1.50\n"), r#"{"NO":"no","b":"yes","c":true,"d":1.5}"#);
        assert_eq!(json("a: &x {k: v}\nb: *x\n"), r#"{"a":{"k":"v"},"b":{"k":"v"}}"#);
    }

    #[test]
    fn every_node_knows_its_place_and_its_text() {
        let source = "a:\n  - 3.10\n";
        let Tree::Map(map) = parse(source, "f").expect("YAML").tree else { panic!("a map") };
        let Tree::List(list) = &map[0].1.tree else { panic!("a list") };
        assert_eq!((list[0].place, list[0].written(source)), (Place { line: 2, column: 5 }, "3.10"));
    }

    #[test]
    fn what_is_not_yaml_says_where() {
        let table = [
            (
                "a: 1\n b: 2\n",
                "agent.yaml:2:3: E1101 read `agent.yaml` as YAML: mapping values are not allowed in this context",
            ),
            (
                "a: 1\na: 2\n",
                "agent.yaml:2:1: E1101 read `agent.yaml` as YAML: duplicate mapping key: a not allowed here",
            ),
            (
                "a:\n\t- b\n",
                "agent.yaml:2:2: E1101 read `agent.yaml` as YAML: tabs disallowed within this context (block indentation)",
            ),
            ("a: *x\n", "agent.yaml:1:4: E1101 read `agent.yaml` as YAML: reference to unknown value"),
            ("a: 0777\n", "agent.yaml:1:4: E1101 read `agent.yaml` as YAML: `0777` begins with a zero"),
        ];
        for (source, expected) in table {
            assert_eq!(refusal(source), expected);
        }
    }

    #[test]
    fn a_document_that_grows_by_its_aliases_is_refused_fast() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, of) in ["b", "c", "d", "e", "f", "g", "h", "i"].map(str::to_owned).into_iter().zip('a'..) {
            bomb +=
                &[name.as_str(), ": &", &name, " [", &vec![format!("*{of}"); 9].join(", "), "]\n"].concat();
        }
        let began = std::time::Instant::now();
        assert_eq!(parse(&bomb, "agent.yaml").expect_err("a bomb").code, Code::InvalidYaml);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}
