"""A server that speaks OpenAI's protocol, answers by a rule, and fails when it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULTS = ("busy", "busy until", "conflict", "broken", "hang", "drip", "cut", "dropped", "malformed", "html", "empty")
STATUS = {"busy": 429, "busy until": 429, "conflict": 409, "broken": 503}


@dataclass
class FakeEndpoint:
    """What the server does and has seen.

    Args:
        fault: Body and number of earlier requests with it -> a name in `FAULTS`, a reply's own fields, or nothing.
        seconds: That an answer takes.
    """

    fault: object = lambda body, before: None
    seconds: float = 0.0
    hang: float = 1.0
    usage: bool = True
    bodies: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    times: list = field(default_factory=list)
    running: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def answer(self, body):
        """The rule: text and end of an answer as a function of what was asked."""
        asked = [body["model"], body.get("messages") or body.get("prompt"), body.get("seed"), body["max_tokens"]]
        digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
        return f"The {digest[:8]} opens\na {digest[8:12]}.", "length" if digest[0] == "0" else "stop"

    def reply(self, body, path):
        text, reason = self.answer(body)
        choice = {"index": 0, "finish_reason": reason}
        choice |= {"message": {"role": "assistant", "content": text}} if "chat" in path else {"text": text}
        usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
        return {"id": "x", "object": "x", "choices": [choice], **({"usage": usage} if self.usage else {})}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        state = self.server.state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with state.lock:
            before = state.bodies.count(body)
            state.bodies.append(body)
            state.headers.append(dict(self.headers))
            state.times.append(time.monotonic())
            state.running += 1
            state.most = max(state.most, state.running)
        try:
            time.sleep(state.seconds)
            self._answer(state, body, state.fault(body, before))
        except OSError:
            pass  # the client has gone
        finally:
            with state.lock:
                state.running -= 1

    def _answer(self, state, body, fault):
        reply = state.reply(body, self.path)
        whole = json.dumps(reply).encode()
        if fault is None:
            self._send(200, whole)
        elif isinstance(fault, tuple):
            status, content = fault
            self._send(status, json.dumps(content).encode())
        elif isinstance(fault, dict):
            self._send(200, json.dumps(reply | fault).encode())
        elif fault in STATUS:
            wait = {"busy": "0", "busy until": formatdate(time.time() - 5, usegmt=True)}.get(fault)
            self._send(STATUS[fault], b'{"error": {"message": "not now"}}', **({"Retry-After": wait} if wait else {}))
        elif fault == "hang":
            time.sleep(state.hang)
        elif fault == "drip":
            self._head(200, len(whole))
            for place in range(20):
                self.wfile.write(whole[place : place + 1])
                time.sleep(state.hang / 10)
        elif fault == "cut":
            self._head(200, len(whole))
            self.wfile.write(whole[: len(whole) // 2])
        elif fault == "malformed":
            self._send(200, whole[:-20])
        elif fault == "html":
            self._send(200, b"<html>Bad gateway</html>", content_type="text/html")
        elif fault == "empty":
            self._send(200, json.dumps(reply | {"choices": []}).encode())
        if fault in ("hang", "drip", "cut", "dropped"):
            self.close_connection = True

    def _send(self, status, content, content_type="application/json", **headers):
        self._head(status, len(content), content_type, **headers)
        self.wfile.write(content)

    def _head(self, status, length, content_type="application/json", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def serving(state=None):
    """Run the server on a free port of this machine."""
    state = state or FakeEndpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.block_on_close = False
    server.state = state
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
