"""Looks for a secret wherever an agent can look, makes calls that are refused, and prints all that it saw.

It is given the secret's beginning backwards, so that what it is given is not what it finds.
"""

import json
import os
import sys
import urllib.error
import urllib.request

secret = json.loads(sys.argv[1])["backwards"][::-1].encode()
data = os.environ["HOME"].split("/work/")[0]
looked, found = 0, []


def look(place, read):
    global looked
    try:
        held = read()
    except OSError:
        return
    looked += 1
    if secret in held:
        found.append(place)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def call(path, body, headers):
    base = os.environ["MAINSPRING_GATEWAY_URL"]
    request = urllib.request.Request(base + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.headers) + answer.read().decode()
    except urllib.error.HTTPError as refused:
        return f"{refused.code} {refused.headers}" + refused.read().decode()


for name, value in os.environ.items():
    look(f"${name}", value.encode)
for process in os.listdir("/proc"):
    if process.isdigit() or process == "self":
        for name in ("environ", "cmdline"):
            look(f"/proc/{process}/{name}", lambda: contents(f"/proc/{process}/{name}"))
for folder, _, names in os.walk(os.path.dirname(data)):
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            look(path, lambda: contents(path))

said = [{"role": "user", "content": "Who are you?"}]
answers = [
    call(
        "/v1/chat/completions",
        {"model": "gpt-4o-mini", "messages": said},
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
    ),
    call(
        "/v1/messages",
        {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": said},
        {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"},
    ),
    call(
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Who are you?"}]}]},
        {"x-goog-api-key": os.environ["GEMINI_API_KEY"]},
    ),
]
for answer in answers:
    look("an answer", answer.encode)
answers = [answer[:1000] for answer in answers]
print(dict(os.environ), answers, file=sys.stderr)
print(json.dumps({"looked": looked, "found": found, "answers": answers}))
