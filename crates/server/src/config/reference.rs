//! The reference page of the settings, written from the table.

use std::fmt::Write;

use super::{SETTINGS, Setting};
use crate::data::HOME_VARIABLE;

/// The text of `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = format!(
        "# Settings

Every setting can stand in `config.toml` in the data folder, in the environment, or in a flag where there is one. A
variable wins over the file and a flag over both; an empty variable counts as not set. A setting that does not exist,
or has a value it cannot have, is refused with its place ([E1406](errors/E1406.md)).

The data folder itself is named by `--data`, else by the variable `{HOME_VARIABLE}`, else it is `~/.mainspring`.

    # config.toml
    slots = 4
    log = \"warn\"
    environment_cap = \"500MB\"
"
    );
    for setting in &SETTINGS {
        let Setting { name, variable, flag, takes, default, meaning, .. } = setting;
        let flag = flag.map(|flag| format!("- Flag: `{flag}`\n")).unwrap_or_default();
        let meaning = capital(meaning);
        write!(
            page,
            "\n## {name}\n\n{meaning}.\n\n- Variable: `{variable}`\n{flag}- Takes {takes}\n- Default: {default}\n"
        )
        .expect("text can be written to");
    }
    page
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
