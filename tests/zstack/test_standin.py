"""The stand-in of ZStack's API and its Python class, as the tests of the tools use them."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from local.http import Answer, request
from local.zstack import PASSWORD, SYSTEM_TOPIC, ZStack

RULE, VM = "云主机 CPU 过高", "订单库-01"


@pytest.fixture
def zstack(binary: Path, tmp_path: Path) -> Iterator[ZStack]:
    """A stand-in that answers quickly."""
    with ZStack(binary, "--job-delay", "5", "--try-pause", "5", log=tmp_path / "zstack.log") as running:
        yield running


class Session:
    """A client that does what the facts ask for, and no more."""

    def __init__(self, zstack: ZStack):
        self.zstack = zstack
        hashed = hashlib.sha512(PASSWORD.encode()).hexdigest()
        body = {"logInByAccount": {"accountName": "admin", "password": hashed}}
        self.uuid = self.call("PUT", "/accounts/login", body).json()["inventory"]["uuid"]

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """The first answer."""
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        if hasattr(self, "uuid"):
            headers["Authorization"] = f"OAuth {self.uuid}"
        text = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return request(method, self.zstack.api + path, text, headers)

    def job(self, method: str, path: str, body: Any = None) -> Any:
        """The result of an asynchronous call."""
        job = self.call(method, path, body).json()["location"].rpartition("/")[2]
        while (answer := request("GET", f"{self.zstack.api}/api-jobs/{job}")).status == 202:
            time.sleep(0.005)
        assert answer.status == 200, answer.text
        return answer.json()

    def listen(self, url: str) -> str:
        """Lead the system topic to a URL; return the endpoint."""
        params = {"name": "Flashduty", "url": url, "username": "zstack", "password": "a token"}
        made = self.job("POST", "/sns/application-endpoints/http", {"params": params})
        endpoint = made["inventory"]["uuid"]
        self.job("POST", f"/sns/topics/{SYSTEM_TOPIC}/endpoints/{endpoint}", {"params": {}})
        return endpoint


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of a webhook, and what it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", got
    server.shutdown()
    server.server_close()


def test_an_alarm_is_told_recorded_and_over(zstack: ZStack, webhook: tuple[str, list]) -> None:
    """From the log-in to the recovery."""
    url, got = webhook
    session = Session(zstack)
    session.listen(url)
    [rule] = [it for it in zstack.rows("alarms") if it["name"] == RULE]
    session.job("PUT", f"/zwatch/alarms/{rule['uuid']}/actions", {"updateAlarm": {"enableRecovery": True}})
    told = [zstack.fire(RULE, VM, value=91.5), zstack.repeat(RULE), zstack.recover(RULE, VM)]
    told.append(zstack.event("HostDisconnected", "node-07", labels={"Error": "x"}))
    assert [it.get("ALARM_CURRENT_STATUS") for it in got] == ["Alarm", "Alarm", "OK", None]
    sent = [it.get("ALARM_DATA_UUID") or it["EVENT_DATA_UUID"] for it in got]
    assert sent == [it["records"][0]["dataUuid"] for it in told]
    records = zstack.records()
    assert sent == [it["dataUuid"] for it in [*records["alarms"], *records["events"]]]
    zstack.forget()
    assert zstack.event("HostConnected", "node-07")["records"] == []


def test_rows_and_states(zstack: ZStack) -> None:
    """What a test prepares and compares."""
    before = zstack.state()
    row = zstack.add("hosts", name="新", status="Connecting")
    zstack.change("hosts", row["uuid"], status="Disconnected")
    answer = Session(zstack).call("GET", "/hosts?q=status=Disconnected")
    assert [it["name"] for it in answer.json()["inventories"]] == ["新"]
    assert zstack.state() != before
    zstack.remove("hosts", row["uuid"])
    assert zstack.state() == before


def test_faults_versions_and_calls(zstack: ZStack) -> None:
    """How calls fail, and what is seen of them."""
    session = Session(zstack)
    zstack.lacks(calls={"QueryCluster": 404}, fields=["enableRecovery"])
    assert session.call("GET", "/clusters").status == 404
    assert "enableRecovery" not in session.call("GET", "/zwatch/alarms").text
    zstack.fault({"plain": {"status": 429, "body": "Rate limit exceeded"}}, call="QueryHost", times=None)
    zstack.fault("end_sessions", after=2)
    assert [session.call("GET", path).status for path in ("/hosts", "/hosts/nics")] == [429, 200]
    zstack.clear_faults()
    assert session.call("GET", "/hosts").status == 200
    assert zstack.sessions() == 1
    zstack.end_sessions()
    assert (zstack.sessions(), session.call("GET", "/hosts").status) == (0, 503)
    assert [it["status"] for it in zstack.calls("QueryHost")] == [429, 200, 503]
    zstack.forget_calls()
    assert zstack.calls() == []


def test_a_restart_has_the_same_port_and_forgets(zstack: ZStack) -> None:
    """A management node that is away for a while."""
    address = zstack.address
    Session(zstack).listen("http://192.0.2.1/x")
    zstack.stop()
    with pytest.raises(OSError):
        zstack.sessions()
    with pytest.raises(OSError, match="in use"), socket.socket() as other:
        other.bind(("127.0.0.1", urlsplit(address).port))  # the port is not given to others
    zstack.start()
    zstack.require_running()
    assert (zstack.address, zstack.sessions(), len(zstack.rows("endpoints"))) == (address, 0, 1)
