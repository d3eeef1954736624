//! The reference page of the settings, written from the tables.

use std::fmt::Write;

use super::{AGENT_FIELDS, BUDGET_FIELDS, Field, PROVIDER_FIELDS, SETTINGS, Setting, VARIABLES, WEB_FIELDS};
use crate::data::HOME_VARIABLE;

/// The text of `docs/configuration.md`.
pub fn reference() -> String {
    let settings: String = SETTINGS.iter().map(setting).collect();
    [introduction(), settings, providers(), budgets(), agents(), web(), secrets()].concat()
}

fn introduction() -> String {
    format!(
        "# Settings

Every setting can stand in `config.toml` in the data folder, in the environment, or in a flag where there is one. A
variable wins over the file and a flag over both; an empty variable counts as not set. A setting that does not exist,
or has a value it cannot have, is refused with its place ([E1406](errors/E1406.md)). [Providers](#providers) of models,
[budgets](#budgets), what holds for all [agents](#agents) and the [web](#web) stand in tables of the file, after the
settings. [Secrets](#secrets) are variables alone.

The data folder itself is named by `--data`, else by the variable `{HOME_VARIABLE}`, else it is `~/.mainspring`.

    # config.toml
    slots = 4
    log = \"warn\"
    environment_cap = \"500MB\"

    [providers.openai]
    kind = \"openai\"
    key_variable = \"OPENAI_API_KEY\"

    [budgets.run]
    tokens = 100000

    [agents]
    model = \"openai/gpt-4o-mini\"
    approvals = {{shell = \"ask\", \"shell(git push*)\" = \"deny\"}}

    [web]
    reach = [\"wiki.internal:443\"]
"
    )
}

fn setting(setting: &Setting) -> String {
    let Setting { name, variable, flag, takes, default, meaning, .. } = setting;
    let flag = flag.map(|flag| format!("- Flag: `{flag}`\n")).unwrap_or_default();
    let meaning = capital(meaning);
    format!(
        "\n## {name}\n\n{meaning}.\n\n- Variable: `{variable}`\n{flag}- Takes {takes}\n- Default: {default}\n"
    )
}

fn providers() -> String {
    let mut page = format!(
        "
## providers

Providers of models, each in a table `[providers.NAME]`. Their order is the order in which they are tried; those that
the environment sets up come after them, and one of the same name as in the file is left out.
[Models](models.md) explains how to choose.

{}
Without any table, and beside them, providers are set up by variables of the process that serves:

| Variable | Meaning |
| --- | --- |
",
        fields(PROVIDER_FIELDS)
    );
    for variable in VARIABLES {
        writeln!(page, "| `{}` | {} |", variable.name, capital(variable.meaning))
            .expect("text can be written to");
    }
    page
}

fn budgets() -> String {
    format!(
        "
## budgets

What model calls may use: `[budgets.tenant]` for all runs together, `[budgets.run]` for each run, and
`[budgets.agents.NAME]` for all runs of one agent. A call has to fit into every budget that covers it. A table sets any
number of limits, and one policy for them.

{}",
        fields(BUDGET_FIELDS)
    )
}

fn agents() -> String {
    format!(
        "
## agents

What is laid over every agent that is a model with tools ([Definitions](definitions.md)). It takes away and asks; it never
grants what a definition does not. Patterns of `approvals` are not checked against the tools of an agent: one that names
no tool is about nothing.

{}",
        fields(AGENT_FIELDS)
    )
}

fn web() -> String {
    format!(
        "
## web

What `web_fetch` may reach beside public addresses. An address is reached as it is written; a name with whatever it
stands for then, but never a link-local address, where clouds keep the credentials of their machines.

{}",
        fields(WEB_FIELDS)
    )
}

fn secrets() -> String {
    "
## secrets

What a definition calls `${secret:NAME}` ([Definitions](definitions.md#secrets)) is the variable
`MAINSPRING_SECRET_NAME` of the process that serves. It is read when a run starts its tools; an empty one counts as not set,
and a run that needs one that is not set fails before anything of it starts.
"
    .to_owned()
}

fn fields(fields: &[Field]) -> String {
    fields.iter().fold(String::new(), |mut list, field| {
        let Field { name, takes, default, meaning } = field;
        let meaning = capital(meaning);
        writeln!(list, "- `{name}` takes {takes}. {meaning}. Default: {default}.")
            .expect("text can be written to");
        list
    })
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_as_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        if std::env::var_os("INSTA_FORCE_PASS").is_some() {
            std::fs::write(path, reference()).expect("writes");
        }
        let page = std::fs::read_to_string(path).expect("the page is there");
        assert_eq!(page, reference(), "`cargo xtask bless` writes it anew");
    }
}
