# /// script
# dependencies = ["anthropic==2.11.0", "google-genai==3.4.0", "openai==3.52.0"]
# ///
"""OpenAI's client and the Responses API, not streamed."""

import json
import sys
import time

from openai import OpenAI

ADD = {
    "type": "function",
    "name": "add",
    "description": "Add two integers.",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


def add(a, b):
    time.sleep(0.3)
    return str(a + b)


client = OpenAI()
items = [{"role": "user", "content": sys.argv[1]}]
while True:
    response = client.responses.create(model="gpt-4o-mini", input=items, tools=[ADD])
    items += [item.model_dump(exclude_none=True) for item in response.output]
    calls = [item for item in response.output if item.type == "function_call"]
    if not calls:
        break
    for call in calls:
        result = add(**json.loads(call.arguments))
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
print(json.dumps({"final": response.output_text}))
