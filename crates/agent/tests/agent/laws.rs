//! What holds for any text and any folder.

use std::{collections::BTreeMap, fs};

use mainspring_agent::{Agent, read};
use proptest::prelude::*;

use super::{folder, read_definition, read_manifest, wordsmith, write};

/// Text that is often nearly a manifest: lines of one, cut, repeated and mixed with anything.
fn nearly_yaml() -> impl Strategy<Value = String> {
    let lines: Vec<String> =
        [include_str!("../fixtures/wordsmith/agent.yaml"), include_str!("../fixtures/wordsmith/flow.yaml")]
            .into_iter()
            .flat_map(str::lines)
            .map(str::to_owned)
            .collect();
    let line = prop_oneof![8 => proptest::sample::select(lines), 1 => any::<String>(), 1 => "[ \\-:{}\\[\\]*&!|>'\"#a-z0-9]{0,20}"];
    proptest::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
}

fn files() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    proptest::collection::btree_map(
        "[a-c]{1,2}/[a-z]{1,4}",
        proptest::collection::vec(any::<u8>(), 0..50),
        0..8,
    )
}

fn hash_of(files: &[(&String, &Vec<u8>)]) -> String {
    let folder = folder();
    write(folder.path(), "agent.yaml", "kind: Agent\nname: a\nsteps: [{id: a, run: [b]}]\n");
    for (name, bytes) in files {
        write(folder.path(), name, "");
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    read(folder.path()).expect("an agent").hash().expect("a version").to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics(text in nearly_yaml()) {
        for read in [read_manifest(&text), read_definition(&text), read_definition(&format!("kind: Agent\n{text}"))] {
            match read {
                Ok(agent) => drop(serde_json::from_value::<Agent>(serde_json::to_value(agent).expect("serialises")).expect("reads back")),
                Err(problems) => prop_assert!(!problems.is_empty()),
            }
        }
    }

    #[test]
    fn any_input_is_planned_or_refused(name in "[a-z]{0,8}", text in any::<String>()) {
        let input = serde_json::from_str(&text).unwrap_or(serde_json::json!({ name: text }));
        for method in ["count", "join"] {
            if let Ok(plan) = wordsmith().plan_for(Some(method), input.clone()) {
                prop_assert!(plan.input.is_object());
            }
        }
    }

    #[test]
    fn a_hash_does_not_depend_on_the_order_of_creation(files in files()) {
        let there: Vec<_> = files.iter().collect();
        let back: Vec<_> = files.iter().rev().collect();
        prop_assert_eq!(hash_of(&there), hash_of(&back));
    }
}
