"""Base models from a server that speaks the Hub's endpoints: what is fetched, what users are told if nothing is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest
from safetensors.numpy import save

WEIGHTS = save({"weight": np.zeros(3, np.float32)})
COMMIT, OTHER = "a" * 40, "b" * 40
TOKEN = "hf_" + "s3cret" * 5
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "model.safetensors": WEIGHTS,
    "tokenizer.json": b"{}",
    "pytorch_model.bin": b"pickled",
    "README.md": b"# card",
}
# Model -> what the Hub answers when its files (or, in brackets, it) are asked for: status, error code, message.
REFUSALS = {
    "org/gated": (401, "GatedRepo", "Access to model org/gated is restricted."),
    "org/private": (401, "RepoNotFound", "Repository not found"),
    "org/forbidden": (403, "", "Forbidden"),
    "org/busy": (429, "", ""),
}


class _Hub(BaseHTTPRequestHandler):
    """As much of the Hub as snapshot_download asks: a model's description, its tree, and its files."""

    tokens: ClassVar[set[str | None]] = set()
    given: ClassVar[list[str]] = []  # files, in the order in which they were sent
    broken: ClassVar[set[str]] = set()  # files that cannot be sent now

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        authorization = self.headers.get("Authorization")
        path = self.path.partition("?")[0]
        found = re.match(r"/(?:api/models/)?(org/\w+)", path)
        if found is None:
            return self._refuse(404, "", "")
        model = found[1]
        self.tokens.add(authorization)
        if authorization == "Bearer hf_wrong":
            return self._refuse(401, "", "Invalid credentials in Authorization header")
        if OTHER in path:
            return self._refuse(404, "RevisionNotFound", "Invalid rev id")
        if model in REFUSALS and not (model == "org/gated" and path.startswith("/api")):
            status, code, message = REFUSALS[model]
            return self._refuse(403 if authorization and model == "org/gated" else status, code, message)
        return self._give(path, model)

    def _give(self, path, model):
        if "/tree/" in path:
            return self._send(
                json.dumps(
                    [{"type": "file", "path": name, "size": len(body), "oid": "0" * 40} for name, body in FILES.items()]
                ).encode()
            )
        if path.startswith("/api/"):
            siblings = [{"rfilename": name} for name in FILES]
            return self._send(json.dumps({"id": model, "sha": COMMIT, "siblings": siblings}).encode())
        name = path.rpartition("/")[2]
        if name in self.broken:
            return self._refuse(403, "", "Forbidden")
        if self.command == "GET":
            self.given.append(name)
        return self._send(FILES[name])

    def _refuse(self, status, code, message):
        self._send(b"", status, {"X-Error-Code": code, "X-Error-Message": message})

    def _send(self, body, status=200, headers=None):
        self.send_response(status)
        ours = {"Content-Length": str(len(body)), "ETag": f'"{hash(body):x}"', "X-Repo-Commit": COMMIT}
        for name, value in (ours | (headers or {})).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture(scope="module")
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


CODE = """
import json, logging, pathlib, sys, time
time.sleep = lambda seconds: None  # between attempts to reach the Hub
logging.basicConfig(level="DEBUG")
from bootembed.base_models.build import build_base_model
from bootembed.core.errors import DataError
from bootembed.settings.models import BaseModelSpec
told = []
for number, (model, revision) in enumerate(json.loads(sys.argv[2])):
    spec = BaseModelSpec(role="encoder", source="hub", id=model, revision=revision)
    folder = pathlib.Path(sys.argv[1]) / str(number)
    try:
        build_base_model(spec, [], output_dir=folder, checkpoint_dir=folder.parent / f"work{number}", seed=1)
        told.append("")
    except DataError as error:
        told.append(str(error))
print(json.dumps(told))
"""


def _fetch(folder, wanted, *, endpoint, token=None, offline=False):
    """What users are told of each model, and all that was logged, by a process with this environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": str(int(offline))}
    environment |= {"HF_TOKEN": token} if token else {}
    (folder / "home").mkdir(parents=True, exist_ok=True)
    (folder / "home" / "token").write_text("hf_of_a_login")
    command = [sys.executable, "-c", CODE, str(folder), json.dumps(wanted)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr


def test_only_safetensors_weights_and_text_are_fetched(hub, tmp_path):
    _Hub.tokens.clear()
    told, _ = _fetch(tmp_path, [("org/open", COMMIT)], endpoint=hub)
    assert told == [""]
    assert {path.name for path in (tmp_path / "0").rglob("*")} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }
    assert (tmp_path / "0" / "model.safetensors").read_bytes() == WEIGHTS
    assert _Hub.tokens == {None}  # the token of a login stays where it is


def test_an_interrupted_download_goes_on_though_its_output_is_gone(hub, tmp_path):
    _Hub.broken.add("tokenizer.json")
    (told,), _ = _fetch(tmp_path, [("org/open", COMMIT)], endpoint=hub)
    assert "cannot be fetched" in told
    shutil.rmtree(tmp_path / "0")  # as DVC does before it runs a stage
    _Hub.broken.clear()
    _Hub.given.clear()
    (told,), _ = _fetch(tmp_path, [("org/open", COMMIT)], endpoint=hub)
    assert told == ""
    assert _Hub.given == ["tokenizer.json"]
    assert {path.name for path in (tmp_path / "0").iterdir()} == {"config.json", "model.safetensors", "tokenizer.json"}
    assert not (tmp_path / "work0").exists()


def test_each_refusal_names_model_cause_and_remedy(hub, tmp_path):
    wanted = [
        ("org/gated", COMMIT),
        ("org/private", COMMIT),
        ("org/open", OTHER),
        ("org/forbidden", COMMIT),
        ("no such id", COMMIT),
    ]
    expected = [
        r"is gated and HF_TOKEN is not set; accept its terms",
        r"no such model, or it is private and HF_TOKEN is not set; check the id",
        r"no such revision; set `revision`",
        r"HF_TOKEN may not read this .HTTP status 403.; give the token",
        r"the id is malformed; write owner/name",
    ]
    told, _ = _fetch(tmp_path, wanted, endpoint=hub)
    for (model, revision), message, fault in zip(wanted, told, expected, strict=True):
        assert message.startswith(f"{model}@{revision}: cannot be fetched from the Hub: ")
        assert re.search(fault, message), message


def test_a_token_is_used_and_never_shown(hub, tmp_path):
    wanted = [("org/gated", COMMIT), ("org/private", COMMIT), ("org/open", COMMIT)]
    _Hub.tokens.clear()
    (gated, private, fetched), shown = _fetch(tmp_path, wanted, endpoint=hub, token=TOKEN)
    assert "the account of HF_TOKEN has no access; accept its terms" in gated
    assert "the account of HF_TOKEN may not read it" in private
    assert fetched == ""
    assert _Hub.tokens == {f"Bearer {TOKEN}"}
    assert TOKEN not in shown
    (invalid,), _ = _fetch(tmp_path / "wrong", [("org/open", COMMIT)], endpoint=hub, token="hf_wrong")
    assert "HF_TOKEN is not valid (HTTP status 401); make a new read token" in invalid


def test_a_hub_out_of_reach_is_told(tmp_path):
    wanted = [("org/open", COMMIT)]
    (refused,), _ = _fetch(tmp_path / "closed", wanted, endpoint="http://127.0.0.1:9")
    assert "it cannot be reached; check the network" in refused
    (offline,), _ = _fetch(tmp_path / "offline", wanted, endpoint="http://127.0.0.1:9", offline=True)
    assert "HF_HUB_OFFLINE is set; unset it" in offline
