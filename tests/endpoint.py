"""A server that speaks OpenAI's protocol, answers by a rule, and fails when it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATUS = {"busy": 429, "late": 408, "conflict": 409, "broken": 503}
GARBAGE = {
    "malformed": b'{"choices": [{"finish_reason": "stop", "message": {"content": "A do',
    "html": b"<html>Bad gateway</html>",
    "empty": b'{"choices": []}',
    "aborted": b'{"choices": [{"finish_reason": "abort", "message": {"content": "A do"}}]}',
}
FAULTS = (*STATUS, *GARBAGE, "hang", "drip", "cut", "dropped")


@dataclass
class FakeEndpoint:
    """What the server does and has seen.

    Args:
        fault: Body and number of earlier requests with it -> a name in `FAULTS`, a reply's own fields, or nothing.
        seconds: That an answer takes.
    """

    fault: object = lambda body, before: None
    seconds: float = 0.0
    hang: float = 8.0
    usage: bool = True
    retry_after: object = lambda: "0"
    bodies: list = field(default_factory=list)
    keys: list = field(default_factory=list)
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
            state.keys.append(self.headers["Authorization"])
            state.times.append(time.monotonic())
            state.running += 1
            state.most = max(state.most, state.running)
        time.sleep(state.seconds)
        try:
            self._answer(state, body, state.fault(body, before))
        finally:
            with state.lock:
                state.running -= 1

    def _answer(self, state, body, fault):
        reply = state.reply(body, self.path)
        if isinstance(fault, str):
            self._fail(state, json.dumps(reply).encode(), fault)
        else:
            status, content = fault if isinstance(fault, tuple) else (200, reply | (fault or {}))
            self._send(status, json.dumps(content).encode())

    def _fail(self, state, whole, fault):
        if fault in STATUS:
            wait = {"Retry-After": state.retry_after()} if fault == "busy" else {}
            self._send(STATUS[fault], b'{"error": {"message": "not now"}}', **wait)
        elif fault in GARBAGE:
            self._send(200, GARBAGE[fault], "text/html" if fault == "html" else "application/json")
        else:
            self._break_off(whole, fault, state.hang)

    def _break_off(self, whole, fault, hang):
        self.close_connection = True
        if fault == "hang":
            time.sleep(hang)
        if fault in {"cut", "drip"}:
            self._head(200, len(whole))
            self.wfile.write(whole[: len(whole) // 2])
        for place in range(10 if fault == "drip" else 0):
            time.sleep(hang / 10)
            self.wfile.write(whole[place : place + 1])

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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_):
        """A client that has gone is part of the game."""


@contextmanager
def serving(state=None):
    """Run the server on a free port of this machine."""
    state = state or FakeEndpoint()
    server = _Server(("127.0.0.1", 0), _Handler)
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
