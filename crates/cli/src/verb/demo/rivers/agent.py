"""An agent as people write them: OpenAI's Chat API over urllib, one tool, a loop. It knows nothing of Mainspring."""

import json
import os
import sys
import time
import urllib.request

MODEL = "gpt-4.1"
LENGTHS = {"Amazon": 6400, "Nile": 6650}
LOOKUP_SECONDS = 1.2
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "river_length",
            "description": "Looks up how long a river is.",
            "parameters": {
                "type": "object",
                "properties": {"river": {"type": "string"}},
                "required": ["river"],
            },
        },
    }
]


def note(line):
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(line + "\n")
        ledger.flush()
        os.fsync(ledger.fileno())


def river_length(river):
    time.sleep(LOOKUP_SECONDS)
    return f"{river}: {LENGTHS[river]} km"


def use_tool(call):
    river = json.loads(call["function"]["arguments"])["river"]
    name = f"river_length({river})"
    print("tool", name, file=sys.stderr, flush=True)
    note(f"{name} begun {call['id']}")
    found = river_length(river)
    note(f"{name} done {call['id']}")
    return {"role": "tool", "tool_call_id": call["id"], "content": found}


def ask_model(messages):
    request = urllib.request.Request(
        os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1") + "/chat/completions",
        json.dumps({"model": MODEL, "messages": messages, "tools": TOOLS}).encode(),
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["choices"][0]["message"]


def run(prompt):
    messages = [{"role": "user", "content": prompt}]
    while True:
        message = ask_model(messages)
        messages.append(message)
        if not message.get("tool_calls"):
            return message["content"]
        messages += [use_tool(call) for call in message["tool_calls"]]


print(run(sys.argv[1]))
