# /// script
# dependencies = ["anthropic==2.11.0", "google-genai==3.4.0", "openai==3.52.0"]
# ///
"""Google's client: the Gemini API with all that it sends."""

import asyncio

from google import genai
from google.genai import errors, types

from record import end, say
from words import ODD, PNG_BYTES, SCHEMA

MODEL = "gemini-of-the-test"
LOOK = types.FunctionDeclaration(name="look", description="Look.", parameters_json_schema=SCHEMA)
CONFIG = types.GenerateContentConfig(
    system_instruction="Look things up. Es ist schön 🙂.",
    tools=[types.Tool(function_declarations=[LOOK])],
    thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=1024),
    max_output_tokens=4000,
    temperature=1.0,
    safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
)


def told(name, *answers):
    """What the client makes of the answers, without the headers that it keeps beside them."""
    say(name, *[answer.model_dump_json(exclude={"sdk_http_response"}) for answer in answers])


def result(content, value):
    calls = [part.function_call for part in content.parts if part.function_call]
    parts = [types.Part.from_function_response(name=call.name, response={"result": value}) for call in calls]
    return types.UserContent(parts)


def joined(answers):
    return types.ModelContent([part for answer in answers for part in answer.candidates[0].content.parts])


def turns(client):
    picture = types.Part.from_bytes(data=PNG_BYTES, mime_type="image/png")
    contents = [types.UserContent(["Where is this?", picture])]
    answer = client.models.generate_content(model=MODEL, contents=contents, config=CONFIG)
    told("turns 1", answer)

    content = answer.candidates[0].content
    contents += [content, result(content, "12:30")]
    answers = list(client.models.generate_content_stream(model=MODEL, contents=contents, config=CONFIG))
    told("turns 2", *answers)

    contents += [joined(answers), types.UserContent("And now?")]
    told("turns 3", client.models.generate_content(model=MODEL, contents=contents, config=CONFIG))


def chat(client):
    chat = client.chats.create(model=MODEL)
    told("chat 1", chat.send_message("Hello."))
    told("chat 2", *chat.send_message_stream("And now?"))


def others(client):
    told("count", client.models.count_tokens(model=MODEL, contents=["Count, please.", "Zwei 🙂"]))
    size = types.EmbedContentConfig(output_dimensionality=8)
    told("embeddings", client.models.embed_content(model="embed", contents=["one", "zwei 🙂"], config=size))
    wire = types.HttpOptions(
        headers={"X-Odd": "a, b;  c=\"d\" 'e'", "X-Empty": ""},
        extra_body={"odd": ODD, "generationConfig": {"one": 1, "onePointNothing": 1.0}},
    )
    config = types.GenerateContentConfig(http_options=wire, temperature=0.0, stop_sequences=["\u2028"])
    told("odd", client.models.generate_content(model=MODEL, contents=ODD["text"], config=config))
    try:
        client.models.generate_content(model=MODEL, contents="Refuse this.")
    except errors.ClientError as error:
        say("refused", error.code, error.status, error.message)
    told("models", *client.models.list(config={"page_size": 5, "query_base": True}))
    told("model", client.models.get(model=MODEL))


async def later(client):
    contents = [types.UserContent("Where is this?")]
    answer = await client.models.generate_content(model=MODEL, contents=contents, config=CONFIG)
    told("later 1", answer)
    content = answer.candidates[0].content
    contents += [content, result(content, "There.")]
    stream = await client.models.generate_content_stream(model=MODEL, contents=contents, config=CONFIG)
    told("later 2", *[answer async for answer in stream])


client = genai.Client()
turns(client)
chat(client)
others(client)
asyncio.run(later(client.aio))
end()
