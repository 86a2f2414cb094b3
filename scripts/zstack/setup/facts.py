"""What is the same in every ZStack. docs/protocols/zstack.md says how certain each fact is."""

from __future__ import annotations

import uuid

SYSTEM_TOPIC = "e7d6f5e23bb74e99a2777126078b551c"
"""*system-alarm*: the topic of all preset alarms and subscriptions, also of those that an upgrade adds."""

API_TOPIC = "7bfa0eb8555b3528ace936edfd1d74f1"
"""Every API call and its answer go there. No endpoint of ours belongs to it."""

ADMIN = "36c27e8ff05c4780bf6d2fa65700f22e"
"""The account that owns the preset rules."""

LONG_PERIOD = 1800
"""Seconds. ZStack remembers a state for 30 minutes, so a rule with this duration never sends a recovery."""

LEVELS = ("Emergent", "Important", "Normal")

WAYS_BACK = {
    "HostDisconnected": "HostConnected",
    "HostPhysicalNicStatusDown": "HostPhysicalNicStatusUp",
    "HostPhysicalDiskRemoveTriggered": "HostPhysicalDiskInsertTriggered",
    "PrimaryStorageDisconnected": "PrimaryStorageConnected",
    "BackupStorageDisconnected": "BackupStorageConnected",
    "ManagementNodeLeft": "ManagementNodeJoin",
    "VRouterDisconnected": "VRouterConnected",
    "VRouterPaused": "VRouterConnected",
    "VRouterUnhealthy": "VRouterHealthy",
    "SlbVmInstanceDisconnected": "SlbVmInstanceConnected",
}
"""Events, and the event that ends each. The namespace is that of the subscription to the problem."""

VM_STATES = {"VMHAStarted": "VMStateChangedOnHost"}
"""The same, only if it is asked for: ZStack sends this way back at every change of every VM."""

URL_LIMIT = 2048
"""Characters of an endpoint's URL when it is created."""

NAMESPACE = uuid.UUID("6f0f6c0e-3b0e-5b0a-9c57-0d5c1c3a7e21")


def chosen_uuid(*parts: object) -> str:
    """The UUID that we give to something new. Two runs give the same, so ZStack rejects a double."""
    return uuid.uuid5(NAMESPACE, "\n".join(str(it) for it in parts)).hex
