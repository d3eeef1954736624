"""An MCP server over HTTP that misbehaves as its argument says. It writes its port, then serves until it is killed."""

import http.server
import json
import sys
import time

MODE = sys.argv[1]
state = {"lost": False, "sessions": 0}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", media="application/json", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": media, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self, *pieces):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
        self.close_connection = True

    def do_GET(self):
        self.reply(405)

    def do_DELETE(self):
        self.reply(200)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method = request.get("method")
        if "id" not in request:
            self.reply(202)
        elif method == "initialize":
            self.greet(request)
        elif MODE == "lost" and not state["lost"] and method == "tools/call":
            state["lost"] = True
            self.reply(404, b"no such session", "text/plain")
        elif method == "tools/list":
            self.answer(request, {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]})
        elif method == "tools/call":
            self.call(request)

    def greet(self, request):
        if MODE == "redirect":
            self.reply(307, Location="http://169.254.169.254/latest/meta-data?key=secret")
        elif MODE == "locked":
            self.reply(401, f"not {self.headers['Authorization'].split()[1]}".encode(), "text/plain", WWW_Authenticate="Bearer")
        elif MODE == "page":
            self.reply(200, b"<html>Welcome!</html>", "text/html")
        elif MODE == "hang":
            time.sleep(600)
        elif MODE == "hang-up":
            self.close_connection = True
        else:
            state["sessions"] += 1
            self.answer(request, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                                  "serverInfo": {"name": "hostile", "version": "1"}},
                        Mcp_Session_Id=f"session-{state['sessions']}")

    def call(self, request):
        if MODE == "cut":
            self.stream(b'data: {"jsonrpc": "2.0", "id": 1, "res')
        elif MODE == "endless-stream":
            self.stream(*([b"data: " + b"x" * 65536 + b"\n"] * 1000))
        elif MODE == "endless-body":
            self.reply(200, b" " * 100_000_000)
        elif MODE == "failing":
            self.reply(500, b"out of order", "text/plain")
        elif MODE == "elsewhere":
            self.reply(303, Location="/done")
        elif MODE == "busy":
            self.reply(429, b"not now", "text/plain")
        elif MODE == "hang-call":
            time.sleep(600)
        elif MODE == "notify":
            note = json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}})
            self.stream(*([f"data: {note}\n\n".encode() * 1000] * 1000))
        else:
            self.answer(request, {"content": [{"type": "text", "text": self.headers["Mcp-Session-Id"]}]})

    def answer(self, request, result, **headers):
        body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode()
        self.reply(200, body, **headers)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


with Server(("127.0.0.1", 0), Handler) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
