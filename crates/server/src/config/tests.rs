//! What a process is told of its settings: the later source wins, and every mistake is named with its place.

mod agents;
mod budgets;
mod upstreams;

use super::*;

fn resolve(file: &str, variables: &[(&str, &str)], flags: &[(Key, &str)]) -> Result<Config, Problem> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, file).expect("writes");
    let flags: Vec<_> = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
    Config::resolve(&path, &|name| find(name).map(|(_, value)| value.into()), &flags)
}

fn told(problem: &Problem) -> String {
    let place = problem.location.as_ref().map(|place| format!("{:?}:{:?} ", place.line, place.column));
    format!("{}{}", place.unwrap_or_default(), problem.message)
}

/// A mistake as `line:column message -> suggestion`.
fn mistake(file: &str, variables: &[(&str, &str)]) -> String {
    let refused = resolve(file, variables, &[]).and_then(|config| config.providers().map(|_| ()));
    let problem = refused.expect_err("a mistake");
    assert_eq!(problem.code, Code::InvalidConfiguration);
    let place = problem.location.and_then(|place| Some(format!("{}:{} ", place.line?, place.column?)));
    let suggestion = problem.suggestion.expect("a next step");
    format!("{}{}\n  -> {suggestion}\n", place.unwrap_or_default(), problem.message)
}

#[test]
fn later_sources_win() {
    let file = "slots = 3\nlog = \"debug\"\nenvironment_cap = \"1GB\"\n";
    let variables = [("MAINSPRING_SLOTS", "4"), ("MAINSPRING_LOG", "warn"), ("MAINSPRING_UV", "")];
    let config = resolve(file, &variables, &[(Key::Slots, "5")]).expect("valid");
    assert_eq!((config.slots.get(), config.log), (5, LevelFilter::WARN));
    assert_eq!((config.environment_cap, config.uv), (ByteSize(1_000_000_000), Uv::Search));
    assert_eq!(config.listen.to_string(), mainspring_api::DEFAULT_LISTEN);
}

#[test]
fn a_file_need_not_exist() {
    let config = Config::resolve(Path::new("/nowhere/config.toml"), &|_| None, &[]).expect("defaults");
    assert_eq!(config.install, Install::Known);
}

#[test]
fn a_setting_that_does_not_exist_is_refused_at_its_place() {
    let problem = resolve("listen = \"127.0.0.1:1\"\nslotz = 3\n", &[], &[]).expect_err("unknown");
    assert_eq!(told(&problem), "Some(2):Some(1) there is no setting `slotz`");
    assert_eq!(problem.code, Code::InvalidConfiguration);
    assert_eq!(problem.suggestion.as_deref(), Some("did you mean `slots`?"));
    let problem = resolve("colour = true", &[], &[]).expect_err("unknown");
    let known = problem.suggestion.unwrap_or_default();
    assert!(known.starts_with("there are `listen`, `slots`, ") && known.contains("`providers`"), "{known}");
}

#[test]
fn a_value_is_refused_under_the_name_it_was_given_by() {
    let cases = [
        resolve("\n\nslots = 0", &[], &[]),
        resolve("", &[("MAINSPRING_SLOTS", "many")], &[]),
        resolve("", &[], &[(Key::Listen, "7117")]),
        resolve("allow_install = \"yes\"", &[], &[]),
        resolve("slots = [1]", &[], &[]),
        resolve("slots = ", &[], &[]),
    ];
    let texts = cases.map(|case| told(&case.expect_err("refused")));
    assert_eq!(texts[0], "Some(3):Some(9) `slots` must be a whole number from 1 to 512, not `0`");
    assert_eq!(texts[1], "`MAINSPRING_SLOTS` must be a whole number from 1 to 512, not `many`");
    assert_eq!(texts[2], "`--listen` must be an address with a port, such as `127.0.0.1:7117`, not `7117`");
    assert_eq!(texts[3], "Some(1):Some(17) `allow_install` must be `true` or `false`, not `yes`");
    assert_eq!(texts[4], "Some(1):Some(9) `slots` must be a whole number from 1 to 512, not a list or table");
    assert!(texts[5].starts_with("Some(1):Some(9) the settings file is not readable TOML: "), "{}", texts[5]);
}

/// The examples of a page, which begin with a comment that names the file.
fn examples(page: &str) -> Vec<String> {
    let lines = page.lines().map(|line| line.strip_prefix("    ").or(line.is_empty().then_some("")));
    let lines: Vec<Option<&str>> = lines.collect();
    let blocks =
        lines.split(Option::is_none).map(|block| block.iter().flatten().copied().collect::<Vec<_>>());
    let texts = blocks.map(|block| block.join("\n"));
    texts.filter_map(|text| Some(text.split_once("# config.toml\n")?.1.to_owned())).collect()
}

#[test]
fn the_examples_of_the_pages_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |page: &str| std::fs::read_to_string(folder.join(page)).expect("the page is there");
    let files: Vec<String> =
        ["configuration.md", "models.md"].map(read).iter().flat_map(|text| examples(text)).collect();
    assert!(files.len() > 5, "{files:#?}");
    for file in files {
        resolve(&file, &[], &[]).unwrap_or_else(|problem| panic!("{}\n{file}", told(&problem)));
    }
}
