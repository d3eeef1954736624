# /// script
# dependencies = ["anthropic==2.11.0", "google-genai==3.4.0", "openai==3.52.0"]
# ///
"""Anthropic's client: Messages with all that it sends."""

import asyncio

import anthropic

from record import end, say
from words import ODD, PNG, SCHEMA

MODEL = "claude-of-the-test"
CACHE = {"type": "ephemeral"}
REQUEST = {
    "model": MODEL,
    "max_tokens": 4000,
    "system": [{"type": "text", "text": "Look things up.", "cache_control": CACHE}],
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "tools": [{"name": "look", "description": "Look.", "input_schema": SCHEMA, "cache_control": CACHE}],
    "metadata": {"user_id": "user-1"},
    "stop_sequences": ["\n\nHuman:"],
}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


def result(message, content):
    calls = [block for block in message.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": content} for call in calls]
    results[-1]["cache_control"] = CACHE
    return {"role": "user", "content": results}


def turns(client):
    question = {"type": "text", "text": "Where is this? Es ist schön 🙂.", "cache_control": CACHE}
    messages = [{"role": "user", "content": [PICTURE, question]}]
    message = client.messages.create(messages=messages, **REQUEST)
    say("turns 1", message)

    del question["cache_control"]
    messages += [{"role": "assistant", "content": message.content}]
    messages += [result(message, [{"type": "text", "text": "It is 12:30."}, PICTURE])]
    with client.messages.stream(messages=messages, **REQUEST) as stream:
        events = list(stream)
        message = stream.get_final_message()
    say("turns 2", *events, message)

    messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": "And now?"}]
    stream = client.messages.create(messages=messages, stream=True, **REQUEST)
    say("turns 3", *stream)


def others(client):
    said = [{"role": "user", "content": "Count, please."}]
    say("count", client.messages.count_tokens(model=MODEL, system="Count.", messages=said, tools=REQUEST["tools"]))
    document = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQKJcOkw7zDtsOfCg=="}
    parts = [
        {"type": "document", "source": document, "title": "A \u2028 title", "citations": {"enabled": True}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png?b=1&c=%20"}},
    ]
    message = client.beta.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=[{"role": "user", "content": parts}],
        betas=["a-beta-2026-01-01", "another-2026-02-02"],
    )
    say("beta", message)
    message = client.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=[{"role": "user", "content": ODD["text"]}, {"role": "assistant", "content": "So"}],
        extra_body={"odd": ODD, "temperature": 1.0, "top_p": 0.1},
        extra_headers={"X-Odd": "a, b;  c=\"d\" 'e'", "Anthropic-Beta": "odd-2026-01-01", "X-Empty": ""},
        extra_query={"odd": "ä b/c?d=e&f", "empty": "", "beta": "true"},
    )
    say("odd", message)
    try:
        client.messages.create(model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "Refuse this."}])
    except anthropic.BadRequestError as error:
        say("refused", error, error.body)
    say("models", *client.models.list(limit=1000))
    say("model", client.models.retrieve(MODEL))


async def later(client):
    messages = [{"role": "user", "content": "Where is this?"}]
    message = await client.messages.create(messages=messages, **REQUEST)
    say("later 1", message)
    messages += [{"role": "assistant", "content": message.content}, result(message, "There.")]
    async with client.messages.stream(messages=messages, **REQUEST) as stream:
        say("later 2", *[event async for event in stream])


turns(anthropic.Anthropic())
others(anthropic.Anthropic(default_headers={"X-Default": "yes"}))
asyncio.run(later(anthropic.AsyncAnthropic()))
end()
