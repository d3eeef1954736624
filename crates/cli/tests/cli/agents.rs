//! What is told of an agent without running it.

use crate::home::Home;

#[test]
fn a_package_describes_itself() {
    let home = Home::new();
    home.package();
    let ran = home.run(&["agents", "info", "./calc"]);
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(ran.stdout, @r#"
    calc 1.0.0  package
    Adds and fails, for tests

      author       mainspring
      files        VERSION
      environment  Python, any version
      limits       1.1 GB memory, 64 processes, 1024 open files, files up to 1.0 GB
      trust        trusted
      assurance    restart: a step that is lost runs again from its beginning

    add → integer  Add two whole numbers
      PARAMETER  TYPE               NEED             MEANING
      a          integer            required         First
      b          integer            default 1        Second
      mode       "exact" | "rough"  default "exact"

    fail  End with an error
    "#);
}

#[test]
fn a_definition_shows_its_steps() {
    let home = Home::new();
    let steps = "  - {id: fetch, run: [./fetch, --all], timeout: 5m, retry: {attempts: 3}}\n  - {id: tell, run: [./tell]}\n";
    home.write("news/agent.yaml", &format!("kind: Agent\nname: news\nsteps:\n{steps}"));
    let ran = home.run(&["agents", "info", "./news"]);
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(ran.stdout, @"
    news  native

      files        VERSION
      limits       1.1 GB memory, 64 processes, 1024 open files, files up to 1.0 GB
      trust        trusted
      assurance    restart: a step that is lost runs again from its beginning

      STEP   DOES           ATTEMPTS  TIME-OUT
      fetch  ./fetch --all  3         5 min TIME
      tell   ./tell         1         10 min TIME
    ");
}

#[test]
fn a_valid_agent_is_told_in_a_line() {
    let home = Home::new();
    home.package();
    assert_eq!(
        home.run(&["agents", "validate", "./calc"]).stdout,
        "✓ calc 1.0.0 is a valid package with 2 methods\n"
    );
}
