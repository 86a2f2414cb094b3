"""After an outage, zstack-resync.py brings Flashduty to what ZStack told meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import World
from local import ROOT, server
from local.aws import free_port
from local.stack import Stack
from local.zstack import PASSWORD, SYSTEM_TOPIC, ZStack

HOST_CPU, VM_CPU = "5z6gsgkc5kccpylj9ocgbd647p2700b7", "uhgfoh0soh6e1qai005elfa9c6h2s2y0"
"""Preset alarms of ZStack."""


def resync(world: World, zstack: ZStack) -> str:
    """Run the program, and return what it printed."""
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "no_proxy": "*"}
    env |= {"ZSTACK_PASSWORD": PASSWORD, "WEBHOOK_TOKEN": world.token}
    command = [sys.executable, ROOT / "scripts/zstack-resync.py", "--zstack", zstack.api]
    command += ["--endpoint", "flashduty", "--since", "1h", "--yes", "--per-minute", "800"]
    ended = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert world.token not in ended.stdout
    return ended.stdout


def history(world: World) -> dict[str, list[str]]:
    """The statuses of each alert, by what it is about."""
    return {
        f"{alert['labels']['resource']}: {alert['labels']['check']}": [
            it["status"] for it in alert["history"]
        ]
        for alert in world.flashduty.alerts()
    }


def test_what_is_missing_opens_and_what_is_over_closes(world: World, relay: Stack, tmp_path: Path):
    """And what is right already stays as it is. The alerts have the keys of ZStack's own messages."""
    with ZStack(server.build("zstack-standin"), "--try-pause", "20", log=tmp_path / "zstack.log") as zstack:
        endpoint = zstack.add(
            "endpoints",
            name="flashduty",
            url=f"{relay.url}/zstack?cloud=北京",
            username="zstack",
            password=world.token,
            type="HTTP",
            state="Enabled",
        )
        zstack.add("subscribers", topicUuid=SYSTEM_TOPIC, endpointUuid=endpoint["uuid"])
        for rule in (HOST_CPU, VM_CPU):
            zstack.change("alarms", rule, enableRecovery=True)

        zstack.fire(HOST_CPU, "node-07")
        zstack.fire(HOST_CPU, "node-08")
        zstack.event("HostDisconnected", "计算节点-01", labels={"Error": "no answer"})
        before = {
            "node-07: Host CPU": ["Warning"],
            "node-08: Host CPU": ["Warning"],
            "计算节点-01: HostDisconnected": ["Critical"],
        }
        assert history(world) == before

        zstack.change("endpoints", endpoint["uuid"], url=f"http://127.0.0.1:{free_port()}/zstack?cloud=北京")
        zstack.recover(HOST_CPU, "node-08")
        zstack.fire(VM_CPU, "web-01")
        zstack.event("HostConnected", "计算节点-01", labels={"NewStatus": "Connected"})
        zstack.event("HostPhysicalNicStatusDown", "node-08", labels={"PhysicalNicName": "ens5f0"})
        zstack.fire(VM_CPU, "订单库-01")
        zstack.recover(VM_CPU, "订单库-01")
        assert history(world) == before
        zstack.change("endpoints", endpoint["uuid"], url=endpoint["url"])

        shown = resync(world, zstack)
    assert "✓ 6 posted: 6 in Flashduty, 0 in the retry queue, 0 refused." in shown
    after = {
        "node-07: Host CPU": ["Warning"],
        "node-08: Host CPU": ["Warning", "Ok"],
        "计算节点-01: HostDisconnected": ["Critical", "Ok"],
        "web-01: VM CPU": ["Warning"],
        "node-08: HostPhysicalNicStatusDown": ["Critical"],
    }
    found = history(world)
    assert found.keys() == after.keys(), shown
    # A repetition with other words adds to the history, and opens nothing.
    assert {name: list(dict.fromkeys(it)) for name, it in found.items()} == after
    open_alerts = {alert["alert_key"] for alert in world.flashduty.alerts() if alert["open"]}
    assert len(open_alerts) == 3
    assert all(key.startswith("zstack:cloud=北京:") for key in open_alerts)
