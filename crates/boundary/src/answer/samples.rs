//! Answers for the tests, in the shapes the providers document, and a quick way to read one.

use bytes::Bytes;

use super::{Answer, Reader, UsageChunk};
use crate::route::{Api, Family, Route};

/// Every streamed sample.
pub(super) const STREAMS: [(Api, &str); 4] =
    [(Api::Messages, MESSAGES), (Api::Chat, CHAT), (Api::Responses, RESPONSES), (Api::Generate, GENERATE)];

pub(super) const MESSAGES: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":11,"cache_creation_input_tokens":20,"cache_read_input_tokens":300,"output_tokens":1}}}

event: ping
data: {"type":"ping"}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Adding \"é\".\n"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"add","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\": 1}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":42}}

event: message_stop
data: {"type":"message_stop"}

"#;

pub(super) const CHAT: &str = r#"data: {"id":"","object":"","model":"","choices":[],"prompt_filter_results":[]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"gpt-x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x","choices":[{"index":0,"delta":{"content":"Adding."},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"add","arguments":""}}]},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"add","arguments":"{}"}}]},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x","choices":[],"usage":{"prompt_tokens":311,"completion_tokens":42,"total_tokens":353,"prompt_tokens_details":{"cached_tokens":300},"completion_tokens_details":{"reasoning_tokens":30}}}

data: [DONE]

"#;

pub(super) const RESPONSES: &str = r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","error":null,"incomplete_details":null,"model":"gpt-x","output":[],"tools":[{"type":"function","name":"add"}],"usage":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":2,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Adding.","logprobs":[]}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":4,"output_index":1,"item":{"type":"message","id":"msg_1","status":"completed","content":[{"type":"output_text","text":"Adding."}]}}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","sequence_number":5,"item_id":"fc_1","output_index":2,"delta":"{}"}

event: response.function_call_arguments.done
data: {"type":"response.function_call_arguments.done","sequence_number":6,"item_id":"fc_1","output_index":2,"arguments":"{}"}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":7,"output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"add","arguments":"{}"}}

event: response.completed
data: {"type":"response.completed","sequence_number":8,"response":{"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"gpt-x","output":[{"type":"message"},{"type":"function_call"}],"usage":{"input_tokens":311,"input_tokens_details":{"cached_tokens":300},"output_tokens":42,"output_tokens_details":{"reasoning_tokens":30},"total_tokens":353}}}

"#;

pub(super) const GENERATE: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true}]},"index":0}],"modelVersion":"gemini-x","responseId":"gem_1","usageMetadata":{"promptTokenCount":311}}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Adding."}]},"index":0}],"modelVersion":"gemini-x","responseId":"gem_1","usageMetadata":{"trafficType":"ON_DEMAND"}}

data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"add","args":{"a":1}}}]},"index":0}],"modelVersion":"gemini-x","responseId":"gem_1"}

data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"modelVersion":"gemini-x","responseId":"gem_1","usageMetadata":{"promptTokenCount":311,"cachedContentTokenCount":300,"candidatesTokenCount":12,"thoughtsTokenCount":30,"totalTokenCount":353}}

"#;

/// A reader for the API.
pub(super) fn reader(api: Api, stream: bool) -> Reader {
    // What an answer means hangs on the API alone.
    let route = Route { family: Family::OpenAi, api, model: None, stream: None };
    Reader::new(&route, stream, UsageChunk::Wanted)
}

/// What reaches the agent at once, and the answer, when the body comes in these pieces.
pub(super) fn read_pieces<'b>(
    mut reader: Reader,
    pieces: impl IntoIterator<Item = &'b [u8]>,
) -> (Vec<u8>, Answer) {
    let mut flowed = Vec::new();
    for piece in pieces {
        flowed.extend_from_slice(&reader.push(Bytes::copy_from_slice(piece)));
    }
    (flowed, reader.finish())
}

/// The same for a stream that comes at once.
pub(super) fn read_stream(api: Api, body: &str) -> (String, Answer) {
    let (flowed, answer) = read_pieces(reader(api, true), [body.as_bytes()]);
    (String::from_utf8(flowed).expect("text"), answer)
}

/// The answer in one document.
pub(super) fn read_document(api: Api, body: &str) -> Answer {
    let (flowed, answer) = read_pieces(reader(api, false), [body.as_bytes()]);
    assert_eq!((flowed.len(), &*answer.held), (0, body.as_bytes()), "a document waits");
    answer
}

/// The stream up to and without the first frame in which the text is found.
pub(super) fn before<'b>(body: &'b str, text: &str) -> &'b str {
    let at = body.find(text).expect("the text is there");
    &body[..body[..at].rfind("\n\n").map_or(0, |end| end + 2)]
}
