"""zstack-resync.py as people run it, against the stand-in of ZStack's API."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cloud import bundle
from local.zstack import SYSTEM_TOPIC, ZStack
from pythons import PYTHON
from resyncing import ROOT, Answers, relays
from setups import DEAD_PROXY
from zstack.resync.post import Webhook

PASSWORD, TOKEN = "kennwort-kennwort", "geheim-geheim-geheim"

IMPATIENT = "from zstack.resync import deliver, program; deliver.SETTLE = 0; sys.exit(program.main())"
"""The program, without the seconds in which ZStack may still write a record."""

SECRETS = (PASSWORD, TOKEN)


class Cloud:
    """A ZStack with an endpoint on the topic of all preset rules, and a program that is run against it."""

    def __init__(self, zstack: ZStack, answers: Answers):
        self.zstack, self.answers = zstack, answers
        self.url = f"{answers.url}/zstack?cloud=北京"
        self.endpoint = zstack.add(
            "endpoints", name="flashduty", url=self.url, username="zstack", type="HTTP", state="Enabled"
        )
        zstack.add("subscribers", topicUuid=SYSTEM_TOPIC, endpointUuid=self.endpoint["uuid"])

    python = sys.executable
    program = ("-c", f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); {IMPATIENT}")

    def run(
        self, *options: str, stdout: int = subprocess.PIPE, **variables: str
    ) -> subprocess.CompletedProcess:
        """Run it. No output has a secret."""
        env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONIOENCODING": "utf-8",
            "http_proxy": DEAD_PROXY,
        }
        env |= {"ZSTACK_PASSWORD": PASSWORD, "WEBHOOK_TOKEN": TOKEN} | variables
        command = [self.python, *self.program, "--zstack", self.zstack.api, *options]
        ended = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=100,
        )
        for secret in SECRETS:
            assert secret not in f"{ended.stdout}{ended.stderr}"
        assert ended.stderr == "" or ended.returncode == 2, ended.stderr
        return ended

    def resync(self, *options: str, **variables: Any) -> subprocess.CompletedProcess:
        """Post what was told within two hours, fast."""
        return self.run(
            "--endpoint", "flashduty", "--since", "2h", "--yes", "--per-minute", "800", *options, **variables
        )


@pytest.fixture
def cloud(binary: Path, answers: Answers, tmp_path: Path) -> Iterator[Cloud]:
    """A ZStack with the presets and some rules of people."""
    with ZStack(binary, "--password", PASSWORD, log=tmp_path / "zstack.log") as zstack:
        yield Cloud(zstack, answers)


HOST_CPU = "5z6gsgkc5kccpylj9ocgbd647p2700b7"
"""A preset alarm, whose recovery notification is off."""


HOST_CONNECTED = "1a7a3eb433904df89f5c42a1fa4e0716"
"""The preset subscription of the event that ends HostDisconnected."""


def outage(zstack: ZStack) -> dict[str, str]:
    """What ZStack tells while nobody listens. The result has the id of each message."""
    zstack.change("alarms", HOST_CPU, enableRecovery=True)
    # Not in one millisecond: events and alarms have ids of their own.
    at = iter(range(int(time.time() * 1000) - 60_000, sys.maxsize, 1000))

    def missed(**more: object) -> dict:
        return {"deliver": False, "at": next(at), **more}

    told = {
        "before": zstack.fire(HOST_CPU, "node-07", **missed()),
        "opens": zstack.fire(HOST_CPU, "node-08", **missed()),
        "event": zstack.event("HostDisconnected", "计算节点-01", **missed(labels={"Error": "没有应答"})),
        "listed": zstack.fire("Host Memory", "node-07", **missed()),
        "elsewhere": zstack.fire("Disk almost full", "node-07", **missed()),
        "closes": zstack.recover(HOST_CPU, "node-07", **missed()),
    }
    return {name: it["records"][0]["dataUuid"] for name, it in told.items()}


def ids(answers: Answers) -> list[str]:
    """The ids of the messages that came."""
    bodies = (json.loads(content) for _, _, content in answers.requests)
    return [it.get("ALARM_DATA_UUID") or it["EVENT_DATA_UUID"] for it in bodies]


def test_what_is_missing_opens_and_what_is_over_closes(cloud: Cloud):
    """In order, with ZStack's ids, under ZStack's URL. ZStack is as before, and no session is left."""
    told = outage(cloud.zstack)
    before = cloud.zstack.state()
    cloud.python, cloud.program = PYTHON, (ROOT / "scripts/zstack-resync.py",)
    dry = cloud.resync("--dry-run")
    assert dry.returncode == 0, dry.stdout
    assert cloud.answers.requests == []
    ended = cloud.resync()
    assert ended.returncode == 0, ended.stdout
    assert ids(cloud.answers) == [told["opens"], told["event"], told["closes"]]
    path, headers, _ = cloud.answers.requests[0]
    assert path == "/zstack?cloud=%E5%8C%97%E4%BA%AC"
    assert headers["Authorization"].startswith("Basic ")
    bodies = [json.loads(content) for _, _, content in cloud.answers.requests]
    assert [it.get("ALARM_RESOURCE_NAME") or it["EVENT_RESOURCE_NAME"] for it in bodies] == [
        "node-08",
        "计算节点-01",
        "node-07",
    ]
    assert bodies[0]["ALARM_RESOURCE_TYPE"] == "HostVO"
    assert dry.stdout.splitlines()[1:-1] == ended.stdout.splitlines()[1:-1]
    assert "recovery notification is off" in dry.stdout
    assert "do not send to this endpoint: 1" in dry.stdout
    assert ended.stdout.splitlines()[-1] == "✓ 3 posted: 3 in Flashduty, 0 in the retry queue, 0 refused."
    assert cloud.zstack.state() == before
    assert cloud.zstack.sessions() == 0
    assert {it["call"][:3] for it in cloud.zstack.calls()} <= {"Log", "Que", "Get"}


def test_the_files_of_the_bundle_are_enough(cloud: Cloud, tmp_path: Path):
    """With the oldest Python, and without anything that is installed."""
    outage(cloud.zstack)
    for name, content in bundle.programs("zstack-resync.py").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    cloud.python, cloud.program = PYTHON, ("-S", tmp_path / "zstack-resync.py")
    ended = cloud.resync("--dry-run")
    assert (ended.returncode, "To post: 3" in ended.stdout) == (0, True), ended.stdout


def test_all_posts_what_has_no_end(cloud: Cloud):
    """Where it belongs in the order."""
    told = outage(cloud.zstack)
    assert cloud.resync("--all").returncode == 0
    assert ids(cloud.answers) == [told["opens"], told["event"], told["listed"], told["closes"]]


def test_a_way_back_with_labels_is_not_every_way_back(cloud: Cloud):
    """Its event comes here for some hosts only."""
    outage(cloud.zstack)
    labels = [{"key": "ResourceId", "op": "Equal", "value": "c0ffee0000000000000000000000aa01"}]
    cloud.zstack.change("subscriptions", HOST_CONNECTED, labels=labels)
    ended = cloud.resync("--dry-run")
    assert "To post: 2" in ended.stdout
    assert re.search(r"HostDisconnected .* the event that ends it is not sent here", ended.stdout)


def test_a_topic_that_is_disabled_sends_nothing(cloud: Cloud):
    """ZStack recorded the messages of its rules all the same."""
    outage(cloud.zstack)
    cloud.zstack.change("topics", SYSTEM_TOPIC, state="Disabled")
    ended = cloud.resync()
    assert (ended.returncode, "is on no topic that is enabled" in ended.stdout) == (2, True)
    other = cloud.zstack.add("topics", name="own", state="Enabled")
    cloud.zstack.add("subscribers", topicUuid=other["uuid"], endpointUuid=cloud.endpoint["uuid"])
    ended = cloud.resync()
    assert (ended.returncode, "Nothing has to be posted." in ended.stdout) == (0, True), ended.stdout
    assert cloud.answers.requests == []


def test_a_trigger_of_an_alarm_that_is_ok_has_a_remark(cloud: Cloud):
    """It may be over. So may one that is told only some times, and never again."""
    outage(cloud.zstack)
    remarks = {
        "": {"status": "Alarm", "repeatCount": -1},
        "no end comes if ZStack restarted since": {"status": "Alarm", "repeatCount": 3},
        "the alarm is OK in ZStack: perhaps over": {"status": "OK", "repeatCount": -1},
    }
    for remark, fields in remarks.items():
        cloud.zstack.change("alarms", HOST_CPU, **fields)
        [row] = re.findall(r"(?m)^.* node-08 .*$", cloud.resync("--dry-run").stdout)
        assert row.split("Warning")[1].strip() == remark


def test_in_chinese(cloud: Cloud):
    """By the language of the terminal."""
    outage(cloud.zstack)
    ended = cloud.resync("--dry-run", LANG="zh_CN.UTF-8")
    assert "要发送：3 条" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "这是试运行：没有发送任何消息。"


def test_the_url_is_zstacks(cloud: Cloud):
    """With everything behind the question mark, and the channel."""
    outage(cloud.zstack)
    wrong = cloud.run("--url", cloud.answers.url + "/zstack", "--since", "2h", "--dry-run")
    assert wrong.returncode == 2
    assert "The endpoints are: flashduty." in wrong.stdout
    assert cloud.run("--url", cloud.url, "--since", "2h", "--dry-run").returncode == 0
    cloud.zstack.change("endpoints", cloud.endpoint["uuid"], url=f"{cloud.answers.url}/zstack/db?cloud=北京")
    assert cloud.run("--url", cloud.url, "--channel", "db", "--since", "2h", "--yes").returncode == 0
    assert {path for path, _, _ in cloud.answers.requests} == {"/zstack/db?cloud=%E5%8C%97%E4%BA%AC"}


def test_a_token_in_the_url_is_not_shown(cloud: Cloud):
    """Nor taken from an argument."""
    outage(cloud.zstack)
    url = f"{cloud.answers.url}/zstack?token={TOKEN}"
    cloud.zstack.change("endpoints", cloud.endpoint["uuid"], url=url, username=None)
    given = cloud.run("--url", url, "--since", "2h", "--dry-run")
    assert (given.returncode, "--endpoint" in given.stdout) == (2, True)
    cloud.answers.answers = [relays(200), relays(400, f"token={TOKEN}"), relays(200)]
    ended = cloud.resync(WEBHOOK_TOKEN="")
    assert ended.returncode == 1
    assert "400 (not shown, because a secret is in it)" in ended.stdout
    assert [path for path, _, _ in cloud.answers.requests] == [f"/zstack?token={TOKEN}"] * 3
    assert "Authorization" not in cloud.answers.requests[0][1]


@pytest.mark.parametrize(
    "form", [quote(f"{TOKEN}/", safe=""), "%67eheim", b64encode(f"zstack:{TOKEN}/".encode()).decode()]
)
def test_no_form_of_the_token_is_shown(cloud: Cloud, form: str):
    """A gateway may print the request."""
    outage(cloud.zstack)
    cloud.answers.answers = [relays(400, f"token={form}")]
    if form == "%67eheim":
        cloud.zstack.change(
            "endpoints", cloud.endpoint["uuid"], url=f"{cloud.answers.url}/zstack?token={form}"
        )
    ended = cloud.resync(WEBHOOK_TOKEN=f"{TOKEN}/")
    assert form not in ended.stdout
    assert "400 (not shown, because a secret is in it)" in ended.stdout


def test_several_thousand_records_are_read_page_by_page(cloud: Cloud):
    """1,500 alarms of one time. The last record of each resource counts."""
    now = int(time.time() * 1000)
    cloud.zstack.change("alarms", HOST_CPU, enableRecovery=True)
    row = {"alarmUuid": HOST_CPU, "alarmName": "Host CPU", "emergencyLevel": "Important", "createTime": now}
    for number in range(1500):
        status = "Alarm" if number < 1450 else "OK"
        resource = f"{number % 1450:032x}"
        cloud.zstack.add("alarm-records", id=number + 1, alarmStatus=status, resourceUuid=resource, **row)
    ended = cloud.resync("--dry-run")
    assert "1500 records since" in ended.stdout
    assert "To post: 1450" in ended.stdout
    assert len(re.findall(r"(?m) Ok$", ended.stdout)) == 50
    pages = cloud.zstack.calls("QueryAlarmRecord")
    assert ["start=0" in it["query"] for it in pages] == [True, False]
    # Not all of 90 days.
    assert all(
        now - 7_300_000 < int(re.findall(r"createTime>=(\d+)", str(it["query"]))[0]) < now for it in pages
    )
    assert len(cloud.zstack.calls("GetResourceNames")) == 29


@pytest.mark.parametrize("call", ["QueryAlarm", "QueryEventRecord", "GetResourceNames"])
def test_a_session_that_ends_is_begun_again(cloud: Cloud, call: str):
    """Somebody else logged in, or two hours passed."""
    told = outage(cloud.zstack)
    cloud.zstack.fault("end_sessions", call=call)
    ended = cloud.resync()
    assert ended.returncode == 0, ended.stdout
    assert ids(cloud.answers) == [told["opens"], told["event"], told["closes"]]
    assert len(cloud.zstack.calls("LogInByAccount")) == 2
    assert "no name" not in ended.stdout


def test_names_are_not_needed(cloud: Cloud):
    """Then the UUID is the name."""
    told = outage(cloud.zstack)
    cloud.zstack.fault(
        {"refuse": {"code": "SYS.1000", "details": "broken"}}, call="GetResourceNames", times=None
    )
    ended = cloud.resync()
    assert ended.returncode == 0
    assert "did not tell the names of the resources: 503 SYS.1000 broken" in ended.stdout
    assert "perhaps deleted" not in ended.stdout
    assert ids(cloud.answers) == [told["opens"], told["event"], told["closes"]]


def test_records_of_a_kind_that_is_not_known(cloud: Cloud):
    """They are told, and nothing is guessed."""
    now = int(time.time() * 1000)
    row = {"createTime": now, "resourceUuid": "ab", "alarmUuid": HOST_CPU}
    cloud.zstack.add("alarm-records", id=9001, alarmStatus="Maintained", alarmName="new state", **row)
    cloud.zstack.add("alarm-records", id=9002, alarmStatus="Alarm", **{**row, "alarmUuid": None})
    subscription = "4a3cb114b10d41e19545ab693222c134"
    cloud.zstack.add(
        "event-records",
        id=3,
        createTime=now,
        name="HostOnFire",
        resourceId="ab",
        subscriptionUuid=subscription,
    )
    ended = cloud.resync()
    assert ended.returncode == 1
    assert ended.stdout.count("1 row(s) of kind alarm cannot be read, because of alarmUuid.") == 1
    assert re.search(r"new state .* a state that is not known", ended.stdout)
    assert re.search(r"HostOnFire .* an event that is not known", ended.stdout)
    assert "Nothing has to be posted." in ended.stdout
    assert cloud.answers.requests == []
    # It is read again after the posts, and is still one row.
    cloud.zstack.fire(HOST_CPU, "node-07", deliver=False)
    cloud.zstack.change("alarms", HOST_CPU, enableRecovery=True)
    ended = cloud.resync()
    assert (ended.returncode, "✗ 1 posted" in ended.stdout) == (1, True)
    assert ended.stdout.count("1 row(s) of kind alarm cannot be read, because of alarmUuid.") == 1


def test_without_records_it_says_when_the_last_one_was(cloud: Cloud):
    """Perhaps the time is wrong."""
    assert "The last one is of none" in cloud.resync().stdout
    cloud.zstack.fire(HOST_CPU, "node-07", deliver=False, at=1_720_144_800_000)
    ended = cloud.resync(TZ="UTC0")
    assert "The last one is of 2024-07-05 02:00:00" in ended.stdout
    assert ended.returncode == 0


def test_an_older_zstack(cloud: Cloud):
    """It has no records."""
    cloud.zstack.lacks(calls={"QueryAlarmRecord": 404})
    ended = cloud.resync()
    assert (ended.returncode, "since Cloud 4.1.0" in ended.stdout) == (2, True)


def test_a_wrong_password(cloud: Cloud):
    """Is told at once."""
    ended = cloud.resync(ZSTACK_PASSWORD="wrong")
    assert ended.returncode == 1
    assert "does not accept account and password" in ended.stdout


def test_another_port_gets_no_password(cloud: Cloud):
    """Such as the console's. Every ZStack tells its version, or refuses with a code."""
    cloud.zstack.fault({"plain": {"status": 405, "body": "<html>Not Allowed</html>"}}, "GetVersion")
    ended = cloud.resync()
    assert (ended.returncode, "is not ZStack's API" in ended.stdout) == (1, True)
    assert [it["call"] for it in cloud.zstack.calls()] == ["GetVersion"]


def test_after_a_stop_the_next_run_completes_it(cloud: Cloud):
    """It has no memory, and posts all of it once more."""
    told = outage(cloud.zstack)
    cloud.answers.answers = [relays(200), relays(401, "Unauthorized")]
    ended = cloud.resync()
    assert ended.returncode == 1
    assert "Stopped after 1 of 3: 401" in ended.stdout
    assert cloud.zstack.sessions() == 0
    cloud.answers.requests.clear()
    assert cloud.resync().returncode == 0
    assert ids(cloud.answers) == [told["opens"], told["event"], told["closes"]]


def test_zstack_may_fail_while_messages_are_posted(cloud: Cloud):
    """The program cannot know then whether something newer was told."""
    outage(cloud.zstack)
    cloud.zstack.fault({"plain": {"status": 500, "body": "broken"}}, call="QueryAlarmRecord", after=2)
    ended = cloud.resync()
    assert ended.returncode == 1
    assert "did not answer as expected, after 3 of 3 were posted" in ended.stdout
    assert "run the same command again" in ended.stdout


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        (["--since", "2h"], {}, "--yes or --dry-run"),
        (["--since", "2h", "--yes"], {"WEBHOOK_TOKEN": ""}, "set WEBHOOK_TOKEN"),
        (["--since", "2h", "--yes"], {"ZSTACK_PASSWORD": ""}, "set ZSTACK_PASSWORD"),
        (["--since", "tomorrow", "--yes"], {}, "--since is a time before now"),
    ],
)
def test_nobody_can_be_asked(cloud: Cloud, options: list[str], variables: dict[str, str], words: str):
    """In a pipeline, what is missing has to be given."""
    outage(cloud.zstack)
    ended = cloud.run("--endpoint", "flashduty", *options, **variables)
    assert (ended.returncode, words in ended.stdout) == (2, True), ended.stdout
    assert cloud.answers.requests == []


def test_endpoints(cloud: Cloud):
    """That do not exist, that are off, and that nothing is sent to."""
    outage(cloud.zstack)
    unknown = cloud.run("--endpoint", "other", "--since", "2h", "--yes")
    assert (unknown.returncode, "no endpoint other" in unknown.stdout) == (2, True)
    cloud.zstack.change("endpoints", cloud.endpoint["uuid"], state="Disabled")
    assert "is disabled: ZStack sends nothing to it now" in cloud.resync("--dry-run").stdout
    cloud.zstack.change("endpoints", cloud.endpoint["uuid"], state="Enabled")
    old = cloud.zstack.add("endpoints", name="flashduty", url="https://webhook.invalid/zstack", type="HTTP")
    # As zstack-setup.py leaves the old one, after the URL changed.
    replaced = cloud.resync("--dry-run")
    assert (replaced.returncode, "To post: 3" in replaced.stdout) == (0, True), replaced.stdout
    cloud.zstack.add("subscribers", topicUuid=SYSTEM_TOPIC, endpointUuid=old["uuid"])
    assert "several endpoints flashduty" in cloud.resync("--dry-run").stdout
    alone = cloud.zstack.add("endpoints", name="alone", url="https://webhook.invalid/zstack", type="HTTP")
    assert alone["uuid"]
    nothing = cloud.run("--endpoint", "alone", "--since", "2h", "--yes")
    assert (nothing.returncode, "is on no topic that is enabled" in nothing.stdout) == (2, True)


def test_an_old_endpoint_of_the_same_url_is_not_taken(cloud: Cloud):
    """zstack-setup.py leaves it, off all topics, when the user name changes. It has an old user name."""
    told = outage(cloud.zstack)
    cloud.zstack.add(
        "endpoints", uuid="0" * 32, name="flashduty", url=cloud.url, type="HTTP", state="Enabled"
    )
    assert cloud.resync().returncode == 0
    assert cloud.run("--url", cloud.url, "--since", "2h", "--yes").returncode == 0
    assert ids(cloud.answers) == [told["opens"], told["event"], told["closes"]] * 2
    assert {headers.get("Authorization", "")[:6] for _, headers, _ in cloud.answers.requests} == {"Basic "}
    cloud.zstack.change("endpoints", cloud.endpoint["uuid"], state="Disabled")
    assert "is disabled: ZStack sends nothing to it now" in cloud.resync("--dry-run").stdout


def test_of_two_endpoints_the_one_with_a_user_is_taken(cloud: Cloud):
    """If both are on a topic, and enabled."""
    outage(cloud.zstack)
    cloud.zstack.add(
        "endpoints", uuid="0" * 32, name="flashduty", url=cloud.url, type="HTTP", state="Enabled"
    )
    cloud.zstack.add("subscribers", topicUuid=SYSTEM_TOPIC, endpointUuid="0" * 32)
    assert cloud.resync().returncode == 0
    assert "Authorization" in cloud.answers.requests[0][1]


def test_what_the_stand_in_sends_is_what_is_built(cloud: Cloud):
    """But for units, addresses and the previous state: the fields that decide are the same."""
    cloud.zstack.change("alarms", HOST_CPU, enableRecovery=True)
    cloud.zstack.fire(HOST_CPU, "node-07")
    cloud.zstack.event("HostDisconnected", "node-08", labels={"Error": "没有应答"})
    cloud.zstack.event("HostPhysicalNicStatusDown", "node-07", labels={"PhysicalNicName": "ens5f0"})
    sent = [json.loads(content) for _, _, content in cloud.answers.requests]
    assert len(sent) == 3
    cloud.answers.requests.clear()
    assert cloud.resync("--all").returncode == 0
    built = [json.loads(content) for _, _, content in cloud.answers.requests]
    missing = {
        "ALARM_PREVIOUS_STATUS",
        *(
            f"{kind}_RESOURCE_{it}"
            for kind in ("ALARM", "EVENT")
            for it in ("IP", "CLUSTER_UUID", "CLUSTER_NAME")
        ),
    }
    other = {"ALARM_THRESHOLD", "ALARM_CURRENT_VALUE", "ALARM_LABELS", "EVENT_TIME"}
    for original, rebuilt in zip(sent, built, strict=True):
        assert original.keys() - rebuilt.keys() <= missing | {"ALARM_LABELS"}
        assert rebuilt.keys() <= original.keys()
        for name in rebuilt.keys() - other:
            assert rebuilt[name] == original[name], name


def test_when_nobody_reads_the_session_ends(cloud: Cloud):
    """As with `head`. ZStack allows only so many sessions of an account."""
    outage(cloud.zstack)
    reads, writes = os.pipe()
    os.close(reads)
    ended = cloud.resync("--dry-run", stdout=writes)
    os.close(writes)
    assert ended.returncode == 1
    assert len(cloud.zstack.calls("LogInByAccount")) == 1
    assert cloud.zstack.sessions() == 0


def test_two_runs_at_once_do_no_harm(cloud: Cloud):
    """Each posts everything, and the last message about each alert is the right one."""
    told = outage(cloud.zstack)
    with ThreadPoolExecutor(2) as pool:
        ended = [it.result() for it in [pool.submit(cloud.resync) for _ in range(2)]]
    assert [it.returncode for it in ended] == [0, 0]
    came = ids(cloud.answers)
    assert sorted(came) == sorted([told["opens"], told["event"], told["closes"]] * 2)


class OnTerminal:
    """The program on a terminal, with somebody in front of it."""

    def __init__(self, cloud: Cloud, *options: str):
        self.shown = ""
        self._end, theirs = pty.openpty()
        ours = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ZSTACK_PASSWORD": PASSWORD}
        # Without a session of its own it would ask on the terminal of whoever runs the tests.
        self.process = subprocess.Popen(
            [cloud.python, *cloud.program, "--zstack", cloud.zstack.api, *options],
            env=ours,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> "OnTerminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._end)

    def until(self, words: str | None) -> str:
        """Read until these words are shown; None waits for the end of the program."""
        limit = time.monotonic() + 60
        while words is None or words not in self.shown:
            assert time.monotonic() < limit, self.shown
            if select.select([self._end], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self._end, 65_536).decode(errors="replace")
                except OSError:
                    assert words is None, self.shown
                    break
        return self.shown.replace("\r", "")

    def say(self, text: str) -> None:
        """Type a line."""
        os.write(self._end, f"{text}\n".encode())


def test_on_a_terminal_it_asks(cloud: Cloud):
    """What ZStack tells meanwhile counts. No name moves the cursor."""
    outage(cloud.zstack)
    cloud.zstack.change("endpoints", cloud.endpoint["uuid"], name="flash\x1b]0;duty")
    with OnTerminal(cloud, "--endpoint", "flash\x1b]0;duty", "--since", "2h") as terminal:
        shown = terminal.until("[y/N] ")
        assert "\n\n\n" not in shown
        told = cloud.zstack.recover(HOST_CPU, "node-08")["records"][0]["dataUuid"]
        terminal.say("y")
        shown = terminal.until("(the password of the endpoint flash ]0;duty in ZStack): ")
        terminal.say(TOKEN)
        shown = terminal.until(None)
        assert terminal.process.wait(60) == 0, shown
        assert TOKEN not in shown
    # ZStack's own one, and then what decides.
    came = ids(cloud.answers)
    assert (came[0], came[-1], len(came)) == (told, told, 4)


def test_sigterm_ends_the_session(cloud: Cloud):
    """As Ctrl-C does. ZStack allows only so many."""
    outage(cloud.zstack)
    with OnTerminal(cloud, "--endpoint", "flashduty", "--since", "2h") as terminal:
        terminal.until("[y/N] ")
        assert cloud.zstack.sessions() == 1
        terminal.process.send_signal(signal.SIGTERM)
        assert "Interrupted." in terminal.until(None)
        assert terminal.process.wait(60) == 130
    assert cloud.zstack.sessions() == 0


def test_an_access_key(binary: Path, answers: Answers, tmp_path: Path):
    """In place of a session. ZStack is in another time zone."""
    with ZStack(binary, "--cloud", "--utc-offset", "480", log=tmp_path / "zstack.log") as zstack:
        cloud = Cloud(zstack, answers)
        zstack.event("HostDisconnected", "node-07", labels={"Error": "no answer"}, deliver=False)
        key = {"ZSTACK_PASSWORD": "", "ZSTACK_ACCESS_SECRET": "standinKeyEnabled"[::-1]}
        ended = cloud.resync("--access-key", "standinKeyEnabled", "--zone", "+08:00", **key)
        assert ended.returncode == 0, ended.stdout
        assert len(answers.requests) == 1
        assert zstack.calls("LogInByAccount") == []


def test_a_second_factor(binary: Path, answers: Answers, tmp_path: Path):
    """Is asked for only when it is said that there is one."""
    options = ("--cloud", "--second-factor", "271828", "--password", PASSWORD)
    with ZStack(binary, *options, log=tmp_path / "zstack.log") as zstack:
        cloud = Cloud(zstack, answers)
        assert cloud.resync().returncode == 1
        ended = cloud.resync("--ask-second-factor", ZSTACK_SECOND_FACTOR="271828")
        assert (ended.returncode, "271828" in ended.stdout) == (0, False), ended.stdout


def test_secrets_in_files(cloud: Cloud, tmp_path: Path):
    """Without the end of the line."""
    told = outage(cloud.zstack)
    for name, content in (("password", PASSWORD), ("token", TOKEN)):
        (tmp_path / name).write_text(f"{content}\n")
    files = ("--password-file", str(tmp_path / "password"), "--token-file")
    nothing = {"ZSTACK_PASSWORD": "", "WEBHOOK_TOKEN": ""}
    ended = cloud.resync(*files, str(tmp_path / "token"), **nothing)
    assert ended.returncode == 0, ended.stdout
    assert ids(cloud.answers) == [told["opens"], told["event"], told["closes"]]
    assert (
        cloud.answers.requests[0][1]["Authorization"]
        == Webhook("", "zstack", TOKEN, 1).headers["Authorization"]
    )
    # Somebody gives the secret in place of the name of its file.
    for option in ("--password-file", "--token-file", "--secret-file"):
        key = ("--access-key", "standinKeyEnabled") if option == "--secret-file" else ()
        wrong = cloud.resync(*key, option, "hunter2")
        assert (wrong.returncode, f"of {option} cannot be read: No such file" in wrong.stdout) == (2, True)
        assert "hunter2" not in wrong.stdout
