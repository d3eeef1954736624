# /// script
# dependencies = ["anthropic==2.11.0", "google-genai==3.4.0", "openai==3.52.0"]
# ///
"""OpenAI's client: Chat Completions, Responses, embeddings and lists of models, with all that it sends."""

import asyncio

import openai

from record import end, say
from words import ODD, PNG, SCHEMA

MODEL = "gpt-of-the-test"
LOOK = {"name": "look", "description": "Look.", "parameters": SCHEMA}
PICTURE = "data:image/png;base64," + PNG
CHAT = {
    "model": MODEL,
    "tools": [{"type": "function", "function": {**LOOK, "strict": False}}],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "reasoning_effort": "low",
    "user": "user-1",
    "prompt_cache_key": "key-1",
    "metadata": {"a": "b"},
}
RESPONSES = {
    "model": MODEL,
    "instructions": "Look things up. Es ist schön 🙂.",
    "tools": [
        {"type": "function", **LOOK, "strict": False},
        {"type": "custom", "name": "say", "description": "Say.", "format": {"type": "text"}},
    ],
    "reasoning": {"effort": "low", "summary": "auto"},
    "prompt_cache_key": "key-1",
}


def chat_turns(client):
    parts = [
        {"type": "text", "text": "Where is this?"},
        {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
    ]
    messages = [
        {"role": "system", "content": "Look things up. Es ist schön 🙂."},
        {"role": "user", "content": parts, "name": "someone"},
    ]
    message = client.chat.completions.create(messages=messages, **CHAT).choices[0].message
    say("chat 1", message)

    messages.append(message)
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "12:30"} for call in message.tool_calls]
    with client.chat.completions.stream(messages=messages, **CHAT) as stream:
        events = list(stream)
        message = stream.get_final_completion().choices[0].message
    say("chat 2", *events)

    messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": "And now?"}]
    stream = client.chat.completions.create(messages=messages, stream=True, **CHAT)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    say("chat 3", text)

    messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "With the usage."}]
    usage = {"include_usage": True}
    stream = client.chat.completions.create(messages=messages, stream=True, stream_options=usage, **CHAT)
    say("chat 4", *stream)


def response_turns(client):
    picture = {"type": "input_image", "image_url": PICTURE, "detail": "auto"}
    items = [{"role": "user", "content": [{"type": "input_text", "text": "Where is this?"}, picture]}]
    response = client.responses.create(
        input=items, store=False, include=["reasoning.encrypted_content"], **RESPONSES
    )
    say("responses 1", response)

    items += response.output
    calls = [item for item in response.output if item.type == "function_call"]
    items += [{"type": "function_call_output", "call_id": call.call_id, "output": "12:30"} for call in calls]
    with client.responses.stream(input=items, **RESPONSES) as stream:
        say("responses 2", *stream)


def stored_turns(client):
    response = client.responses.create(input="Where is this?", store=True, **RESPONSES)
    say("stored first", response)
    calls = [item for item in response.output if item.type == "function_call"]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "There."} for call in calls]
    stream = client.responses.create(input=results, previous_response_id=response.id, stream=True, **RESPONSES)
    events = list(stream)
    say("stored next", *events)
    last = events[-1].response.id
    say("stored last", client.responses.create(input="And now?", previous_response_id=last, **RESPONSES))


def others(client):
    say("embeddings", client.embeddings.create(model="embed", input=["one", "zwei 🙂", ""]))
    say("embedding", client.embeddings.create(model="embed", input=[[1, 2, 3]], encoding_format="float"))
    completion = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "developer", "content": "Be odd."}, {"role": "user", "content": ODD["text"]}],
        temperature=1.0,
        seed=2**53 + 1,
        logit_bias={"50256": -100},
        stop=None,
        response_format={"type": "json_schema", "json_schema": {"name": "any", "schema": SCHEMA}},
        extra_body={"odd": ODD, "vendor.field/with:signs": {"include_usage": 1.0}},
        extra_headers={"X-Odd": "a, b;  c=\"d\" 'e'", "OpenAI-Beta": "odd=v1", "X-Empty": ""},
        extra_query={"odd": "ä b/c?d=e&f", "empty": ""},
    )
    say("odd", completion)
    try:
        client.responses.create(model=MODEL, input="Refuse this.")
    except openai.BadRequestError as error:
        say("refused", error, error.body)
    say("models", *client.models.list())
    say("model", client.models.retrieve(MODEL))


async def later(client):
    messages = [{"role": "user", "content": "Where is this?"}]
    message = (await client.chat.completions.create(messages=messages, **CHAT)).choices[0].message
    say("later 1", message)
    messages.append(message)
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "There."} for call in message.tool_calls]
    usage = {"include_usage": True}
    stream = await client.chat.completions.create(messages=messages, stream=True, stream_options=usage, **CHAT)
    say("later 2", *[chunk async for chunk in stream])
    async with client.responses.stream(input="Where is this?", **RESPONSES) as stream:
        say("later responses", *[event async for event in stream])


client = openai.OpenAI(organization="org-1", project="proj-1")
chat_turns(client)
response_turns(client)
stored_turns(client)
others(client)
asyncio.run(later(openai.AsyncOpenAI()))
end()
