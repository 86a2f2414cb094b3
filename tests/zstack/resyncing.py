"""What the tests of zstack-resync.py share: records of every kind of message, and a model of Flashduty."""

import json
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from zstack.resync.decide import effects
from zstack.resync.records import Record, Rule, record
from zstack.resync.table import severity

ROOT = Path(__file__).resolve().parents[2]

CATALOGUE = ROOT / "tests/relay/catalogue"
"""The relay's golden files: what it makes of each event."""

START = 1_720_144_800_000

TOPIC = "aaaabbbbccccddddeeeeffff0000aaaa"

ALARM = {
    "ALARM_NAME": "主机 CPU",
    "ALARM_UUID": "c0ffee0000000000000000000000cc01",
    "ALARM_NAMESPACE": "ZStack/Host",
    "ALARM_METRIC": "CPUAverageUsedUtilization",
    "ALARM_COMPARISON_OPERATOR": "GreaterThanOrEqualTo",
    "ALARM_COMPARISON_OPERATOR_REVERSE": "LessThan",
    "ALARM_THRESHOLD": "80.00%",
    "ALARM_CURRENT_VALUE": "93.27%",
    "ALARM_DURATION": 300,
    "ALARM_LABELS": ["Cpu Regex 0|1, 2", "HostUuid Equal c0ffee0000000000000000000000aa01"],
    "ALARM_PREVIOUS_STATUS": "OK",
    "ALARM_CURRENT_STATUS": "Alarm",
    "ALARM_EMERGENCY_LEVEL": "Emergent",
    "ALARM_TIME": START,
    "ALARM_RESOURCE_TYPE": "HostVO",
    "ALARM_RESOURCE_ID": "c0ffee0000000000000000000000aa01",
    "ALARM_RESOURCE_NAME": "订单库-01",
    "ALARM_RESOURCE_IP": "192.0.2.11",
    "ALARM_RESOURCE_CLUSTER_UUID": "-",
    "ALARM_RESOURCE_CLUSTER_NAME": "-",
    "ALARM_ACCOUNT_UUID": "36c27e8ff05c4780bf6d2fa65700f22e",
    "ALARM_DATA_UUID": "aaaabbbbccccddddeeeeffff00001111",
}
"""A resource alarm as a newer ZStack sends it."""

NAMES = {ALARM["ALARM_RESOURCE_ID"]: (ALARM["ALARM_RESOURCE_NAME"], "HostVO")}


def alarm_row(message: dict, number: int = 1, at: int = START) -> dict:
    """The record that ZStack writes for an alarm: raw values, and null members left out."""
    resource = message["ALARM_RESOURCE_ID"]
    row = {
        "id": number,
        "createTime": at,
        "accountUuid": message["ALARM_ACCOUNT_UUID"],
        "alarmName": message["ALARM_NAME"],
        "alarmStatus": message["ALARM_CURRENT_STATUS"],
        "alarmUuid": message["ALARM_UUID"],
        "comparisonOperator": message["ALARM_COMPARISON_OPERATOR"],
        "context": "{}",
        "dataUuid": message["ALARM_DATA_UUID"],
        "emergencyLevel": message["ALARM_EMERGENCY_LEVEL"] or None,
        "labels": ", ".join(message["ALARM_LABELS"]),
        "metricName": message["ALARM_METRIC"],
        "metricValue": 93.271,
        "namespace": message["ALARM_NAMESPACE"],
        "period": message["ALARM_DURATION"],
        "readStatus": False,
        "resourceUuid": None if resource == "-" else resource,
        "threshold": 80.0,
    }
    return {name: value for name, value in row.items() if value is not None}


def event_row(message: dict, number: int = 1, at: int = START) -> dict:
    """The record that ZStack writes for an event."""
    labels = message.get("EVENT_LABELS")
    row = {
        "id": number,
        "createTime": at,
        "namespace": message["EVENT_NAMESPACE"],
        "name": message["EVENT_NAME"],
        "emergencyLevel": message.get("EVENT_EMERGENCY_LEVEL"),
        "resourceId": message.get("EVENT_RESOURCE_ID"),
        "error": message.get("EVENT_ERROR"),
        "dataUuid": message["EVENT_DATA_UUID"],
        "accountUuid": message["EVENT_ACCOUNT_UUID"],
        "subscriptionUuid": message["EVENT_SUBSCRIPTION_UUID"],
        "readStatus": False,
        "labels": json.dumps(labels, ensure_ascii=False) if labels else None,
    }
    return {name: value for name, value in row.items() if value is not None}


def originals() -> Iterable[tuple[str, dict]]:
    """Every kind of message that ZStack records, each with the name of its case."""
    for file in sorted(CATALOGUE.glob("*.json")):
        for case, golden in json.loads(file.read_text()).items():
            yield f"{file.stem}: {case}", golden["sent"]
    event = json.loads((CATALOGUE / "HostConnected.json").read_text())["as ZStack sends it"]["sent"]
    for case, fields in (
        ("an event that is not known", {"EVENT_NAME": "HostOnFire", "EVENT_EMERGENCY_LEVEL": "Emergent"}),
        (
            "a recovery that is not known",
            {"EVENT_NAME": "HostOnFireNoMore", "EVENT_EMERGENCY_LEVEL": "Recovery"},
        ),
        ("a problem of the level Recovery", {"EVENT_NAME": "HostDisconnected"}),
        ("the case of letters", {"EVENT_NAME": "hostconnected"}),
        ("no resource", {"EVENT_RESOURCE_ID": None, "EVENT_RESOURCE_NAME": None}),
        ("a resource that is a text", {"EVENT_RESOURCE_ID": "pool: 100%"}),
    ):
        yield case, {name: it for name, it in (event | fields).items() if it is not None}
    for status in ("Alarm", "OK"):
        for level in ("Emergent", "Important", "Normal", ""):
            for resource in (ALARM["ALARM_RESOURCE_ID"], "-"):
                name = ALARM["ALARM_RESOURCE_NAME"] if resource != "-" else "-"
                fields = {
                    "ALARM_CURRENT_STATUS": status,
                    "ALARM_PREVIOUS_STATUS": "OK" if status == "Alarm" else "Alarm",
                    "ALARM_EMERGENCY_LEVEL": level,
                    "ALARM_RESOURCE_ID": resource,
                    "ALARM_RESOURCE_NAME": name,
                    "ALARM_RESOURCE_IP": "192.0.2.11" if resource != "-" else "-",
                }
                yield f"alarm: {status}, {level or 'no level'}, {resource}", ALARM | fields


def recorded(message: dict, number: int = 1, at: int = START) -> Record:
    """The record of a message."""
    if "ALARM_UUID" in message:
        return record("alarm", alarm_row(message, number, at))
    return record("event", event_row(message, number, at))


def alarm(number: int, rule: str, resource: str, status: str, at: int = START, **fields: object) -> Record:
    """A record of an alarm."""
    row = {
        "id": number,
        "createTime": at,
        "alarmUuid": rule,
        "alarmName": rule,
        "alarmStatus": status,
        "resourceUuid": resource,
        "emergencyLevel": "Important",
    }
    return record("alarm", row | fields)


def event(number: int, name: str, resource: str, at: int = START, **fields: object) -> Record:
    """A record of an event. Its subscription has its name."""
    row = {
        "id": number,
        "createTime": at,
        "subscriptionUuid": name,
        "name": name,
        "resourceId": resource,
        "emergencyLevel": "Important",
    }
    if isinstance(fields.get("labels"), dict):
        fields["labels"] = json.dumps(fields["labels"])
    return record("event", row | fields)


def subscriptions(*names: str) -> dict[str, Rule]:
    """Subscriptions of these events, each with its name as UUID."""
    return {name: Rule(True, frozenset([TOPIC]), event=name) for name in names}


class Flashduty:
    """Which alerts are open, and how severe they are. All changes are kept."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}
        self.changes: list[tuple[str, str]] = []

    def take(self, records: Iterable[Record]) -> "Flashduty":
        """Deliver the messages of these records, in this order."""
        for it in records:
            for key, effect in effects(it):
                status = severity(it, effect)
                if self.open.get(key, "Ok") != status:
                    self.changes.append((key, status))
                if status == "Ok":
                    self.open.pop(key, None)
                else:
                    self.open[key] = status
        return self


class Reader:
    """Stands in place of ZStack: what it would answer."""

    def __init__(self, records: list[Record], rules: dict[str, Rule], names: dict[str, tuple[str, str]]):
        self.all, self.known, self.names_of = records, rules, names
        self.unreadable: dict[tuple[str, str], str] = {}
        self.asked: list[int] = []

    def records(self, since: int) -> list[Record]:
        """Those since a time."""
        self.asked.append(since)
        return [it for it in self.all if it.at >= since]

    def names(self, uuids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Those that exist."""
        return {it: self.names_of[it] for it in uuids if it in self.names_of}


MINUTE = 60_000


def example() -> Reader:
    """An outage with something of everything. docs/resync.md shows its table."""
    recovers = Rule(True, frozenset([TOPIC]), recovers=True, period=300, repeat=1800)
    quiet = Rule(True, frozenset([TOPIC]), period=300, repeat=1800)
    rules = {"cpu": recovers, "disk": quiet, "elsewhere": Rule(True, frozenset())}
    rules |= subscriptions("HostDisconnected", "HostConnected", "VmCrash", "VolumeBackupScheduler")
    emergent, name = {"emergencyLevel": "Emergent"}, "VM CPU >= 80%"
    told = [
        alarm(1, "cpu", "vm1", "Alarm", START + 2 * MINUTE, alarmName=name, **emergent),
        event(2, "HostDisconnected", "host7", START + 3 * MINUTE, **emergent),
        event(3, "HostDisconnected", "host8", START + 3 * MINUTE, **emergent),
        alarm(4, "elsewhere", "vm1", "Alarm", START + 4 * MINUTE),
        alarm(5, "disk", "ps1", "Alarm", START + 5 * MINUTE, alarmName="主存储容量"),
        event(6, "VmCrash", "vm2", START + 6 * MINUTE, **emergent),
        event(7, "HostConnected", "host8", START + 9 * MINUTE, emergencyLevel="Normal"),
        alarm(8, "gone", "vm2", "Alarm", START + 11 * MINUTE, alarmName="deleted since"),
        alarm(9, "cpu", "vm1", "OK", START + 17 * MINUTE, alarmName=name, **emergent),
        alarm(10, "cpu", "vm3", "Alarm", START + 20 * MINUTE, alarmName=name, **emergent),
        event(
            11,
            "VolumeBackupScheduler",
            "job1",
            START + 21 * MINUTE,
            emergencyLevel="Normal",
            labels={"isSuccess": "false"},
        ),
    ]
    kinds = {"vm1": "web-01", "vm2": "web-02", "host7": "node-07", "host8": "node-08", "ps1": "ceph-01"}
    names = {uuid: (it, "") for uuid, it in kinds.items()} | {"job1": ("nightly", "")}
    return Reader(told, rules, names)


class Answers:
    """A webhook that answers as it is told, and keeps what came."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict, str]] = []
        self.requests: list[tuple[str, dict, bytes]] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                webhook.requests.append((self.path, dict(self.headers), content))
                status, headers, text = webhook.answers.pop(0) if webhook.answers else relays(200)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST  # where a redirect would lead

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self.server.server_port}"


def relays(status: int, code: str = "", **headers: str) -> tuple[int, dict, str]:
    """An answer of the relay's."""
    error = {"error": {"code": code, "message": f"because of {code}"}} if code else {"alerts": []}
    return status, headers, json.dumps({"request_id": "r"} | error)
