# /// script
# dependencies = ["anthropic==2.11.0", "google-genai==3.4.0", "openai==3.52.0"]
# ///
"""Google's client and the Gemini API, streamed."""

import json
import sys
import time

from google import genai
from google.genai import types

ADD = types.FunctionDeclaration(
    name="add",
    description="Add two integers.",
    parameters_json_schema={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)
CONFIG = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[ADD])])


def add(a, b):
    time.sleep(0.3)
    return str(a + b)


client = genai.Client()
contents = [types.UserContent(sys.argv[1])]
while True:
    stream = client.models.generate_content_stream(model="gemini-2.5-flash", contents=contents, config=CONFIG)
    parts = [part for piece in stream for part in piece.candidates[0].content.parts or []]
    calls = [part.function_call for part in parts if part.function_call]
    if not calls:
        break
    contents.append(types.ModelContent(parts))
    results = [
        types.Part.from_function_response(name=call.name, response={"result": add(**call.args)}) for call in calls
    ]
    contents.append(types.UserContent(results))
print(json.dumps({"final": "".join(part.text or "" for part in parts)}))
