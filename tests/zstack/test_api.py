"""The client of ZStack's API: addresses, answers that are not ZStack's, TLS, redirects, paging."""

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from zstack.api import PAGE, Api, Mistake, Refused, Unreachable, address

Answer = tuple[int, object]


@contextmanager
def server(
    answer: Callable[[BaseHTTPRequestHandler], Answer], certificate: Path | None = None
) -> Iterator[str]:
    """Something that answers, and its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, value = answer(self)
            body = (value if isinstance(value, str) else json.dumps(value)).encode()
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/zstack/v1/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            """Silent."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        made.socket = context.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("192.0.2.20", ("http", "192.0.2.20", 8080, "/zstack/v1")),
        ("http://zstack.example.com:80/", ("http", "zstack.example.com", 80, "/zstack/v1")),
        ("https://zstack.example.com/zstack", ("https", "zstack.example.com", 443, "/zstack/v1")),
        ("[2001:db8::1]:8080", ("http", "2001:db8::1", 8080, "/zstack/v1")),
        ("https://proxy.example.com/a/zstack/v1/", ("https", "proxy.example.com", 443, "/a/zstack/v1")),
    ],
)
def test_addresses(given: str, expected: tuple):
    """What is left out has a default."""
    assert address(given) == expected


@pytest.mark.parametrize(
    "given", ["", "ftp://a", "http://u:p@a", "http://a:b", "http://a/x", "http://a?q=1", "http://a b", "[1"]
)
def test_wrong_addresses(given: str):
    """Above all none with a password in it."""
    with pytest.raises(Mistake):
        address(given)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, "<html>"), "foreign"),
        ((200, []), "foreign"),
        ((302, ""), "foreign"),
        ((404, {"detail": "nginx"}), "foreign"),
        ((503, "unavailable"), "foreign"),
        ((200, {"inventories": {}}), "foreign"),
    ],
)
def test_what_is_not_zstack(answer: Answer, kind: str):
    """No redirect is followed. Nothing may still happen after a read."""
    with server(lambda _: answer) as at, pytest.raises(Unreachable) as error:
        list(Api(at).query("/zwatch/alarms"))
    assert (error.value.kind, error.value.maybe) == (kind, False)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "foreign"), (404, "foreign"), (405, "foreign"), (429, None)]
)
def test_what_has_no_version_is_not_zstack(status: int, kind: str | None):
    """It needs no session, so every ZStack tells it. Only a limit of calls is no sign of anything."""
    with server(lambda _: (status, "<html>no</html>")) as at, pytest.raises((Refused, Unreachable)) as error:
        Api(at).version()
    assert getattr(error.value, "kind", None) == kind


def test_a_ca_without_https_is_a_mistake():
    """It would not be used."""
    with pytest.raises(Mistake, match="ca_without_https"):
        Api("http://192.0.2.20", ca_file="ca.pem")


def test_refusals_are_read_to_the_deepest_cause():
    """And hold no secret and no query of a URL."""
    cause = {"code": "SYS.1", "details": "no http://h/p?token=abc now", "description": "d"}
    error = {"code": "SYS.1006", "description": "refused", "details": "outer", "cause": {"cause": cause}}
    with server(lambda _: (503, {"error": error})) as at:
        api = Api(at)
        with pytest.raises(Refused) as refused:
            api.get("/x")
        assert (refused.value.code, refused.value.status) == ("SYS.1006", 503)
        assert refused.value.reason == "no http://h/p?... now"
        api.secrets.add("outer")
        error["cause"] = None
        with pytest.raises(Refused) as refused:
            api.get("/x")
        assert "outer" not in str(refused.value) + repr(refused.value.__dict__)


def test_words_of_zstack_have_no_control_characters():
    """Whoever prints them could erase lines of the terminal."""
    error = {"code": "SYS.1006", "details": "a\x1b[2Kb\nc"}
    with server(lambda _: (503, {"error": error})) as at, pytest.raises(Refused) as refused:
        Api(at).get("/x")
    assert refused.value.reason == "a [2Kb c"


def test_pages():
    """Until the total, also if ZStack gives fewer than were asked for; no row twice."""
    rows = [{"uuid": f"{number:05}"} for number in range(2 * PAGE + 5)]
    starts = []

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        query = parse_qs(urlsplit(request.path).query)
        assert query["sort"] == ["+uuid"]
        assert query["q"] == ["state=Enabled", "url=http://h/?a&b"]
        start = int(query["start"][0])
        starts.append(start)
        # A row appeared before the others.
        page = rows[max(0, start - 1) : start - 1 + 300] if start else rows[:300]
        return 200, {"inventories": page, "total": len(rows) + 1.0}

    with server(answer) as at:
        found = list(Api(at).query("/x", "state=Enabled", "url=http://h/?a&b"))
    assert found == rows
    assert len(starts) > 6


def test_tls_is_verified(tmp_path: Path):
    """By the CA file, if there is one."""
    certificate = tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=zstack"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {certificate}.key -out {certificate}.crt"
    subprocess.run(command.split(), check=True, capture_output=True)
    key, public = Path(f"{certificate}.key"), Path(f"{certificate}.crt")
    certificate.write_text(key.read_text() + public.read_text())
    with server(lambda _: (200, {"version": "5.2.1"}), certificate) as at:
        with pytest.raises(Unreachable) as error:
            Api(at).version()
        assert error.value.kind == "tls"
        assert Api(at, ca_file=str(public)).version() == "5.2.1"


def test_a_job_is_asked_for_at_our_own_root():
    """Whatever address ZStack names. Its UUID is ZStack's."""
    paths = []

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        paths.append(request.path)
        if request.command == "POST":
            assert request.headers["Content-Type"] == "application/json;charset=UTF-8"
            assert request.headers["Authorization"].startswith("ZStack key:")
            return 202, {"location": f"http://192.0.2.99:8080/zstack/v1/api-jobs/{'f' * 32}"}
        assert request.headers["Authorization"] is None
        return 200, {"inventory": {"uuid": "1"}}

    with server(answer) as at:
        api = Api(at, pace=0.01)
        api.use_access_key("key", "secret")
        assert api.post("/x", {}) == {"inventory": {"uuid": "1"}}
    assert paths == ["/zstack/v1/x", f"/zstack/v1/api-jobs/{'f' * 32}"]


def test_a_job_without_an_address_has_the_uuid_that_we_gave_it():
    """A body that is no JSON object, such as a proxy's, does not end a change that ZStack has accepted."""
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        asked.append(request.headers["X-Job-UUID"] or request.path.rpartition("/")[2])
        return (202, "accepted") if request.command == "POST" else (200, {"inventory": {}})

    with server(answer) as at:
        assert Api(at, pace=0.01).post("/x", {}) == {"inventory": {}}
    assert len(asked) == 2
    assert len(set(asked)) == 1


@pytest.mark.parametrize("found", [True, False])
def test_a_lost_answer_is_asked_for_again(found: bool):
    """By the UUID that we gave the job. The call itself is never repeated."""
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        if request.command == "DELETE":
            asked.append(request.headers["X-Job-UUID"])
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return 200, ""
        asked.append(request.path.rpartition("/")[2])
        return (200, {"found": 1}) if found else (404, "expired")

    with server(answer) as at:
        api = Api(at, pace=0.01)
        if found:
            assert api.delete("/x") == {"found": 1}
            assert len(asked) == 2
        else:
            with pytest.raises(Unreachable) as error:
                api.delete("/x")
            assert (error.value.kind, error.value.maybe, error.value.job) == ("lost", True, asked[0])
            assert len(asked) > 3
    assert len(set(asked)) == 1


@pytest.mark.parametrize("path", ["/sns/application-endpoints/http", "/sns/topics"])
def test_an_answer_with_a_password_cannot_be_asked_for(path: str):
    """Asking needs no session, so nobody is told the job. Nor is it in the trace."""
    seen = []

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        return 202, {"location": f"http://192.0.2.99:8080/zstack/v1/api-jobs/{'f' * 32}"}

    with server(answer) as at, pytest.raises(Unreachable) as error:
        Api(at, pace=0.01, patience=0.05, trace=seen.append).post(path, {})
    assert (error.value.kind, error.value.maybe) == ("unfinished", True)
    assert error.value.job == ("f" * 32 if path == "/sns/topics" else "")
    assert "GET /api-jobs/...: 202" in seen
    assert "f" * 32 not in f"{seen} {error.value}"


def test_a_status_is_seen_behind_a_secret():
    """Only its number. The words are not shown."""
    error = {"code": "SYS.1000", "details": "401, you sent s3cret to https://h/p?x=404"}
    with server(lambda _: (503, {"error": error})) as at:
        api = Api(at)
        api.secrets.add("s3cret")
        with pytest.raises(Refused) as refused:
            api.get("/x")
    assert refused.value.numbers == {"401"}
    assert "401" not in refused.value.reason


def test_nobody_listens():
    """Then nothing has happened."""
    with pytest.raises(Unreachable) as error:
        Api("127.0.0.1:1").post("/x", {})
    assert (error.value.kind, error.value.maybe) == ("connect", False)


def test_nothing_is_sent_through_a_proxy(monkeypatch: pytest.MonkeyPatch):
    """It would see the password's hash."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(lambda _: (200, {"version": "5"})) as at:
        assert Api(at).version() == "5"
