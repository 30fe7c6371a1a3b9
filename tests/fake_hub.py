"""A Hub on loopback: what `create_repo` and `upload_folder` of huggingface_hub call, and what it was sent."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "hf_of_the_test"
COMMIT = "c0ffee" * 6 + "c0ff"
_LARGE = (".safetensors", ".parquet")


@dataclass
class FakeHub:
    """The state of the Hub.

    Attributes:
        url: Its address.
        repos: (kind, id) -> `visibility` and `files`, name -> bytes.
        requests: Method and path of each request, in their order.
        refuse: A part of a path -> HTTP status of requests with it.
        problems: What was wrong with a request.
    """

    url: str = ""
    repos: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    large: dict[str, bytes] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers["Content-Length"])))

    def do_PUT(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            self._handle(b"".join(parts))
        else:
            self._handle(self.rfile.read(int(self.headers["Content-Length"])))

    def _handle(self, body: bytes) -> None:
        path = self.path.partition("?")[0]
        self.hub.requests.append(f"{self.command} {path}")
        refused = next((status for part, status in self.hub.refuse.items() if part in path), None)
        if refused is not None:
            self._reply({"error": f"refused {self.headers.get('Authorization')}"}, refused)
        elif not path.startswith("/large/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._reply({"error": "Invalid credentials in Authorization header"}, 401)
        else:
            self._route(path, body)

    def _route(self, path: str, body: bytes) -> None:
        if path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._reply({"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/large/(\w+)", path):
            if hashlib.sha256(body).hexdigest() != found[1]:
                self.hub.problems.append(f"{path}: other bytes")
            self.hub.large[found[1]] = body
            self._reply({})
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._batch(json.loads(body))
        elif found := re.fullmatch(r"/api/(model|dataset)s/([^/]+/[^/]+)(?:/(preupload|commit)/main)?", path):
            self._of_repo(found[1], found[2], found[3], body)
        else:
            self.hub.problems.append(f"{self.command} {path}: unexpected")
            self._reply({"error": "not found"}, 404)

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        kind = asked.get("type", "model")
        self.hub.repos[kind, name] = {"visibility": asked.get("visibility", "public"), "files": {}}
        self._reply({"url": f"{self.hub.url}/{'datasets/' if kind == 'dataset' else ''}{name}"})

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = [
            one | {"actions": {"upload": {"href": f"{self.hub.url}/large/{one['oid']}"}}} for one in asked["objects"]
        ]
        self._reply({"transfer": "basic", "objects": objects})

    def _of_repo(self, kind: str, name: str, what: str | None, body: bytes) -> None:
        repo = self.hub.repos.get((kind, name))
        if repo is None:
            self._reply({"error": "Repository not found"}, 404, **{"X-Error-Code": "RepoNotFound"})
        elif what == "preupload":
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(_LARGE) else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self._reply({"files": modes})
        elif what == "commit":
            self._commit(kind, name, [json.loads(line) for line in body.splitlines()])
        else:
            self._reply({"id": name, "private": repo["visibility"] == "private", "sha": COMMIT})

    def _commit(self, kind: str, name: str, operations: list[dict[str, Any]]) -> None:
        files = self.hub.repos[kind, name]["files"]
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
            elif operation["key"] != "header":
                self.hub.problems.append(f"commit: {operation['key']}")
        place = f"{self.hub.url}/{'datasets/' if kind == 'dataset' else ''}{name}"
        self._reply({"commitUrl": f"{place}/commit/{COMMIT}", "commitOid": COMMIT})

    def _reply(self, content: dict[str, Any], status: int = 200, **headers: str) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


@contextlib.contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """A Hub that answers on a free port of this machine while the block runs."""
    hub = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
