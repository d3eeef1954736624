//! The settings file: flat TOML, each value with its place.

use std::{borrow::Cow, collections::BTreeMap, fs, io, path::Path};

use mainspring_types::{Code, Location, Problem, nearest};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Given, Key, SETTINGS, Source};

/// What the file gives; nothing when there is no file.
pub(super) fn read(path: &Path) -> Result<BTreeMap<Key, Given>, Problem> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => {
            let problem = Problem::new(Code::InvalidConfiguration, "read the settings file").because(&error);
            return Err(problem.at(Location { file: path.display().to_string(), line: None, column: None }));
        }
    };
    let source = Text { path, text: &text };
    let table = DeTable::parse(&text).map_err(|error| source.unreadable(&error))?;
    table.get_ref().iter().map(|(name, value)| source.given(name, value)).collect()
}

struct Text<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Text<'_> {
    fn given(
        &self,
        name: &Spanned<Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(Key, Given), Problem> {
        let key = Key::from_name(name.get_ref()).ok_or_else(|| self.unknown(name))?;
        let place = self.place(value.span().start);
        let Some(text) = scalar(value.get_ref()) else {
            let setting = key.setting();
            let message = format!("`{}` must be {}, not a list or table", setting.name, setting.takes);
            return Err(Problem::new(Code::InvalidConfiguration, message).at(place));
        };
        Ok((key, Given { text, source: Source::File(place) }))
    }

    fn unknown(&self, name: &Spanned<Cow<'_, str>>) -> Problem {
        let names = SETTINGS.map(|setting| setting.name);
        let suggestion = match nearest(name.get_ref(), names) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("there are `{}`", names.join("`, `")),
        };
        Problem::new(Code::InvalidConfiguration, format!("there is no setting `{}`", name.get_ref()))
            .suggest(suggestion)
            .at(self.place(name.span().start))
    }

    fn unreadable(&self, error: &toml::de::Error) -> Problem {
        let start = error.span().map_or(0, |span| span.start);
        let message =
            format!("the settings file is not readable TOML: {}", error.message().replace('\n', ", "));
        Problem::new(Code::InvalidConfiguration, message)
            .suggest("write one setting a line, such as `slots = 4`; text stands in double quotes")
            .at(self.place(start))
    }

    fn place(&self, offset: usize) -> Location {
        let before = &self.text[..offset.min(self.text.len())];
        let line = before.rsplit('\n').next().unwrap_or_default();
        let count = |number: usize| u32::try_from(number + 1).ok();
        Location {
            file: self.path.display().to_string(),
            line: count(before.matches('\n').count()),
            column: count(line.chars().count()),
        }
    }
}

/// The value as it would be written in a variable; `None` for a list or a table.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(answer) => Some(answer.to_string()),
        DeValue::Datetime(moment) => Some(moment.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
