//! The canonical form of a request: bytes that are the same for all requests that are the same to the journal.
//!
//! There are two. In the **exact** form everything counts but the client's volatile fields, and ties between parts
//! (ids of calls and items) count by their order of first appearance. The **loose** form is the exact one with dates,
//! times and UUIDs masked in prose and without marks for caching. The arguments of tool calls are the same in both.

use std::collections::HashMap;

use mainspring_types::Hash;

use super::{
    bound::Size,
    dialect::{Dialect, Place, Rule},
    json::{Json, Object},
    mask,
};

/// What a value is in both forms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forms {
    pub(super) exact: Hash,
    pub(super) loose: Hash,
}

/// Writes the values of one request; ids seen in one of them are known in the next.
pub(super) struct Canon {
    dialect: &'static Dialect,
    ties: HashMap<String, u64>,
    out: Vec<u8>,
    size: Size,
}

impl Canon {
    pub(super) fn new(dialect: &'static Dialect) -> Self {
        Self { dialect, ties: HashMap::new(), out: Vec::new(), size: Size::default() }
    }

    /// Both forms of a value.
    pub(super) fn forms(&mut self, place: Place, value: &Json<'_>) -> Forms {
        let mut writer = self.writer(Form::Exact);
        writer.value(place, value);
        let differs = writer.differs;
        self.size.bytes += self.out.len();
        let exact = Hash::of(&self.out);
        let loose = if differs { self.loose(place, value) } else { exact };
        Forms { exact, loose }
    }

    /// The loose form of a value alone.
    pub(super) fn loose(&mut self, place: Place, value: &Json<'_>) -> Hash {
        self.writer(Form::Loose).value(place, value);
        Hash::of(&self.out)
    }

    /// How large what was written is, in both forms once.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    fn writer(&mut self, form: Form) -> Writer<'_> {
        self.out.clear();
        Writer { form, canon: self, differs: false }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Exact,
    Loose,
}

struct Writer<'c> {
    form: Form,
    canon: &'c mut Canon,
    /// Whether the loose form is another than the exact one.
    differs: bool,
}

impl Writer<'_> {
    /// Writes a value; a letter in front tells what it is, and what has no fixed end has its length before it.
    fn value(&mut self, place: Place, value: &Json<'_>) {
        match value {
            Json::Null => self.letter(b'n'),
            Json::Bool(false) => self.letter(b'0'),
            Json::Bool(true) => self.letter(b'1'),
            Json::Whole(number) => self.number(b'w', *number),
            Json::Negative(number) => self.number(b'm', number.unsigned_abs()),
            Json::Float(number) => self.number(b'f', number.to_bits()),
            Json::Text(text) => self.text(place, text),
            Json::List(list) => self.list(place, list),
            Json::Object(object) => self.object(place, object),
        }
    }

    fn text(&mut self, place: Place, text: &str) {
        let prose = matches!(place, Place::Message | Place::Prose | Place::Tools);
        if !prose || !mask::touches(text) {
            return self.bytes(text.as_bytes());
        }
        self.differs = true;
        if self.form == Form::Exact {
            return self.bytes(text.as_bytes());
        }
        let mut masked = Vec::with_capacity(text.len());
        mask::write(text, &mut masked);
        self.bytes(&masked);
    }

    fn list(&mut self, place: Place, list: &[Json<'_>]) {
        if let Some(text) = self.only_text(place, list) {
            return self.text(place, text);
        }
        self.letter(b'[');
        for element in list {
            self.value(place, element);
        }
        self.letter(b']');
    }

    /// The text of a message whose only part is one: to providers it is the same as the text alone.
    fn only_text<'j>(&mut self, place: Place, list: &'j [Json<'_>]) -> Option<&'j str> {
        let [Json::Object(part)] = list else { return None };
        let text = part.text("text").filter(|_| place == Place::Message)?;
        let dialect = self.canon.dialect;
        let nothing_else = part.iter().all(|(name, value)| {
            matches!(name, "type" | "text")
                || is_empty(value)
                || !self.counts(dialect.rule(place, name, part))
        });
        nothing_else.then_some(text)
    }

    fn object(&mut self, place: Place, object: &Object<'_>) {
        self.letter(b'{');
        for (name, value) in object.iter() {
            let rule = self.canon.dialect.rule(place, name, object);
            if self.counts(rule) {
                self.bytes(name.as_bytes());
                self.member(rule, value);
            }
        }
        self.letter(b'}');
    }

    fn counts(&mut self, rule: Rule) -> bool {
        self.differs |= rule == Rule::Caching;
        match rule {
            Rule::Volatile => false,
            Rule::Caching => self.form == Form::Exact,
            Rule::In(_) | Rule::Tie | Rule::Picture | Rule::Document => true,
        }
    }

    fn member(&mut self, rule: Rule, value: &Json<'_>) {
        match (rule, value) {
            (Rule::Tie, Json::Text(id)) => self.tie(id),
            (Rule::Picture | Rule::Document, _) => self.media(rule, value),
            (Rule::In(place), _) => self.value(place, value),
            (Rule::Volatile | Rule::Caching | Rule::Tie, _) => self.value(Place::Exact, value),
        }
    }

    fn tie(&mut self, id: &str) {
        let next = self.canon.ties.len() as u64;
        let number = match self.canon.ties.get(id) {
            Some(number) => *number,
            None => *self.canon.ties.entry(id.to_owned()).or_insert(next),
        };
        self.number(b't', number);
    }

    fn media(&mut self, rule: Rule, value: &Json<'_>) {
        let start = self.canon.out.len();
        self.value(Place::Exact, value);
        if self.form == Form::Exact {
            self.canon.size.media(rule, self.canon.out.len() - start);
        }
    }

    fn letter(&mut self, letter: u8) {
        self.canon.out.push(letter);
    }

    fn number(&mut self, letter: u8, mut number: u64) {
        self.letter(letter);
        while number > 0x7f {
            self.letter(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.letter(number.to_le_bytes()[0]);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(b's', bytes.len() as u64);
        self.canon.out.extend_from_slice(bytes);
    }
}

fn is_empty(value: &Json<'_>) -> bool {
    match value {
        Json::Null => true,
        Json::List(list) => list.is_empty(),
        _ => false,
    }
}
