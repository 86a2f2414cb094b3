"""ZStack's REST API: log in, read lists, change things, and wait until a change is done.

Nothing here prints. What goes wrong is raised as `Refused` or `Unreachable`, and explained.py has words for
both. No message holds a password, a token, a session, or the query of a URL.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from terminal import NOT_SHOWN, has_secret, one_line

PORT = 8080
"""Of a management node's API."""

BASE = "/zstack/v1"

PAGE = 1000
"""Rows of a list in one answer. It is ZStack's default."""

PATIENCE = 60
"""Seconds that a change may take. It usually takes about one."""

TIMEOUT = 30
"""Seconds that ZStack may be silent on a connection."""

LOST = 3
"""How often a job is looked for that ZStack perhaps never got."""

SECRET_ANSWERS = "/sns/application-endpoints"
"""Whoever knows the job of such a call can read its answer without a session, and a password is in it."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Refused(Exception):
    """ZStack answered, and did not do it.

    `code` is ZStack's (`SYS.1006`), or empty if the answer was plain text. `reason` is what an administrator
    wants to read: the details of the deepest cause. `status` is HTTP's. ZStack answers 503 to whatever it
    refuses. `numbers` has each number of three digits in the reason, also if the reason is not shown.
    `not_done` is true of a change if ZStack certainly did nothing: it refused who asks.
    """

    numbers: frozenset[str] = frozenset()
    not_done = False

    def __init__(self, status: int, code: str = "", description: str = "", reason: str = ""):
        super().__init__(" ".join(it for it in (str(status), code, reason or description) if it))
        self.status, self.code, self.description, self.reason = status, code, description, reason


class Unreachable(Exception):
    """There is no answer of ZStack's that can be used.

    `kind` says why:

    - `connect`: there is no connection; `tls`: its certificate cannot be verified
    - `foreign`: something answers that is not ZStack's API
    - `lost`: the connection ended before the answer
    - `unfinished`: the change is not done after the time limit

    `maybe` is true if the call may still happen, or has happened. Then look before you call again.
    `job` is the UUID of its job in ZStack: GET /api-jobs/{job} tells its end, for about three hours. It is
    empty if the answer may have a password in it, because that call needs no session. `not_done` is true of
    a change that was never sent.
    """

    not_done = False

    def __init__(self, kind: str, why: str = "", maybe: bool = False, job: str = ""):
        super().__init__(" ".join(it for it in (kind, why) if it))
        self.kind, self.why, self.maybe, self.job = kind, why, maybe, job


class Mistake(ValueError):
    """What the API was given cannot be used. Its text is a key of explained.py."""


class Api:
    """One management node, and a session with it."""

    def __init__(
        self,
        root: str,
        ca_file: str | None = None,
        patience: float = PATIENCE,
        pace: float = 1,
        trace: Callable[[str], None] = lambda line: None,
        waiting: Callable[[float], None] = lambda seconds: None,
    ):
        """Take an address, such as `192.0.2.20` or `http://zstack.example.com:8080/zstack/v1`.

        `patience` is the time limit of a change, `pace` the time between two questions, both in seconds.
        `trace` gets a line for each call. `waiting` is called while a change takes time, with its age in
        seconds.
        """
        self.scheme, self.host, self.port, self.base = address(root)
        self.secrets: set[str] = set()
        """What no message may hold."""
        self.patience, self.pace, self.trace, self.waiting = patience, pace, trace, waiting
        if ca_file and self.scheme != "https":
            raise Mistake("ca_without_https")
        self._tls = ssl.create_default_context(cafile=ca_file) if self.scheme == "https" else None
        self.account = ""
        """The UUID of the account that logged in."""
        self._session = ""
        self._key: tuple[str, str, timezone] | None = None

    @property
    def root(self) -> str:
        """The address of the API, with nothing secret in it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.base}"

    @property
    def by_key(self) -> bool:
        """Whether calls are signed with an access key."""
        return self._key is not None

    # Who asks.

    def version(self) -> str:
        """ZStack's version. It needs no session, so what answers with plain text is not ZStack."""
        try:
            answer = self._now("PUT", "/management-nodes/actions", {"getVersion": {}}, signed=False)
        except Refused as refused:
            if refused.code or refused.status == 429:
                raise
            raise Unreachable("foreign", str(refused.status)) from None
        return str(answer.get("version") or "")

    def log_in(self, account: str, password: str, second_factor: str | None = None) -> None:
        """Begin a session. The password is not kept."""
        hashed = hashlib.sha512(password.encode()).hexdigest()
        self.secrets |= {it for it in (password, hashed, second_factor) if it}
        body: dict[str, Any] = {"logInByAccount": {"accountName": account, "password": hashed}}
        if second_factor:
            body["systemTags"] = [f"twofatoken::{second_factor}"]
        answer = self._now("PUT", "/accounts/login", body, signed=False)
        session = answer.get("inventory")
        session = session.get("uuid") if isinstance(session, dict) else None
        if not isinstance(session, str) or not re.fullmatch(r"[0-9A-Za-z-]{16,64}", session):
            raise Unreachable("foreign", "no session")
        self._session = session
        self.secrets.add(session)
        self.account = str(answer["inventory"].get("accountUuid") or "")

    def use_access_key(self, key: str, secret: str, offset: timedelta | None = None) -> None:
        """Sign each call instead of logging in.

        `offset` is that of ZStack's local time to UTC. Without it, this machine is in the same time zone.
        """
        if not re.fullmatch(r"[!-9;-~]{1,255}", key):
            raise Mistake("bad_key_id")
        zone = timezone(datetime.now().astimezone().utcoffset() if offset is None else offset)
        self.secrets.add(secret)
        self._key = (key, secret, zone)

    def log_out(self) -> None:
        """End the session. A failure does not matter: it ends by itself after two hours."""
        session, self._session = self._session, ""
        if session:
            with suppress(Refused, Unreachable):
                self._now("DELETE", f"/accounts/sessions/{session}", None, signed=False)

    # What is asked.

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """One answer. A list of values repeats its parameter."""
        return self._now("GET", path, None, query=urlencode(query, doseq=True, quote_via=quote))

    def query(
        self, path: str, *conditions: str, fields: tuple[str, ...] = (), sort: str = "+uuid"
    ) -> Iterator[dict[str, Any]]:
        """All rows that meet all conditions (`state=Enabled`), page after page."""
        asked: dict[str, Any] = {"limit": PAGE, "sort": sort, "replyWithCount": "true"}
        if conditions:
            asked["q"] = list(conditions)
        if fields:
            asked["fields"] = ",".join(fields)
        start, seen = 0, set()
        while True:
            answer = self.get(path, start=start, **asked)
            rows = answer.get("inventories", [])
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise Unreachable("foreign", "no list")
            for row in rows:
                # A row that appears in the middle moves the others to the next page.
                known = row.get("uuid") or row.get("id")
                if known is None or known not in seen:
                    seen.add(known)
                    yield row
            start += len(rows)
            total = answer.get("total")
            if not rows or (start >= total if isinstance(total, (int, float)) else len(rows) < PAGE):
                return

    def post(self, path: str, params: dict[str, Any], patience: float | None = None) -> dict[str, Any]:
        """Create something, and wait until it is done."""
        return self._job("POST", path, {"params": params}, patience)

    def put(
        self, path: str, action: str, params: dict[str, Any], patience: float | None = None
    ) -> dict[str, Any]:
        """Change something, and wait until it is done. The case of the action's letters matters."""
        return self._job("PUT", path, {action: params}, patience)

    def delete(self, path: str, patience: float | None = None) -> dict[str, Any]:
        """Delete something, and wait until it is done."""
        return self._job("DELETE", path, None, patience)

    # How.

    def _now(self, method: str, path: str, body: Any, query: str = "", signed: bool = True) -> dict[str, Any]:
        """A call that is answered at once."""
        return self._result(*self._sent(method, path, body, query, signed), maybe=False)

    def _job(self, method: str, path: str, body: Any, patience: float | None) -> dict[str, Any]:
        """A call whose answer has to be asked for."""
        try:
            return self._ended(method, path, body, patience)
        except Unreachable as broken:
            if path.startswith(SECRET_ANSWERS):
                broken.job = ""
            raise
        except Refused as refused:
            refused.not_done = refused.code.startswith("ID.")
            raise

    def _ended(self, method: str, path: str, body: Any, patience: float | None) -> dict[str, Any]:
        """Make the call, and ask until there is an answer."""
        job, begun, lost = uuid.uuid4().hex, time.monotonic(), 0
        try:
            status, answer = self._sent(method, path, body, job=job)
        except Unreachable as broken:
            if not broken.maybe:
                broken.not_done = True
                raise
            # ZStack may have got it. Its job has the UUID that we chose.
            status, answer, lost = 202, {}, LOST
        if status == 202:
            place = answer.get("location", "") if isinstance(answer, dict) else ""
            at = re.search(r"/api-jobs/([0-9A-Za-z-]{32,36})$", str(place).strip())
            job = at[1] if at else job
        limit = self.patience if patience is None else patience
        # Most changes take less than a second.
        wait = self.pace / 5
        while status == 202:
            age = time.monotonic() - begun
            if age >= limit:
                raise Unreachable("lost" if lost else "unfinished", f"{age:.0f} s", maybe=True, job=job)
            self.waiting(age)
            time.sleep(min(wait, limit - age))
            wait = self.pace
            try:
                # Not at the address in `location`, which may be reachable only for ZStack itself.
                status, answer = self._sent("GET", f"/api-jobs/{job}", None, signed=False)
            except Unreachable as broken:
                if broken.kind not in ("connect", "lost"):
                    raise Unreachable(broken.kind, broken.why, maybe=True, job=job) from None
                status, answer = 202, {}
                continue
            if status == 404 and lost > 1:
                status, answer, lost = 202, {}, lost - 1
            elif status == 404:
                raise Unreachable("lost", maybe=True, job=job)
            else:
                lost = 0
        return self._result(status, answer, maybe=True, job=job)

    def _result(self, status: int, answer: Any, maybe: bool, job: str = "") -> dict[str, Any]:
        """A good answer, or the error that it is."""
        if status == 200 and isinstance(answer, dict):
            return answer
        error = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error, dict):
            found = reasons(error)
            refused = Refused(status, *(self.clean(it) for it in found))
            refused.numbers = frozenset(re.findall(r"\b\d{3}\b", without_queries(" ".join(found))))
            raise refused
        if isinstance(answer, str) and status in (400, 403, 404, 405, 429, 500):
            raise Refused(status, description=self.clean(answer))
        raise Unreachable("foreign", str(status), maybe=maybe, job=job)

    def clean(self, text: Any, most: int = 400) -> str:
        """Words of somebody else, on one line, without secrets."""
        if has_secret(text, self.secrets):
            return NOT_SHOWN[0]
        line = without_queries(one_line(text))
        return line if len(line) <= most else line[:most] + "..."

    def _sent(
        self, method: str, path: str, body: Any, query: str = "", signed: bool = True, job: str = ""
    ) -> tuple[int, Any]:
        """The status and the body of an answer: JSON, or text. It follows no redirect, and uses no proxy."""
        target = self.base + quote(path, safe="/-_.~") + (f"?{query}" if query else "")
        headers = {"Accept": "application/json", "Connection": "close"}
        if method in ("POST", "PUT"):
            # Without the charset ZStack may break Chinese.
            headers["Content-Type"] = "application/json;charset=UTF-8"
        if job:
            headers["X-Job-UUID"] = job
        if signed:
            headers.update(self._authorization(method, path))
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        if self._tls:
            connection: HTTPConnection = HTTPSConnection(
                self.host, self.port, timeout=TIMEOUT, context=self._tls
            )
        else:
            connection = HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        shown = f"{method} {self._shown(path)}"
        try:
            try:
                connection.connect()
            except ssl.SSLError as error:
                raise Unreachable("tls", getattr(error, "verify_message", "") or str(error.reason)) from None
            except (OSError, UnicodeError) as error:
                raise Unreachable("connect", cause(error)) from None
            try:
                connection.request(method, target, content, headers)
                response = connection.getresponse()
                status, answer = response.status, response.read()
            except (OSError, HTTPException) as error:
                raise Unreachable("lost", cause(error), maybe=bool(job), job=job) from None
        except Unreachable as error:
            self.trace(f"{shown}: {error}")
            raise
        finally:
            connection.close()
        self.trace(f"{shown}: {status}")
        text = answer.decode("utf-8", "replace")
        try:
            found = json.loads(text)
        except ValueError:
            found = text
        return status, found if isinstance(found, dict) else text

    def _shown(self, path: str) -> str:
        """A path without a session or a job in it."""
        return re.sub(r"(/accounts/sessions/|/api-jobs/).*", r"\1...", path)

    def _authorization(self, method: str, path: str) -> dict[str, str]:
        """The headers that say who asks."""
        if self._session:
            return {"Authorization": f"OAuth {self._session}"}
        if not self._key:
            return {}
        key, secret, zone = self._key
        now = datetime.now(zone)
        # ZStack reads the figures as its local time, and ignores the zone. strftime would translate names.
        date = f"{DAYS[now.weekday()]}, {now:%d} {MONTHS[now.month - 1]} {now:%Y %H:%M:%S} CST"
        signed = f"{method}\n{date}\n{self.base[self.base.rindex('/v1') :]}{quote(path, safe='/-_.~')}"
        digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()
        return {"Date": date, "Authorization": f"ZStack {key}:{base64.b64encode(digest).decode()}"}


def address(root: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of the API."""
    try:
        parts = urlsplit(root if "://" in root else f"http://{root}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Mistake("bad_address") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s/]", host):
        raise Mistake("bad_address")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise Mistake("bad_address")
    path = parts.path.rstrip("/")
    if path in ("", "/zstack"):
        path = BASE
    if not path.endswith("/v1"):
        raise Mistake("bad_address")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else PORT), path


def without_queries(line: str) -> str:
    """A line whose URLs have no query, which could hold a token."""
    return re.sub(r"(?i)(https?://[^\s?\"'<>]*)\?[^\s\"'<>]*", r"\1?...", line)


def reasons(error: dict[str, Any]) -> tuple[str, str, str]:
    """Code, description and deepest details of an error."""
    code, description = str(error.get("code") or ""), str(error.get("description") or "")
    reason, inner, depth = "", error, 0
    while isinstance(inner, dict) and depth < 20:
        reason = str(inner.get("details") or inner.get("description") or reason)
        inner, depth = inner.get("cause"), depth + 1
    return code, description, reason


def cause(error: BaseException) -> str:
    """Why a connection failed, in a few words of the system."""
    if isinstance(error, (TimeoutError, socket.timeout)):
        return "timed out"
    return getattr(error, "strerror", None) or type(error).__name__
