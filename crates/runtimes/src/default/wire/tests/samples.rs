//! One answer in each format: a thought, words, and two calls whose arguments come in fragments.

use serde_json::{Value, json};

use super::Family;
use crate::default::{ModelAnswer, Part, Stop, TokenUsage};

pub(super) const STREAMS: [(Family, &str); 3] =
    [(Family::OpenAi, CHAT), (Family::Anthropic, MESSAGES), (Family::Gemini, GENERATE)];

pub(super) const CHAT: &str = r#"data: {"id":"","choices":[],"prompt_filter_results":[]}

: keep-alive

data: {"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":"Two "},"finish_reason":null}],"usage":null}

data: {"id":"c1","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"files."},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"content":"Reading “é"},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"content":"” now."},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"read_file","arguments":""}},{"index":1,"id":"t2","type":"function","function":{"name":"list_files","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{"}},{"index":0,"function":{"arguments":"{\"path\""}}]},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":": \"ä.txt\"}"}},{"index":1,"function":{"arguments":"}"}}]},"finish_reason":null}]}

data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"c1","choices":[],"usage":{"prompt_tokens":311,"completion_tokens":42,"total_tokens":353,"prompt_tokens_details":{"cached_tokens":300},"completion_tokens_details":{"reasoning_tokens":30}}}

data: [DONE]

"#;

pub(super) const MESSAGES: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":11,"cache_creation_input_tokens":0,"cache_read_input_tokens":300,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Two files."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Reading “é” now."}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"read_file","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"path\": \"ä."}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"txt\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"list_files","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":42}}

event: message_stop
data: {"type":"message_stop"}

"#;

pub(super) const GENERATE: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Two ","thought":true}]},"index":0}],"responseId":"g1","usageMetadata":{"promptTokenCount":311}}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"files.","thought":true},{"text":"Reading “é"}]},"index":0}],"responseId":"g1","usageMetadata":{"trafficType":"ON_DEMAND"}}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"” now."}]},"index":0}],"responseId":"g1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"t1","name":"read_file","args":{"path":"ä.txt"}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"t2","name":"list_files"}}]},"index":0}],"responseId":"g1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"responseId":"g1","usageMetadata":{"promptTokenCount":311,"cachedContentTokenCount":300,"candidatesTokenCount":12,"thoughtsTokenCount":30,"totalTokenCount":353}}

"#;

/// What each of the streams says; what a provider wants back differs.
pub(super) fn said(family: Family) -> ModelAnswer {
    let signature = json!({"thoughtSignature": "c2ln"});
    let (thought, call) = match family {
        Family::OpenAi => (Some(json!({"member": "reasoning_content"})), None),
        Family::Anthropic => (Some(json!({"signature": "c2ln"})), None),
        Family::Gemini => (None, Some(signature)),
    };
    ModelAnswer {
        parts: vec![
            Part::Thinking { text: "Two files.".to_owned(), opaque: thought },
            Part::text("Reading “é” now."),
            called("t1", "read_file", json!({"path": "ä.txt"}), call),
            called("t2", "list_files", json!({}), None),
        ],
        stop: Stop::Tools,
        usage: TokenUsage {
            input_tokens: 11,
            output_tokens: 42,
            cache_read_tokens: 300,
            cache_creation_tokens: 0,
        },
    }
}

pub(super) fn called(id: &str, name: &str, arguments: Value, opaque: Option<Value>) -> Part {
    Part::ToolUse { id: id.to_owned(), name: name.to_owned(), arguments, opaque }
}
