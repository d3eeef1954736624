# /// script
# dependencies = ["anthropic==2.11.0", "google-genai==3.4.0", "openai==3.52.0"]
# ///
"""Anthropic's client and the Messages API, streamed."""

import json
import sys
import time

from anthropic import Anthropic

ADD = {
    "name": "add",
    "description": "Add two integers.",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


def add(a, b):
    time.sleep(0.3)
    return str(a + b)


client = Anthropic()
messages = [{"role": "user", "content": sys.argv[1]}]
while True:
    request = {"model": "claude-sonnet-4-5", "max_tokens": 1000, "messages": messages, "tools": [ADD]}
    with client.messages.stream(**request) as stream:
        message = stream.get_final_message()
    if message.stop_reason != "tool_use":
        break
    messages.append({"role": "assistant", "content": message.content})
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": add(**block.input)}
        for block in message.content
        if block.type == "tool_use"
    ]
    messages.append({"role": "user", "content": results})
print(json.dumps({"final": "".join(block.text for block in message.content if block.type == "text")}))
