"""A stand-in for ZStack's API, as far as docs/zstack.md calls it. Made from documents, not from a ZStack."""

import hashlib
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PASSWORD = "correct horse"
ROOT = "/zstack/v1"
SYSTEM_TOPIC = "e7d6f5e23bb74e99a2777126078b551c"
ELSEWHERE = "http://192.0.2.99:8080"
"""A node gives its own address for a job, which callers may not reach."""

Answer = tuple[int, Any]


class Refused(Exception):
    """What ZStack answers with 503."""


class ZStack:
    """A management node with an endpoint, some rules, and one account."""

    def __init__(self) -> None:
        self.session: str | None = None
        self.endpoint, self.topic = _uuid(), _uuid()
        self.topics = {self.topic: {self.endpoint}, SYSTEM_TOPIC: set[str]()}
        self.alarms = {
            it["uuid"]: it
            for it in (
                _alarm('CPU "big" = 80%', 300),
                _alarm("数据库同步", 3600),
                _alarm("already on", 60, enableRecovery=True),
                # ZStack calls some of its own rules so, and does not take the name back.
                _alarm("odd", 60, uuid="uhgfoh0soh6e1qai005elfa9c6h2s2y0"),
            )
        }
        self.subscriptions = {
            it["uuid"]: it
            for it in (
                _subscription("ZStack/Host", "HostDisconnected", [self.topic, SYSTEM_TOPIC]),
                _subscription(
                    "ZStack/Host", "HostConnected", [SYSTEM_TOPIC], "1a7a3eb433904df89f5c42a1fa4e0716"
                ),
                # Gson leaves out what is null.
                _subscription("ZStack/VM", "VmCrash", None),
            )
        }
        self._jobs: dict[str, list[Answer]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"zstack": self}))

    @property
    def url(self) -> str:
        """The API's root."""
        return f"http://127.0.0.1:{self._server.server_port}{ROOT}"

    def __enter__(self) -> "ZStack":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, authorization: str | None, body: Any) -> Answer:
        """What a call is answered."""
        path = urlsplit(target).path.removeprefix(ROOT)
        query = parse_qs(urlsplit(target).query)
        match method, path.split("/")[1:]:
            case "PUT", ["accounts", "login"]:
                return self._log_in(body["logInByAccount"]) if authorization is None else (400, "a session?")
            case "DELETE", ["accounts", "sessions", self.session]:
                self.session = None
                return 200, {}
            case "GET", ["api-jobs", job]:
                return self._jobs[job].pop(0) if self._jobs.get(job) else (404, "expired")
        if self.session is None or authorization != f"OAuth {self.session}":
            return 400, "no session"
        if method == "GET":
            return 200, {"inventories": self._query(path, query)}
        try:
            result = 200, {"inventory": self._change(method, path.split("/")[1:], body)}
        except Refused as refused:
            result = 503, {"error": {"code": str(refused), "details": "invalid value"}}
        job = _uuid()
        self._jobs[job] = [(202, {}), (202, {}), result]
        return 202, {"location": f"{ELSEWHERE}{ROOT}/api-jobs/{job}", "apiTimeout": 1_800_000}

    def _log_in(self, asked: dict[str, str]) -> Answer:
        right = {"accountName": "admin", "password": hashlib.sha512(PASSWORD.encode()).hexdigest()}
        if asked != right:
            return 503, {"error": {"code": "ID.1000", "details": "wrong account name or password"}}
        self.session = _uuid()
        return 200, {"inventory": {"uuid": self.session, "accountUuid": _uuid()}}

    def _query(self, path: str, query: dict[str, list[str]]) -> list[Any]:
        match path, query:
            case "/zwatch/alarms", {"limit": ["1000"]}:
                return list(self.alarms.values())
            case "/zwatch/events/subscriptions", {"limit": ["1000"]}:
                return list(self.subscriptions.values())
            case "/sns/application-endpoints/http", {}:
                return [{"name": "Flashduty", "uuid": self.endpoint}, {"name": "another", "uuid": _uuid()}]
            case "/sns/topics/subscribers", {"q": [condition]}:
                endpoint = condition.removeprefix("endpointUuid=")
                return [
                    {"topicUuid": topic, "endpointUuid": endpoint}
                    for topic, endpoints in self.topics.items()
                    if endpoint in endpoints
                ]
        raise AssertionError(f"{path} {query}")

    def _change(self, method: str, path: list[str], body: Any) -> Any:
        match method, path, body:
            case "PUT", ["zwatch", "alarms", alarm, "actions"], {"updateAlarm": {"enableRecovery": bool(on)}}:
                if not all(it in "0123456789abcdef" for it in alarm):
                    raise Refused("SYS.1003")
                self.alarms[alarm]["enableRecovery"] = on
                return self.alarms[alarm]
            case (
                "POST",
                ["zwatch", "events", "subscriptions", subscription, "actions"],
                {"params": {"actionUuid": topic, "actionType": "sns"} as action},
            ) if topic in self.topics:
                self.subscriptions[subscription]["actions"].append(action)
                return self.subscriptions[subscription]
            case (
                "POST",
                ["zwatch", "events", "subscriptions"],
                {
                    "params": {
                        "namespace": str(),
                        "eventName": str(),
                        "name": str(),
                        "emergencyLevel": "Emergent" | "Important" | "Normal",
                        "actions": [{"actionUuid": topic, "actionType": "sns"}],
                    } as params
                },
            ) if topic in self.topics:
                made = {"uuid": _uuid(), "state": "Enabled", **params}
                self.subscriptions[made["uuid"]] = made
                return made
            case "POST", ["sns", "topics", topic, "endpoints", endpoint], {"params": {}}:
                self.topics[topic].add(endpoint)
                return {}
        raise AssertionError(f"{method} {path} {body}")


class _Handler(BaseHTTPRequestHandler):
    zstack: ZStack

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_DELETE = do_GET

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body and self.headers["Content-Type"] != "application/json;charset=UTF-8":
            status, answer = 400, "Chinese breaks without a charset"
        else:
            authorization = self.headers["Authorization"]
            asked = json.loads(body) if body else None
            status, answer = self.zstack.answer(self.command, self.path, authorization, asked)
        text = answer if isinstance(answer, str) else _gson(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Silent."""


def _uuid() -> str:
    return uuid.uuid4().hex


def _alarm(name: str, period: float, **more: Any) -> dict[str, Any]:
    # Integers can come with a decimal point.
    made = {
        "uuid": _uuid(),
        "name": name,
        "state": "Enabled",
        "period": float(period),
        "enableRecovery": False,
    }
    return made | more


def _subscription(
    namespace: str, event: str, topics: list[str] | None, known_as: str | None = None
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "uuid": known_as or _uuid(),
        "namespace": namespace,
        "eventName": event,
        "state": "Enabled",
    }
    if topics is not None:
        made["actions"] = [{"actionUuid": topic, "actionType": "sns"} for topic in topics]
    return made


def _gson(answer: Any) -> str:
    """As Gson writes it."""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    for sign in "=<>&'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
