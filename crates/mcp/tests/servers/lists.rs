//! Lists of tools that are too long, wrong, or not what they were.

use mainspring_mcp::{Changes, Outcome};
use serde_json::json;

use crate::fixture::{Stage, told};

async fn listed(mode: &str) -> (usize, Vec<String>) {
    let listing = Stage::hostile(mode).list().await.expect("tools");
    (listing.tools.len(), listing.left_out)
}

#[tokio::test]
async fn a_list_ends_however_long_it_is() {
    let (tools, left_out) = listed("endless-list").await;
    assert_eq!(
        (tools, left_out),
        (50, vec!["the list has too many pages; the rest was not read".to_owned()])
    );
    let (tools, left_out) = listed("crowd").await;
    assert_eq!((tools, left_out.len()), (200, 51));
}

#[tokio::test]
async fn a_list_that_is_none_is_explained() {
    let problem = Stage::hostile("no-list").list().await.expect_err("no tools");
    assert_eq!(
        told(&problem),
        "E2001 MCP server `s` answered with nonsense while it was asked for its tools: \
         a list of tools without `tools`; see whether a newer version of the server is out"
    );
    let problem = Stage::hostile("hang-list").list().await.expect_err("no tools");
    assert!(told(&problem).contains("did not answer within"), "{problem}");
}

#[tokio::test]
async fn tools_that_lie_about_themselves_are_left_out_and_said() {
    let stage = Stage::hostile("liar");
    let listing = stage.list().await.expect("tools");
    let names: Vec<_> = listing.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["s__good", "s__lie", "s__wordy"]);
    assert!(
        listing.tools[2].description.starts_with("[31mred") && listing.tools[2].description.len() == 4_000
    );
    assert_eq!(
        listing.left_out,
        [
            "`good`: another tool has this name",
            "`evil[2J`: its name is not one that models can use",
            "``: its name is not one that models can use",
            "`bare`: its schema is no object",
            "a tool has no name",
            "a tool has no name",
            "`list`: its schema is no object",
            "`number`: its schema is not of type `object`",
            "`heavy`: its schema is larger than 64 KiB",
            &format!("`{}`: its name is not one that models can use", "long".repeat(16)),
        ]
    );
    let Outcome::Returned { text, error: true } = stage.call("lie", json!({})).await else {
        panic!("no error")
    };
    assert!(text.contains("breaks its own schema: `$.count` is string, not number. it said:\none"), "{text}");
}

#[tokio::test]
async fn a_list_that_changes_holds_until_the_next_turn() {
    let stage = Stage::hostile("fine");
    let before = stage.list().await.expect("tools");
    stage.text("grow", json!({})).await;
    assert_eq!(stage.list().await.expect("tools"), before);
    let changes = stage.servers.changes("s").await.expect("tools");
    assert_eq!(changes, Changes { came: vec!["s__grown".into()], ..Changes::default() });
    assert!(stage.servers.changes("s").await.expect("tools").is_empty());
    assert_eq!(stage.list().await.expect("tools").tools.len(), before.tools.len() + 1);
}

#[tokio::test]
async fn a_server_started_anew_is_compared_with_what_it_was() {
    let stage = Stage::hostile("fine");
    stage.text("grow", json!({})).await;
    stage.servers.changes("s").await.expect("tools");
    stage.call("die", json!({})).await;
    let changes = stage.servers.changes("s").await.expect("tools");
    assert_eq!(changes, Changes { went: vec!["s__grown".into()], ..Changes::default() });
}

#[tokio::test]
async fn a_listing_of_an_earlier_time_can_be_made_to_hold() {
    let stage = Stage::hostile("fine");
    let mut listing = stage.list().await.expect("tools");
    listing.tools.retain(|tool| tool.own_name == "echo");
    let stored = serde_json::to_string(&listing).expect("data");
    let again = Stage::hostile("fine");
    again.servers.pin("s", serde_json::from_str(&stored).expect("data")).await.expect("it is there");
    assert_eq!(again.list().await.expect("tools"), listing);
    assert_eq!(again.starts(), 0);
    again.assert_well().await;
}
