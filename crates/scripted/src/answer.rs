//! From a request to its reply: the API, then the rule, then the shape.

use mainspring_types::Timestamp;
use serde_json::Value;

use crate::{
    Reply, Wanted,
    api::{Api, Family, Target},
    conversation::{self, Conversation, Role},
    delivery::Delivery,
    script::{ErrorSpec, Fallback, Hint, Script, Spec},
    state::{IdKind, State},
    template::Variables,
    utterance::Utterance,
    wire::{self, Kept, Refusal, Scene},
};

/// The rule that answers, its reply and what its patterns found.
struct Hit<'s> {
    rule: Option<String>,
    spec: &'s Spec,
    variables: Variables,
}

impl Script {
    /// What a provider with this script sends back.
    pub fn answer(&self, state: &State, wanted: &Wanted<'_>) -> Reply {
        let Some(target) = Target::of(wanted.path) else {
            let message = format!("{} {} is served by no provider", wanted.method, wanted.path);
            return refuse(state, Family::OpenAi, &Refusal::new(404, message));
        };
        if target.api == Api::Models {
            return self.list(state, &target, wanted);
        }
        match read(state, &target, wanted) {
            Ok(talk) => self.respond(state, &talk, wanted),
            Err(refusal) => refuse(state, target.api.family(), &refusal),
        }
    }

    fn list(&self, state: &State, target: &Target<'_>, wanted: &Wanted<'_>) -> Reply {
        let found = match target.model {
            None => Some(wire::models(&self.models, wanted)),
            Some(name) => wire::model(name, &self.models, wanted),
        };
        let family = wire::family(wanted);
        match found {
            Some(found) => plain(state, family, 200, &found),
            None => refuse(state, family, &Refusal::new(404, "the script has no such model")),
        }
    }

    fn respond(&self, state: &State, talk: &Conversation, wanted: &Wanted<'_>) -> Reply {
        if talk.api.is_generation()
            && let Err(reply) = self.admit(state, talk, wanted.now)
        {
            return reply;
        }
        match self.hit(state, talk, wanted) {
            Some(hit) => perform(state, talk, wanted, &hit),
            None => self.unmatched(state, talk, wanted),
        }
    }

    /// Lets the call in, unless there were too many of late.
    fn admit(&self, state: &State, talk: &Conversation, now: Timestamp) -> Result<(), Reply> {
        let Some(limit) = &self.rate_limit else { return Ok(()) };
        state.admit(limit.calls, limit.window(), now).map_err(|wait| {
            let mut reply = refuse(state, talk.api.family(), &Refusal::new(429, "too many requests"));
            if limit.hint == Hint::RetryAfter {
                let seconds = wait.as_millis().div_ceil(1000).to_string();
                reply.headers.push(("retry-after".to_owned(), seconds));
            }
            reply
        })
    }

    /// The first rule that means the request and has firings left; it counts as fired.
    fn hit(&self, state: &State, talk: &Conversation, wanted: &Wanted<'_>) -> Option<Hit<'_>> {
        self.rules.iter().enumerate().find_map(|(index, rule)| {
            let mut variables = rule.matches.admits(talk, wanted)?;
            let before = state.fire(index, rule.times)?;
            describe(talk, &mut variables);
            variables.set("firing", (before + 1).to_string());
            Some(Hit { rule: Some(rule.name.clone()), spec: rule.reply(before), variables })
        })
    }

    fn unmatched(&self, state: &State, talk: &Conversation, wanted: &Wanted<'_>) -> Reply {
        if talk.api.is_generation() && self.on_no_match == Fallback::Error {
            return refuse(state, talk.api.family(), &Refusal::new(400, no_rule(talk)));
        }
        let mut variables = Variables::default();
        describe(talk, &mut variables);
        let text = Some("echo: ${last_user}".to_owned());
        let spec = Spec { text, ..Spec::default() }.over(&self.defaults);
        perform(state, talk, wanted, &Hit { rule: None, spec: &spec, variables })
    }
}

/// Reads the request, with what it refers to by `previous_response_id` before its own input.
fn read(state: &State, target: &Target<'_>, wanted: &Wanted<'_>) -> Result<Conversation, Refusal> {
    if wanted.method != "POST" {
        return Err(Refusal::new(405, format!("{} is not allowed here", wanted.method)));
    }
    let mut body: Value = serde_json::from_slice(wanted.body)
        .map_err(|error| Refusal::new(400, format!("the body is not JSON: {error}")))?;
    if !body.is_object() {
        return Err(Refusal::new(400, "the body is no JSON object"));
    }
    if let Some(id) = body["previous_response_id"].as_str().filter(|_| target.api == Api::Responses) {
        let stored = state.stored(id);
        let mut items = stored
            .ok_or_else(|| Refusal::new(400, format!("Previous response with id '{id}' not found.")))?;
        items.extend(conversation::input_items(&body["input"]));
        body["input"] = items.into();
    }
    Ok(Conversation::read(target, body))
}

/// What every reply may speak of.
fn describe(talk: &Conversation, variables: &mut Variables) {
    variables.set("api", talk.api.as_str());
    variables.set("model", &talk.model);
    variables.set("last_user", talk.last(Role::User));
    variables.set("last_tool_result", talk.last(Role::Tool));
    variables.set("turn", talk.turn().to_string());
    variables.set("step", talk.step().to_string());
}

fn no_rule(talk: &Conversation) -> String {
    let role = talk.last_role().map_or("nobody", Role::as_str);
    let asked: String = talk.last(Role::User).chars().take(200).collect();
    format!(
        "no rule of the script matches: api `{}`, model `{}`, turn {}, step {}, last role {role}, last user `{asked}`",
        talk.api.as_str(),
        talk.model,
        talk.turn(),
        talk.step(),
    )
}

fn perform(state: &State, talk: &Conversation, wanted: &Wanted<'_>, hit: &Hit<'_>) -> Reply {
    let (spec, variables) = (hit.spec, &hit.variables);
    let mut reply = if let Some(error) = &spec.error {
        failure(state, talk, error, hit)
    } else if let Some(raw) = &spec.raw {
        let delivery = Delivery::of_raw(&raw.body, spec, variables);
        reply(state, talk.api.family(), raw.status.unwrap_or(200), JSON, delivery)
    } else if talk.api.is_generation() {
        speak(state, talk, wanted, hit)
    } else {
        document(state, talk, spec, &other(talk, spec))
    };
    for (name, value) in &spec.headers {
        let name = name.to_ascii_lowercase();
        reply.headers.retain(|(known, _)| *known != name);
        // What a user said may have several lines; a header has one.
        let value = variables.fill(value).replace(char::is_control, " ");
        reply.headers.push((name, value));
    }
    reply.rule.clone_from(&hit.rule);
    reply
}

/// What is answered where no model speaks.
fn other(talk: &Conversation, spec: &Spec) -> Value {
    let given = spec.usage.and_then(|usage| usage.input);
    match talk.api {
        Api::Embeddings | Api::Embed => wire::embeddings(talk),
        _ => wire::count(talk.api, given.unwrap_or_else(|| talk.input_tokens())),
    }
}

fn failure(state: &State, talk: &Conversation, error: &ErrorSpec, hit: &Hit<'_>) -> Reply {
    let fill = |text: &Option<String>| text.as_ref().map(|text| hit.variables.fill(text));
    let refusal = Refusal {
        status: error.status.unwrap_or(500),
        message: fill(&error.message).unwrap_or_else(|| "the script says so".to_owned()),
        kind: fill(&error.r#type),
        code: fill(&error.code),
    };
    let mut reply = refuse(state, talk.api.family(), &refusal);
    if let Some(seconds) = error.retry_after {
        reply.headers.push(("retry-after".to_owned(), seconds.to_string()));
    }
    let body = reply.body();
    reply.pieces = Delivery::of_one(body, hit.spec, 0).pieces;
    reply
}

fn speak(state: &State, talk: &Conversation, wanted: &Wanted<'_>, hit: &Hit<'_>) -> Reply {
    let said = Utterance::of(hit.spec, talk, &hit.variables);
    let scene = Scene { talk, said: &said, state, now: wanted.now };
    if !talk.stream {
        let (body, kept) = wire::whole(&scene);
        keep(state, talk, hit.spec, kept);
        return document(state, talk, hit.spec, &body);
    }
    let stream = wire::stream(&scene, wanted.path);
    keep(state, talk, hit.spec, stream.kept);
    let delivery = Delivery::of_stream(stream.frames, hit.spec, talk.api, &broken(hit.spec));
    reply(state, talk.api.family(), 200, stream.media, delivery)
}

/// Remembers an answer that reaches its end and that the client did not ask to forget.
fn keep(state: &State, talk: &Conversation, spec: &Spec, kept: Option<Kept>) {
    if let Some(kept) = kept
        && spec.fault.is_none()
        && talk.body["store"] != false
    {
        let said = conversation::input_items(&talk.body["input"]).into_iter().chain(kept.output);
        state.store(&kept.id, said.collect());
    }
}

/// A document with status 200, and what goes wrong in it.
fn document(state: &State, talk: &Conversation, spec: &Spec, body: &Value) -> Reply {
    let family = talk.api.family();
    let error = || broken(spec).body(family, "").to_string().into();
    let chunks = spec.chunks.as_ref().map_or(1, Vec::len) * spec.repeat.unwrap_or(1);
    let delivery = Delivery::of_document(body.to_string().into(), spec, chunks, error);
    reply(state, family, 200, JSON, delivery)
}

/// The error that an answer breaks off with.
fn broken(spec: &Spec) -> Refusal {
    let fault = spec.fault.as_ref();
    let message = fault.and_then(|fault| fault.message.clone()).unwrap_or_else(|| "Overloaded".to_owned());
    Refusal { kind: fault.and_then(|fault| fault.r#type.clone()), ..Refusal::new(529, message) }
}

const JSON: &str = "application/json";

fn refuse(state: &State, family: Family, refusal: &Refusal) -> Reply {
    let request = state.mint(IdKind::request(family));
    let body = refusal.body(family, &request).to_string();
    with_head(family, request, refusal.status, JSON, Delivery::of_one(body.into(), &Spec::default(), 0))
}

fn plain(state: &State, family: Family, status: u16, body: &Value) -> Reply {
    reply(state, family, status, JSON, Delivery::of_one(body.to_string().into(), &Spec::default(), 0))
}

fn reply(state: &State, family: Family, status: u16, media: &str, delivery: Delivery) -> Reply {
    with_head(family, state.mint(IdKind::request(family)), status, media, delivery)
}

/// The reply with the headers that a provider always sends.
fn with_head(family: Family, request: String, status: u16, media: &str, delivery: Delivery) -> Reply {
    let name = match family {
        Family::Anthropic => "request-id",
        Family::OpenAi | Family::Gemini => "x-request-id",
    };
    let headers = vec![("content-type".to_owned(), media.to_owned()), (name.to_owned(), request)];
    Reply { status, headers, pieces: delivery.pieces, ending: delivery.ending, rule: None }
}

#[cfg(test)]
mod tests;
