//! Reading and editing the requests of model clients: what a request is to the journal, and how little of it is changed.
//!
//! Pure and synchronous. A body is read as it came: its key, its place in a conversation and what it may cost are of
//! the request as received, before any edit. What is wrong with a request in ways that do not concern the journal is
//! left to the provider to say. Each API has one short file that says what it calls things; everything else is shared.

mod body;
mod bound;
mod canon;
mod chat;
mod dialect;
mod edit;
mod embeddings;
mod gemini;
mod json;
mod limits;
mod lineage;
mod mask;
mod messages;
mod responses;
mod standing;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;

use mainspring_types::{Hash, Hasher};
use serde_json::value::RawValue;

pub use edit::{Edit, edit};
pub use lineage::Lineage;
pub use standing::Standing;

use self::{
    body::Body,
    canon::{Canon, Forms},
    dialect::{Dialect, Place, Rule},
    json::{Json, Object},
    limits::Limits,
    lineage::Trail,
};
use crate::route::{Api, Route};

/// What a request is to the journal; built once per request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The model it names; empty for the list of models.
    pub model: String,
    /// Whether the answer is to be a stream.
    pub stream: bool,
    /// The most output tokens it allows for one answer, if it says so.
    pub output_max: Option<u64>,
    /// The least such maximum that the provider accepts for it.
    pub output_min: u64,
    /// How many answers it asks for; each may be `output_max` long.
    pub choices: u64,
    /// Upper estimate of the tokens of its input; what the provider keeps from earlier requests is not counted.
    pub input_bound: u64,
    /// Chat streams: whether the client itself asked for usage.
    pub wants_usage: bool,
    /// The request without the client's volatile fields, with the ids of calls renamed by first appearance.
    pub key: Hash,
    /// The same with dates, times and UUIDs masked in prose, never in the arguments of tool calls.
    pub near: Hash,
    /// Where it stands in its conversation.
    pub lineage: Lineage,
    /// Whether sending it twice does more than cost.
    pub standing: Standing,
    /// The body without its messages: the raw JSON of the rest.
    pub frame: Box<str>,
    /// The raw JSON of each message, in order; a plain string is one.
    pub messages: Vec<Box<str>>,
}

/// Why a body is not a request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Malformed {
    /// It cannot be read at all.
    #[error("the request body is not a JSON object: {detail}")]
    NotJson {
        /// What is wrong, and where.
        detail: String,
    },
    /// A field it cannot do without is not there.
    #[error("the request has no `{field}`")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field holds something of another type.
    #[error("`{field}` in the request is not {wanted}")]
    Wrong {
        /// Its name.
        field: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A field is there twice, and which one counts would be the reader's choice.
    #[error("`{field}` is in the request twice")]
    Twice {
        /// Its name.
        field: String,
    },
}

/// Reads a request.
pub fn read(route: &Route, body: &[u8]) -> Result<Asked, Malformed> {
    let Some(dialect) = Dialect::of(route.api) else { return Ok(Asked::for_models(route)) };
    let body = Body::read(body)?;
    let list = dialect.messages.iter().find(|name| body.get(name).is_some()).copied();
    let messages = list.and_then(|name| body.get(name)).map_or(Ok(Vec::new()), elements)?;
    let left_out = list.as_slice();
    let rest = body.fields().filter(|(name, _)| !left_out.contains(&name.as_ref()));
    let frame =
        rest.map(|(name, raw)| Ok((name.clone(), tree(raw.get())?))).collect::<Result<Object<'_>, _>>()?;

    let traced = Traced::of(route, dialect, &frame, &messages)?;
    let limits = Limits::of(route.api, dialect, &frame)?;
    let options = frame.get("stream_options").filter(|_| route.api == Api::Chat);
    Ok(Asked {
        model: model(route, &frame)?,
        stream: stream(route, &frame)?,
        output_max: limits.output_max,
        output_min: limits.output_min,
        choices: limits.choices,
        input_bound: traced.input_bound,
        wants_usage: matches!(
            options.and_then(|options| options.at(&["include_usage"])),
            Some(Json::Bool(true))
        ),
        key: traced.key,
        near: traced.near,
        lineage: traced.lineage,
        standing: if route.is_generation() { Standing::of(dialect, &frame) } else { Standing::Repeatable },
        frame: body.without(left_out).into(),
        messages: messages.into_iter().map(Box::from).collect(),
    })
}

impl Asked {
    /// A request for the list of models, or for one of them: it has no body.
    fn for_models(route: &Route) -> Self {
        let key = start(route).finish();
        Self {
            model: route.model.clone().unwrap_or_default(),
            stream: false,
            output_max: None,
            output_min: 1,
            choices: 1,
            input_bound: 0,
            wants_usage: false,
            key,
            near: key,
            lineage: Lineage { parent: key, previous: None, own: key },
            standing: Standing::Repeatable,
            frame: Box::default(),
            messages: Vec::new(),
        }
    }
}

/// What is found out on the way through all that a request says.
struct Traced {
    key: Hash,
    near: Hash,
    lineage: Lineage,
    input_bound: u64,
}

impl Traced {
    fn of(
        route: &Route,
        dialect: &'static Dialect,
        frame: &Object<'_>,
        messages: &[&str],
    ) -> Result<Self, Malformed> {
        let mut canon = Canon::new(dialect);
        let (mut key, mut near) = (start(route), start(route));
        // Without the model and the way of answering: a conversation may change both.
        let mut seed = Hasher::new();
        seed.field(route.word().as_bytes());
        for (name, value) in frame.iter() {
            let Rule::In(place) = dialect.rule(Place::Frame, name, frame) else { continue };
            let Forms { exact, loose } = canon.forms(place, value);
            add(&mut key, name, exact);
            add(&mut near, name, loose);
            if dialect.system.contains(&name) {
                add(&mut seed, name, loose);
            }
        }
        let mut trail = Trail::from(seed.finish());
        for message in messages {
            let message = tree(message)?;
            let Forms { exact, loose } = canon.forms(place(route.api), &message);
            add(&mut key, "", exact);
            add(&mut near, "", loose);
            trail.add((dialect.author)(&message), loose);
        }
        let mut lineage = trail.end();
        if is_alone(route.api) {
            lineage.parent = lineage.own;
        }
        Ok(Self { key: key.finish(), near: near.finish(), lineage, input_bound: canon.size().bound() })
    }
}

/// Whether the API knows no conversations, so that a request comes from no other.
const fn is_alone(api: Api) -> bool {
    matches!(api, Api::Embeddings | Api::EmbedGenerate)
}

/// How messages are read: the vector of a text with another date is another vector.
const fn place(api: Api) -> Place {
    if is_alone(api) { Place::Exact } else { Place::Message }
}

/// A hash of what the path says.
fn start(route: &Route) -> Hasher {
    let mut hasher = Hasher::new();
    hasher.field(route.word().as_bytes());
    hasher.field(route.model.as_deref().unwrap_or_default().as_bytes());
    hasher.field(&[route.stream.map_or(2, u8::from)]);
    hasher
}

fn add(hasher: &mut Hasher, name: &str, value: Hash) {
    hasher.field(name.as_bytes());
    hasher.update(value.as_bytes());
}

/// The messages of a list; anything that is no list of messages is one.
fn elements(raw: &str) -> Result<Vec<&str>, Malformed> {
    if !raw.starts_with('[') {
        return Ok(vec![raw]);
    }
    let list: Vec<&RawValue> = parsed(raw)?;
    // A list of numbers is one text that was cut into tokens.
    let is_tokens = list.first().is_some_and(|first| first.get().starts_with(|c: char| c.is_ascii_digit()));
    Ok(if is_tokens { vec![raw] } else { list.into_iter().map(RawValue::get).collect() })
}

fn tree(raw: &str) -> Result<Json<'_>, Malformed> {
    parsed(raw)
}

fn parsed<'a, T: serde::Deserialize<'a>>(raw: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(raw).map_err(|error| Malformed::NotJson { detail: error.to_string() })
}

fn model(route: &Route, frame: &Object<'_>) -> Result<String, Malformed> {
    match (&route.model, frame.get("model")) {
        (Some(model), _) => Ok(model.clone()),
        (None, Some(Json::Text(model))) => Ok(model.to_string()),
        (None, Some(_)) => Err(Malformed::Wrong { field: "model", wanted: "a text" }),
        (None, None) => Err(Malformed::Missing { field: "model" }),
    }
}

fn stream(route: &Route, frame: &Object<'_>) -> Result<bool, Malformed> {
    match (route.stream, frame.get("stream")) {
        (Some(stream), _) | (None, Some(&Json::Bool(stream))) => Ok(stream),
        (None, None) => Ok(false),
        (None, Some(_)) => Err(Malformed::Wrong { field: "stream", wanted: "`true` or `false`" }),
    }
}
