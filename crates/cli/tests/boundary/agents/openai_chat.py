# /// script
# dependencies = ["anthropic==2.11.0", "google-genai==3.4.0", "openai==3.52.0"]
# ///
"""OpenAI's client and the Chat API, streamed."""

import json
import sys
import time

from openai import OpenAI

ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two integers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}


def add(a, b):
    time.sleep(0.3)
    return str(a + b)


client = OpenAI()
messages = [{"role": "user", "content": sys.argv[1]}]
while True:
    with client.chat.completions.stream(model="gpt-4o-mini", messages=messages, tools=[ADD]) as stream:
        message = stream.get_final_completion().choices[0].message
    if not message.tool_calls:
        break
    calls = [call.model_dump(include={"id", "type", "function"}) for call in message.tool_calls]
    calls = [{**call, "function": {key: call["function"][key] for key in ("name", "arguments")}} for call in calls]
    messages.append({"role": "assistant", "content": message.content, "tool_calls": calls})
    for call in message.tool_calls:
        result = add(**json.loads(call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
print(json.dumps({"final": message.content}))
