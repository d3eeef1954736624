"""A program that asks a model, as any client library does. It knows nothing of Mainspring."""

import json
import os
import sys
from urllib.request import Request, urlopen

messages = [{"role": "user", "content": sys.argv[1]}]
request = Request(
    os.environ["OPENAI_BASE_URL"] + "/chat/completions",
    data=json.dumps({"model": "gpt-4o-mini", "messages": messages}).encode(),
    headers={"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"},
)
with urlopen(request) as answer:
    print(json.load(answer)["choices"][0]["message"]["content"])
