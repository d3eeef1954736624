"""An MCP server that misbehaves on its standard streams: how is told by its argument, or by the tool that is called."""

import json
import os
import sys
import time

MODE = sys.argv[1]
TOOLS = ["echo", "hang", "die", "line", "notify", "large", "crowded", "chatter", "nonsense", "text", "stranger",
         "twice", "ask", "grow", "deaf", "most"]
grown = []


def say(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


def answer(request, result):
    say({"id": request["id"], "result": result})


def text(words):
    return {"content": [{"type": "text", "text": words}]}


def tool(name, **more):
    return {"name": name, "inputSchema": {"type": "object"}, **more}


def forever(piece):
    while True:
        sys.stdout.write(piece)


def hang():
    open("hanging", "w").close()
    while True:
        message = hear()
        if message.get("method") == "notifications/cancelled":
            with open("cancelled", "w") as file:
                file.write(message["params"]["reason"])


def ask_back():
    heard = []
    for method in ["ping", "sampling/createMessage", "roots/list", "elicitation/create", "no/such"]:
        params = {
            "sampling/createMessage": {"messages": [], "maxTokens": 1},
            "elicitation/create": {"message": "Your password?", "requestedSchema": {"type": "object", "properties": {}}},
        }.get(method, {})
        say({"id": method, "method": method, "params": params})
        reply = hear()
        while reply.get("id") != method:
            reply = hear()
        heard.append(reply["result"] if "result" in reply else reply["error"]["code"])
    return text(json.dumps(heard))


def call(request):
    name = request["params"]["name"]
    arguments = request["params"]["arguments"]
    if name == "echo":
        answer(request, text(json.dumps([arguments, request["params"]["_meta"].get("mainspring/idempotency-key")])))
    elif name == "hang":
        hang()
    elif name == "die":
        sys.stderr.write("the disk is on fire\n")
        sys.exit(3)
    elif name == "line":
        forever(" " * 65536)
    elif name == "notify":
        note = json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}})
        forever((note + "\n") * 1000)
    elif name == "large":
        answer(request, text("x" * 100_000_000))
    elif name == "crowded":
        answer(request, {"content": [0] * 3_000_000})
    elif name == "chatter":
        forever("Traceback (most recent call last):\n")
    elif name == "nonsense":
        answer(request, {"x": 1})
    elif name == "text":
        answer(request, "done")
    elif name == "stranger":
        say({"id": 4711, "result": text("for someone else")})
        answer(request, text("for you"))
    elif name == "twice":
        answer(request, text("first"))
        answer(request, text("second"))
    elif name == "ask":
        answer(request, ask_back())
    elif name == "grow":
        grown.append(tool("grown"))
        say({"method": "notifications/tools/list_changed"})
        answer(request, text("grown"))
    elif name == "deaf":
        os.close(1)
        time.sleep(600)
    elif name == "most":
        answer(request, {**text("x" * 15_000_000), "structuredContent": [0] * 190_000})
    elif name == "lie":
        answer(request, {**text("one"), "structuredContent": {"count": "one"}})


def bad_tools():
    return [
        tool("good"), tool("good"), tool("evil\u001b[2J"), tool(""), {"name": "bare"}, {"name": 7}, "tool",
        tool("list", **{"inputSchema": ["array"]}), tool("number", **{"inputSchema": {"type": "number"}}),
        tool("heavy", description="d" * 10_000, inputSchema={"type": "object", "title": "t" * 100_000}),
        tool("long" * 20), tool("wordy", description="\u001b[31mred\u0007" + "d" * 10_000),
        tool("lie", outputSchema={"type": "object", "properties": {"count": {"type": "number"}}}),
    ]


def listing(request):
    cursor = request.get("params", {}).get("cursor")
    if MODE == "hang-list":
        hang()
    if MODE == "endless-list":
        number = int(cursor or 0)
        return {"tools": [tool(f"t{number}")], "nextCursor": str(number + 1)}
    if MODE == "crowd":
        return {"tools": [tool(f"t{number}") for number in range(5_000)]}
    if MODE == "no-list":
        return {"tools": "none"}
    if MODE == "liar":
        return {"tools": bad_tools()}
    return {"tools": [tool(name) for name in TOOLS] + grown}


def greet(request):
    if MODE == "modern":
        say({"id": request["id"], "error": {"code": -32601, "message": "no such method"}})
    elif MODE == "refuse":
        say({"id": request["id"], "error": {"code": -32000, "message": "no licence was found"}})
    else:
        answer(request, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": True}},
                         "serverInfo": {"name": "hostile", "version": "1"}})


def discover(request):
    if MODE != "modern":
        say({"id": request["id"], "error": {"code": -32601, "message": "no such method"}})
        return
    answer(request, {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                     "serverInfo": {"name": "hostile", "version": "1"}, "ttlMs": 0, "cacheScope": "private"})


def main():
    with open("starts", "a") as file:
        file.write("x")
    if MODE == "hang-start":
        time.sleep(600)
    if MODE == "die-start":
        sys.stderr.write(f"no configuration was found for {os.environ.get('KEY')}\n")
        sys.exit(1)
    if MODE == "binary":
        sys.stdout.buffer.write(bytes(range(256)) * 500 + b"\n")
        sys.stdout.flush()
    if MODE == "banner":
        print("Welcome to the server!", flush=True)
    while True:
        request = hear()
        if request.get("method") == "initialize":
            greet(request)
        elif request.get("method") == "server/discover":
            discover(request)
        elif request.get("method") == "tools/list":
            answer(request, listing(request))
        elif request.get("method") == "tools/call":
            call(request)


main()
