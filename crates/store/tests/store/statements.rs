//! One statement text serves both databases: each prepares it, after the twin migrations.

use mainspring_testkit::{or_skip, postgres::Postgres};

const SQLITE: &str = concat!(
    include_str!("../../migrations/sqlite/0001_journal.sql"),
    include_str!("../../migrations/sqlite/0002_boundary.sql"),
    include_str!("../../migrations/sqlite/0003_conversation.sql"),
);
const POSTGRES: &str = concat!(
    include_str!("../../migrations/postgres/0001_journal.sql"),
    include_str!("../../migrations/postgres/0002_boundary.sql"),
    include_str!("../../migrations/postgres/0003_conversation.sql"),
);

#[test]
fn sqlite_prepares_every_statement() {
    let connection = rusqlite::Connection::open_in_memory().expect("opens");
    connection.execute_batch(SQLITE).expect("migrates");
    connection.execute_batch(SQLITE).expect("migrates again");
    for statement in mainspring_store::statements() {
        if let Err(error) = connection.prepare(statement) {
            panic!("SQLite refuses `{statement}`: {error}");
        }
    }
}

#[test]
fn postgres_prepares_every_statement() {
    let Some(server) = or_skip("postgres_prepares_every_statement", Postgres::start()) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) =
            tokio_postgres::connect(&server.connection_string(), tokio_postgres::NoTls)
                .await
                .expect("connects");
        let connection = tokio::spawn(connection);
        client.batch_execute(POSTGRES).await.expect("migrates");
        client.batch_execute(POSTGRES).await.expect("migrates again");
        for statement in mainspring_store::statements() {
            if let Err(error) = client.prepare(statement).await {
                panic!("Postgres refuses `{statement}`: {error:?}");
            }
        }
        drop(client);
        connection.await.expect("ends").expect("ends well");
    });
}

#[test]
fn parameters_are_numbered_as_they_first_appear() {
    // SQLite numbers `$N` by first appearance, Postgres by the number: only then do both bind alike.
    for statement in mainspring_store::statements() {
        let mut next = 1;
        for (place, _) in statement.match_indices('$') {
            let digits: String = statement[place + 1..].chars().take_while(char::is_ascii_digit).collect();
            let number: usize = digits.parse().expect("a number follows");
            assert!(number <= next, "`${number}` comes before `${next}` in `{statement}`");
            next = next.max(number + 1);
        }
    }
}

#[test]
fn the_twins_have_the_same_tables_and_columns() {
    let shape = |migration: &str| {
        let types = [("BYTEA", "BLOB"), ("BIGINT", "INTEGER")];
        let mut text = migration.to_owned();
        for (postgres, sqlite) in types {
            text = text.replace(postgres, sqlite);
        }
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with("--")) {
            let words = line.replace(" WITHOUT ROWID", "");
            lines.push(words.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        lines
    };
    assert_eq!(shape(SQLITE), shape(POSTGRES));
}
