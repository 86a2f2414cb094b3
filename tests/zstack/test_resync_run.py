"""zstack-resync.py as people run it, against the stand-in of ZStack's API."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from local import standin
from local.zstack import PASSWORD, SYSTEM_TOPIC, ZStack
from resyncing import ROOT
from test_resync import Answers, relays

TOKEN = "geheim-geheim-geheim"  # noqa: S105

SECRETS = (PASSWORD, TOKEN)


@pytest.fixture(scope="session")
def binary() -> Path:
    """The stand-in, built once."""
    return standin.build("zstack-standin")


@pytest.fixture
def answers() -> Iterator[Answers]:
    """The webhook."""
    made = Answers()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Cloud:
    """A ZStack with an endpoint on the topic of all preset rules, and a program that is run against it."""

    def __init__(self, zstack: ZStack, answers: Answers):
        self.zstack, self.answers = zstack, answers
        self.url = f"{answers.url}/zstack?cloud=北京"
        self.endpoint = zstack.add(
            "endpoints", name="flashduty", url=self.url, username="zstack", type="HTTP", state="Enabled"
        )
        zstack.add("subscribers", topicUuid=SYSTEM_TOPIC, endpointUuid=self.endpoint["uuid"])

    def run(self, *options: str, **variables: str) -> subprocess.CompletedProcess:
        """Run it. No output has a secret."""
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "no_proxy": "*"}
        env |= {"ZSTACK_PASSWORD": PASSWORD, "WEBHOOK_TOKEN": TOKEN} | variables
        command = [sys.executable, ROOT / "scripts/zstack-resync.py", "--zstack", self.zstack.api, *options]
        ended = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100
        )
        for secret in SECRETS:
            assert secret not in ended.stdout + ended.stderr
        assert ended.stderr == "" or ended.returncode == 2, ended.stderr
        return ended

    def resync(self, *options: str, **variables: str) -> subprocess.CompletedProcess:
        """Post what was told within two hours, fast."""
        return self.run(
            "--endpoint", "flashduty", "--since", "2h", "--yes", "--per-minute", "800", *options, **variables
        )


@pytest.fixture
def cloud(binary: Path, answers: Answers, tmp_path: Path) -> Iterator[Cloud]:
    """A ZStack with the presets and some rules of people."""
    with ZStack(binary, log=tmp_path / "zstack.log") as zstack:
        yield Cloud(zstack, answers)


HOST_CPU, CDP = "00d9435038505e5f90af167cfacbf611", "065f9609dce141bb952c80f729f58af4"
"""Preset alarms."""

RECOVERING = {"enableRecovery": True, "period": 300.0}


def outage(zstack: ZStack) -> dict[str, str]:
    """What ZStack tells while nobody listens. The result are ids of messages by what should become of them."""
    zstack.change("alarms", HOST_CPU, **RECOVERING)
    told = [
        ("", zstack.fire(HOST_CPU, "node-07", deliver=False)),
        ("opens", zstack.fire(HOST_CPU, "node-08", deliver=False)),
        ("closes", zstack.recover(HOST_CPU, "node-07", deliver=False)),
        ("event", zstack.event("HostDisconnected", "计算节点-01", labels={"Error": "no answer"}, deliver=False)),
        ("listed", zstack.fire("Disk almost full", "node-07", deliver=False)),
    ]
    return {name: it["records"][0]["dataUuid"] for name, it in told if name}


def ids(answers: Answers) -> list[str]:
    """The ids of the messages that came."""
    bodies = (json.loads(content) for _, _, content in answers.requests)
    return [it.get("ALARM_DATA_UUID") or it["EVENT_DATA_UUID"] for it in bodies]
