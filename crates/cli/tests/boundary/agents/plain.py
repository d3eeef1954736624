"""A program without a framework: the Chat API over urllib, and a tool that takes its time.

Like many an agent it tells the model where it works, which must be the same place when it is started again.
"""

import json
import os
import sys
import time
import urllib.request

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


def chat(messages):
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps({"model": "gpt-4o-mini", "messages": messages, "tools": [ADD]}).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["choices"][0]["message"]


def add(a, b):
    time.sleep(0.3)
    return str(a + b)


messages = [
    {"role": "system", "content": f"You work in {os.getcwd()}, and {os.environ['HOME']} is yours."},
    {"role": "user", "content": sys.argv[1]},
]
while True:
    message = chat(messages)
    messages.append(message)
    if not message.get("tool_calls"):
        break
    for call in message["tool_calls"]:
        result = add(**json.loads(call["function"]["arguments"]))
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
print(json.dumps({"final": message["content"]}))
