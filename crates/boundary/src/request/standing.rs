//! Whether a request can be sent again when nobody knows whether it was answered.

use super::{
    dialect::Dialect,
    json::{Json, Object},
};

/// Whether sending a request twice does more than cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It can be sent again.
    Repeatable,
    /// The provider acts on it or keeps something for it.
    Irreversible {
        /// What, as a clause.
        why: String,
    },
}

impl Standing {
    /// The standing of a request to generate, by the fields beside its messages.
    pub(super) fn of(dialect: &Dialect, frame: &Object<'_>) -> Self {
        let why = stored(frame).map(str::to_owned).or_else(|| hosted(dialect, frame));
        why.map_or(Self::Repeatable, |why| Self::Irreversible { why })
    }
}

fn stored(frame: &Object<'_>) -> Option<&'static str> {
    let asked = |name| matches!(frame.get(name), Some(Json::Bool(true)));
    let present = |name| frame.get(name).is_some();
    if asked("background") {
        Some("the provider works on it in the background")
    } else if present("conversation") {
        Some("the provider adds to a stored conversation")
    } else if present("previous_response_id") {
        Some("it goes on from a stored response")
    } else if asked("store") {
        Some("the provider stores its answer")
    } else if present("container") {
        Some("it works in a container of the provider")
    } else {
        None
    }
}

fn hosted(dialect: &Dialect, frame: &Object<'_>) -> Option<String> {
    // The fields with which a provider's tool is switched on without being listed.
    let field = ["mcp_servers", "web_search_options"].into_iter().find(|field| match frame.get(field) {
        Some(Json::List(list)) => !list.is_empty(),
        other => other.is_some(),
    });
    let mut tools = frame.get("tools").map_or(&[][..], Json::list).iter().filter_map(Json::object);
    let tool = field.or_else(|| tools.find_map(dialect.hosted))?;
    Some(format!("the provider runs `{tool}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Api;

    fn told(api: Api, frame: &str) -> String {
        let Json::Object(frame) = serde_json::from_str(frame).expect("JSON") else { panic!("no object") };
        match Standing::of(Dialect::of(api).expect("a dialect"), &frame) {
            Standing::Repeatable => "repeatable".to_owned(),
            Standing::Irreversible { why } => why,
        }
    }

    #[test]
    fn tools_of_the_agent_can_be_offered_again() {
        for (api, tool) in [
            (Api::Messages, r#"{"name":"add","input_schema":{}}"#),
            (Api::Messages, r#"{"name":"bash","type":"bash_20250124"}"#),
            (Api::Messages, r#"{"type":"tool_search_tool_regex_20251119"}"#),
            (Api::Chat, r#"{"type":"function","function":{"name":"add"}}"#),
            (Api::Responses, r#"{"type":"custom","name":"add"}"#),
            (Api::Responses, r#"{"type":"shell","environment":{"type":"local"}}"#),
            (Api::Generate, r#"{"functionDeclarations":[]}"#),
        ] {
            assert_eq!(told(api, &format!(r#"{{"tools":[{tool}]}}"#)), "repeatable", "{tool}");
        }
    }

    #[test]
    fn tools_of_the_provider_have_acted_perhaps() {
        for (api, frame, tool) in [
            (Api::Messages, r#"{"tools":[{"type":"web_search_20250305"}]}"#, "web_search_20250305"),
            (Api::Messages, r#"{"mcp_servers":[{"url":"x"}]}"#, "mcp_servers"),
            (Api::Chat, r#"{"web_search_options":{}}"#, "web_search_options"),
            (Api::Responses, r#"{"tools":[{"type":"function"},{"type":"mcp"}]}"#, "mcp"),
            (
                Api::Responses,
                r#"{"tools":[{"type":"shell","environment":{"type":"container_auto"}}]}"#,
                "shell",
            ),
            (Api::Generate, r#"{"tools":[{"functionDeclarations":[],"codeExecution":{}}]}"#, "codeExecution"),
        ] {
            assert_eq!(told(api, frame), format!("the provider runs `{tool}`"));
        }
        assert_eq!(told(Api::Messages, r#"{"mcp_servers":[]}"#), "repeatable");
    }

    #[test]
    fn what_the_provider_stores_is_there_twice() {
        for (frame, expected) in [
            (r#"{"store":true}"#, "the provider stores its answer"),
            (r#"{"store":false}"#, "repeatable"),
            (r#"{"store":null,"previous_response_id":null}"#, "repeatable"),
            (r#"{"previous_response_id":"resp_1"}"#, "it goes on from a stored response"),
            (r#"{"conversation":{"id":"conv_1"}}"#, "the provider adds to a stored conversation"),
            (r#"{"background":true,"store":true}"#, "the provider works on it in the background"),
        ] {
            assert_eq!(told(Api::Responses, frame), expected);
        }
    }
}
