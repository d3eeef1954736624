//! No statement on the way of a run reads a whole table: SQLite is asked how it would go about each.

use rusqlite::Connection;

const SQLITE: &str = concat!(
    include_str!("../../migrations/sqlite/0001_journal.sql"),
    include_str!("../../migrations/sqlite/0002_boundary.sql"),
    include_str!("../../migrations/sqlite/0003_conversation.sql"),
);

/// The steps in which SQLite would carry a statement out.
fn plan(connection: &Connection, statement: &str) -> Vec<String> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect("a statement");
    let values = vec![rusqlite::types::Null; plan.parameter_count()];
    let steps = plan.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).expect("a plan");
    steps.map(|step| step.expect("a step")).collect()
}

fn connection() -> Connection {
    let connection = Connection::open_in_memory().expect("opens");
    connection.execute_batch(SQLITE).expect("migrates");
    connection
}

#[test]
fn nothing_on_the_way_of_a_run_reads_a_whole_table() {
    // Read at a start: what is owed and what is due, all of it; and indexes of what is open, which are small.
    let at_start = [
        "SCAN outbox",
        "SCAN accounts",
        "SCAN timers",
        "SCAN effects USING INDEX effects_open",
        "SCAN tries USING INDEX tries_open",
        // A run and those below it, found by index before.
        "SCAN f",
    ];
    let connection = connection();
    for statement in mainspring_store::statements() {
        let is_scan = |step: &&String| step.starts_with("SCAN ") && *step != "SCAN CONSTANT ROW";
        let scans: Vec<_> = plan(&connection, statement).iter().filter(is_scan).cloned().collect();
        assert!(scans.iter().all(|step| at_start.contains(&step.as_str())), "{scans:?} in `{statement}`");
    }
}

#[test]
fn what_a_request_is_compared_with_is_found_by_its_place_in_the_conversation() {
    // A run of a thousand calls is decided a thousand times: none may go through all of them.
    let connection = connection();
    let compares = |statement: &&str| statement.contains("AS later") || statement.contains("e.parent = $3");
    let statements: Vec<_> = mainspring_store::statements().filter(compares).collect();
    assert_eq!(statements.len(), 2, "which they are");
    for statement in statements {
        for step in plan(&connection, statement).iter().filter(|step| step.starts_with("SEARCH ")) {
            let by_place = ["effects_by_", "SEARCH s USING", "SEARCH given USING"];
            assert!(by_place.iter().any(|index| step.contains(index)), "{step} in `{statement}`");
        }
    }
}

#[test]
fn gates_are_listed_in_the_order_in_which_they_lie() {
    let connection = connection();
    let listed = |statement: &&str| statement.contains("FROM gates") && statement.contains("LIMIT");
    let statements: Vec<_> = mainspring_store::statements().filter(listed).collect();
    assert_eq!(statements.len(), 2, "all of them, and those in one state");
    for statement in statements {
        let plan = plan(&connection, statement);
        assert!(plan.iter().all(|step| step.starts_with("SEARCH gates USING INDEX")), "{plan:?}");
    }
}
