"""A package: one JSON argument in, one JSON object out. Its method asks a model twice, with work in between."""

import json
import os
import sys
import time
import urllib.request


def chat(messages):
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps({"model": "gpt-4o-mini", "messages": messages}).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["choices"][0]["message"]


def ask(prompt):
    messages = [{"role": "user", "content": prompt}]
    messages.append(chat(messages))
    print("thinking about it", file=sys.stderr)
    time.sleep(0.3)
    messages.append({"role": "user", "content": "Only the number, please."})
    return chat(messages)["content"]


call = json.loads(sys.argv[1])
print(json.dumps({"result": ask(**call["parameters"])}))
