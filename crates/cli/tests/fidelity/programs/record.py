"""Writes down what goes over the wire below a client, and what its program makes of it.

The client is left as it is: the bytes are read where its HTTP library hands them over. The file is `ATTEMPT.json` in
the folder that the program is given, or `direct.json` when nobody counts its attempts.
"""

import json
import os
import signal
import sys

import httpx2

FOLDER = sys.argv[1]
ATTEMPT = os.environ.get("MAINSPRING_ATTEMPT", "direct")
exchanges, said = [], []


class Tee(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that is noted as it is read."""

    def __init__(self, stream, parts):
        self.stream, self.parts = stream, parts

    def __iter__(self):
        for part in self.stream:
            self.parts.append(part)
            yield part

    async def __aiter__(self):
        async for part in self.stream:
            self.parts.append(part)
            yield part

    def close(self):
        self.stream.close()

    async def aclose(self):
        await self.stream.aclose()


def note(request, response):
    parts = []
    exchanges.append((request, response, parts))
    response.stream = Tee(response.stream, parts)
    return response


def listen(sync=httpx2.HTTPTransport.handle_request, other=httpx2.AsyncHTTPTransport.handle_async_request):
    async def handle_async_request(self, request):
        return note(request, await other(self, request))

    httpx2.HTTPTransport.handle_request = lambda self, request: note(request, sync(self, request))
    httpx2.AsyncHTTPTransport.handle_async_request = handle_async_request


def say(name, *values):
    """Notes what came of a call, under a name."""
    said.append({"call": name, "printed": [plain(value) for value in values]})


def plain(value):
    return value.model_dump_json(warnings=False) if hasattr(value, "model_dump_json") else repr(value)


def end():
    """Writes it all down; the first of several attempts then dies as if it had been killed."""
    heard = [
        {
            "path": request.url.raw_path.decode(),
            "sent": request.content.decode(),
            "status": response.status_code,
            "headers": [[name.decode().lower(), value.decode()] for name, value in response.headers.raw],
            "received": b"".join(parts).decode(),
        }
        for request, response, parts in exchanges
    ]
    with open(os.path.join(FOLDER, ATTEMPT + ".json"), "w", encoding="utf-8") as file:
        json.dump({"python": sys.executable, "exchanges": heard, "said": said}, file)
    if ATTEMPT == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    print(json.dumps({"final": len(heard)}))


listen()
