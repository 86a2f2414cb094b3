"""zstack-setup.py as a process, a stand-in for ZStack, and a webhook. No secret may appear anywhere."""

import base64
import hashlib
import json
import os
import re
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local import ROOT
from local.zstack import ZStack
from pythons import PYTHON

PROGRAM = ROOT / "scripts/zstack-setup.py"


PASSWORD = "correct-horse-battery-staple"
TOKEN = "tok-5f1c/needs=quoting"
PATH = "/zstack"

DEAD_PROXY = "http://127.0.0.1:1"
"""Whoever used a proxy would fail."""


class Webhook:
    """Answers as the relay does: 200 to the token, 401 to everybody else."""

    def __init__(self) -> None:
        self.tokens = {TOKEN}
        self.status: int | None = None
        self.asked = 0
        self.got: list[str] = []
        """The bodies of the messages."""
        self.echoes = False
        """Whether it answers with what it got, as a debugging proxy does."""
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook.got.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                status, answer = webhook.answer(self.headers.get("Authorization", ""))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def answer(self, authorization: str) -> tuple[int, dict[str, Any]]:
        """As docs/answers.md says."""
        self.asked += 1
        if self.echoes:
            return 200, {"you sent": authorization}
        if self.status:
            return self.status, {"error": {"code": "FlashdutyUnavailable"}}
        sent = base64.b64decode(authorization.partition(" ")[2] or b"").decode().partition(":")[2]
        if sent not in self.tokens:
            return 401, {"error": {"code": "Unauthorized", "message": "the webhook token is wrong"}}
        pushed = (("Info", "0a1b2c3d"), ("Ok", "1b2c3d4e"))
        alerts = [
            {"alert_key": "zstack:test", "event_status": status, "flashduty_request_id": id}
            for status, id in pushed
        ]
        return 200, {"alerts": alerts, "request_id": "2c3d4e5f"}

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


class Standin(ZStack):
    """A stand-in for ZStack."""

    def state(self) -> dict[str, list[dict]]:
        """No action is the same as a list without one."""
        found = super().state()
        for row in found["alarms"] + found["subscriptions"]:
            row["actions"] = row.get("actions") or []
        return found

    def writes(self) -> list[str]:
        """The names of the calls that change something."""
        reads = {"LogInByAccount", "GetVersion", "LogOut", "SNSHttpTestConnection"}
        return [it["call"] for it in self.calls() if it["method"] != "GET" and it["call"] not in reads]


@dataclass
class Ended:
    """A run that ended."""

    status: int
    output: str

    def has(self, *texts: str) -> bool:
        """Whether all of these were printed."""
        missing = [it for it in texts if it not in self.output]
        assert not missing, f"{missing} not in:\n{self.output}"
        return True


@dataclass
class Bench:
    """A ZStack, a webhook, and the folder in which the program runs."""

    binary: Path
    folder: Path
    webhook: Webhook = field(default_factory=Webhook)
    standins: list[Standin] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    program: Path = PROGRAM

    def start(self, *options: str) -> Standin:
        """Another stand-in, which is the one that is set up from now on."""
        log = self.folder / f"standin-{len(self.standins)}"
        options = ("--password", PASSWORD, "--try-pause", "10", "--job-delay", "0", *options)
        self.standins.append(Standin(self.binary, *options, log=log))
        self.standins[-1].start()
        return self.standins[-1]

    def begin(self, *options: str, **variables: str | None) -> subprocess.Popen:
        """Start the program."""
        env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "ZSTACK": self.standins[-1].api if self.standins else "",
            "ZSTACK_PASSWORD": PASSWORD,
            "WEBHOOK_TOKEN": TOKEN,
            "WEBHOOK_URL": self.webhook.url,
            "http_proxy": DEAD_PROXY,
            "HTTP_PROXY": DEAD_PROXY,
            **variables,
        }
        env = {name: it for name, it in env.items() if it is not None}
        command = [PYTHON, self.program, "--pace", "0.05", *options]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        # Without a terminal, so that getpass cannot ask on one.
        return subprocess.Popen(
            command, cwd=self.folder, env=env, text=True, encoding="utf-8", start_new_session=True, **pipes
        )

    def end(self, child: subprocess.Popen, typed: str = "") -> Ended:
        """Wait for its end."""
        output, _ = child.communicate(typed, timeout=300)
        self.outputs.append(output)
        return Ended(child.returncode, output)

    def run(self, *options: str, typed: str = "", **variables: str | None) -> Ended:
        """Run the program."""
        return self.end(self.begin(*options, **variables), typed)

    def set_up(self, *options: str, **variables: str | None) -> Ended:
        """Run it without a question."""
        return self.run("--yes", *options, **variables)

    def undo_files(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("zstack-undo-*"), key=lambda it: it.stat().st_mtime_ns, reverse=True)

    def undo_all(self) -> None:
        """Take everything back. What others use is kept, and is taken back after their changes are."""
        paths = self.undo_files()
        while paths:
            ended = [self.run("--yes", "--undo", it.name) for it in paths]
            kept = ["because others use it" in it.output for it in ended]
            outputs = "\n".join(it.output for it in ended)
            assert [it.status for it in ended] == [1 if it else 0 for it in kept], outputs
            left = [path for path, it in zip(paths, kept, strict=True) if it]
            assert len(left) < len(paths)
            paths = left

    def stop(self) -> None:
        """End everything, and look for secrets in what was printed and written."""
        self.webhook.stop()
        hashed = hashlib.sha512(PASSWORD.encode()).hexdigest()
        secrets = [PASSWORD, hashed, TOKEN, base64.b64encode(f"zstack:{TOKEN}".encode()).decode(), "?token="]
        for it in self.standins:
            sessions = re.findall(r"/accounts/sessions/(\w+)", " ".join(call["path"] for call in it.calls()))
            secrets += sessions
            it.stop()
        written = [it.read_text() for it in self.undo_files()]
        for text in [*self.outputs, *written]:
            assert [it for it in secrets if it in text] == [], text
            assert "Traceback" not in text, text
        for path in self.undo_files():
            assert path.stat().st_mode & 0o777 == 0o600


def wait_for(standin: Standin, child: subprocess.Popen) -> bool:
    """Wait until a call hangs, or the program has ended. True if one hangs."""
    deadline = time.monotonic() + 60
    while child.poll() is None:
        assert time.monotonic() < deadline
        with suppress(IndexError):
            if standin.calls()[-1]["status"] is None:
                return True
        time.sleep(0.01)
    return False
