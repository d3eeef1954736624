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

#[test]
fn a_model_agent_shows_what_holds_and_who_says_so() {
    let home = Home::new();
    home.configure(
        "[agents]\nsteps = 20\ndeny_toolsets = [\"web\"]\n[agents.approvals]\n\"shell(rm *)\" = \"deny\"\n",
    );
    home.write("reviewer.yaml", REVIEWER);
    let ran = home.run(&["agents", "info", "reviewer.yaml", "--approve", "write_file=ask"]);
    let _names = home.settings().bind_to_scope();
    insta::assert_snapshot!(ran.stdout, @"
    reviewer  model agent

      files        VERSION
      limits       1.1 GB memory, 64 processes, 1024 open files, files up to 1.0 GB
      trust        trusted
      assurance    replay: a turn that is lost is taken again, its recorded calls answered from the journal

      model         openai/gpt-4o-mini                              reviewer.yaml:3
      instructions  You review what is in the workspace. …          reviewer.yaml:4

      toolsets      shell               shell (irreversible)        reviewer.yaml:7
                    file_system         read_file, list_files,      reviewer.yaml:7
                                        search_files (pure)
                                        write_file (idempotent)     reviewer.yaml:7
                                        edit_file (compensatable)   reviewer.yaml:7
                    web                 taken away                  settings of the tenant (config.toml)

      approvals     shell               ask                         reviewer.yaml:9
                    shell(git status*)  allow                       reviewer.yaml:10
                    shell(rm *)         deny                        settings of the tenant (config.toml)
                    write_file          ask                         the run (--approve)
      gates         deadline            24h, then deny              reviewer.yaml:11

      session       mode                one_shot                    default
      limits        steps               20                          settings of the tenant (config.toml)
    ");
    let refused = home.run(&["agents", "info", "reviewer.yaml", "--approve", "shel=deny"]);
    insta::assert_snapshot!(refused.stderr, @"
    error[E1206]: `approvals` of the run name `shel`, which is no tool of `reviewer`
      hint: did you mean `shell`?
      docs: docs/errors/E1206.md
    ");
    assert_eq!(
        home.run(&["agents", "validate", "reviewer.yaml"]).stdout,
        "✓ reviewer is a valid model agent\n"
    );
}

const REVIEWER: &str = "\
kind: Agent
name: reviewer
model: openai/gpt-4o-mini
instructions: |
  You review what is in the workspace.
  You change nothing.
toolsets: [shell, file_system, web]
approvals:
  shell: ask
  shell(git status*): allow
gates: {deadline: 24h, default: deny}
";
