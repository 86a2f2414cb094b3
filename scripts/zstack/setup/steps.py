"""How each step is done, seen to be done, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..api import Api
from .model import Row, Step, named, sends_to

HTTP = "/sns/application-endpoints/http"
ENDPOINTS = "/sns/application-endpoints"
TOPICS = "/sns/topics"
TOPIC_STATES = "/zwatch/topics"
SUBSCRIBERS = "/sns/topics/subscribers"
ALARMS = "/zwatch/alarms"
EVENTS = "/zwatch/events/subscriptions"
EVENT_METADATA = "/zwatch/events/meta-data"
TEMPLATES = "/zwatch/alarms/sns/text-templates"
TEST = f"{HTTP}/test-connection"

GONE = None
"""What a step is about does not exist any more."""

Entry = dict[str, Any]
"""A step as the undo file has it."""


class NotKept(Exception):
    """ZStack answered that it did it, and did not."""


@dataclass(frozen=True)
class Kind:
    """A kind of step. Each function takes the API and the step as the undo file has it.

    `holds` is true if it is done, false if it is not, and `GONE` if it can be neither done nor taken back any
    more. `do` is None where only the caller has the password: see `create_endpoint`. `users` are the names of
    what others added to the thing that `undo` would delete.
    """

    holds: Callable[[Api, Entry], bool | None]
    do: Callable[[Api, Entry], Any] | None
    undo: Callable[[Api, Entry], Any]
    users: Callable[[Api, Entry], list[str]] = lambda api, it: []


def entry(step: Step) -> Entry:
    """A step for the undo file. None of its values is a secret; a URL could hold one, and stays out."""
    values = {key: value for key, value in step.values if key != "url"}
    return {"kind": step.kind, "uuid": step.uuid, "name": step.name, **values}


def found(api: Api, path: str, uuid: str) -> Row | None:
    """The row of a UUID. Asked as a list, because some rules have UUIDs that are none."""
    return next((it for it in api.query(path, f"uuid={uuid}") if it.get("uuid") == uuid), None)


def exists(path: str) -> Callable[[Api, Entry], bool | None]:
    """Whether there is such a thing."""
    return lambda api, it: found(api, path, it["uuid"]) is not None


def enabled(path: str) -> Callable[[Api, Entry], bool | None]:
    """Whether it is on."""

    def holds(api: Api, it: Entry) -> bool | None:
        row = found(api, path, it["uuid"])
        return GONE if row is None else row.get("state") == "Enabled"

    return holds


def has_action(path: str) -> Callable[[Api, Entry], bool | None]:
    """Whether a rule sends to the topic."""

    def holds(api: Api, it: Entry) -> bool | None:
        row = found(api, path, it["uuid"])
        return GONE if row is None else it["topic"] in sends_to(row)

    return holds


def add_action(path: str) -> Callable[[Api, Entry], Any]:
    """Have a rule send to the topic."""
    return lambda api, it: api.post(
        f"{path}/{it['uuid']}/actions", {"actionUuid": it["topic"], "actionType": "sns"}
    )


def remove_action(path: str) -> Callable[[Api, Entry], Any]:
    """Have it no longer send there."""
    return lambda api, it: api.delete(f"{path}/{it['uuid']}/actions/{it['topic']}")


def change(path: str, action: str, **params: Any) -> Callable[[Api, Entry], Any]:
    """Set a value."""
    return lambda api, it: api.put(f"{path}/{it['uuid']}/actions", action, params)


def remove(path: str) -> Callable[[Api, Entry], Any]:
    """Delete what a step made."""
    return lambda api, it: api.delete(f"{path}/{it['uuid']}")


def subscribed(api: Api, it: Entry) -> bool:
    """Whether an endpoint is on a topic."""
    asked = (f"topicUuid={it['uuid']}", f"endpointUuid={it['endpoint']}")
    rows = api.query(SUBSCRIBERS, *asked, sort="+topicUuid")
    return any(
        row.get("topicUuid") == it["uuid"] and row.get("endpointUuid") == it["endpoint"] for row in rows
    )


def subscribe(api: Api, it: Entry) -> Any:
    """Have an endpoint get what is sent to a topic."""
    return api.post(f"{TOPICS}/{it['uuid']}/endpoints/{it['endpoint']}", {})


def unsubscribe(api: Api, it: Entry) -> Any:
    """End that."""
    return api.delete(f"{TOPICS}/{it['uuid']}/endpoints/{it['endpoint']}")


def unsubscribed(api: Api, it: Entry) -> bool | None:
    """Whether an endpoint is off a topic. A deleted one cannot be subscribed again."""
    if subscribed(api, it):
        return False
    there = found(api, HTTP, it["endpoint"]) and found(api, TOPICS, it["uuid"])
    return True if there else GONE


def names_of(api: Api, path: str, uuids: set[str]) -> list[str]:
    """What people call these. What the list does not have, such as an endpoint for mail, has its UUID."""
    known = {row.get("uuid"): named(row) for row in api.query(path)} if uuids else {}
    return [known.get(it, it) for it in sorted(uuids)]


def endpoints_on(api: Api, topic: str) -> set[str]:
    """The endpoints that are subscribed to a topic."""
    rows = api.query(SUBSCRIBERS, f"topicUuid={topic}", sort="+topicUuid")
    return {row.get("endpointUuid") for row in rows if row.get("topicUuid") == topic} - {None}


def users_of_topic(api: Api, it: Entry) -> list[str]:
    """The rules that send to a topic, and the endpoints on it."""
    rules = [row for path in (ALARMS, EVENTS) for row in api.query(path)]
    names = [named(row) for row in rules if it["uuid"] in sends_to(row)]
    return names + names_of(api, HTTP, endpoints_on(api, it["uuid"]))


def joined(api: Api, it: Entry) -> list[str]:
    """The endpoints that were subscribed to a topic after it was enabled."""
    return names_of(api, HTTP, endpoints_on(api, it["uuid"]) - {*it.get("there", ())})


def losing(api: Api, entries: list[Entry]) -> list[str]:
    """The endpoints of others that no longer get what is taken back. ZStack's own does not count."""
    topics = {it["topic"] for it in entries if it.get("topic")}
    own = {it["endpoint"] for it in entries if it["kind"] == "subscribe"}
    own |= {row["uuid"] for row in api.query(HTTP) if row.get("type") == "SYSTEM_HTTP"}
    return names_of(api, HTTP, {end for topic in topics for end in endpoints_on(api, topic)} - own)


def users_of_endpoint(api: Api, it: Entry) -> list[str]:
    """The topics of an endpoint."""
    rows = api.query(SUBSCRIBERS, f"endpointUuid={it['uuid']}", sort="+topicUuid")
    topics = {row.get("topicUuid") for row in rows if row.get("endpointUuid") == it["uuid"]} - {None}
    return names_of(api, TOPICS, topics)


def users_of_event(api: Api, it: Entry) -> list[str]:
    """The other topics to which a subscription sends."""
    row = found(api, EVENTS, it["uuid"])
    return names_of(api, TOPICS, sends_to(row) - {it["topic"], ""} if row else set())


def recovers(api: Api, it: Entry) -> bool | None:
    """Whether recovery notification is on."""
    row = found(api, ALARMS, it["uuid"])
    return GONE if row is None else row.get("enableRecovery") is True


def recover(api: Api, it: Entry) -> Any:
    """Switch it on, and see that it is. A version that does not know the field would ignore it."""
    answer = change(ALARMS, "updateAlarm", enableRecovery=True)(api, it)
    row = answer.get("inventory")
    if not (isinstance(row, dict) and row.get("enableRecovery") is True) and not recovers(api, it):
        raise NotKept


def create_topic(api: Api, it: Entry) -> Any:
    """Make a topic."""
    return api.post(TOPICS, {"name": it["name"], "resourceUuid": it["uuid"]})


def subscribe_event(api: Api, it: Entry) -> Any:
    """Subscribe to an event. A way back is no trouble, and ZStack knows no level for that."""
    params = {
        "name": it["name"],
        "namespace": it["namespace"],
        "eventName": it["name"],
        "emergencyLevel": "Normal",
        "actions": [{"actionUuid": it["topic"], "actionType": "sns"}],
        "resourceUuid": it["uuid"],
    }
    return api.post(EVENTS, params)


def create_endpoint(url: str, password: str) -> Callable[[Api, Entry], Any]:
    """Make an endpoint. Neither URL nor password are in the undo file."""
    return lambda api, it: api.post(
        HTTP,
        {
            "name": it["name"],
            "url": url,
            "username": it["user"],
            "password": password,
            "resourceUuid": it["uuid"],
        },
    )


KINDS = {
    "create_endpoint": Kind(exists(HTTP), None, remove(ENDPOINTS), users_of_endpoint),
    "enable_endpoint": Kind(
        enabled(HTTP),
        change(ENDPOINTS, "changeSNSApplicationEndpointState", stateEvent="enable"),
        change(ENDPOINTS, "changeSNSApplicationEndpointState", stateEvent="disable"),
    ),
    "create_topic": Kind(exists(TOPICS), create_topic, remove(TOPICS), users_of_topic),
    "enable_topic": Kind(
        enabled(TOPICS),
        change(TOPIC_STATES, "changeSNSTopicState", stateEvent="enable"),
        change(TOPIC_STATES, "changeSNSTopicState", stateEvent="disable"),
        joined,
    ),
    "subscribe": Kind(subscribed, subscribe, unsubscribe),
    "unsubscribe": Kind(unsubscribed, unsubscribe, subscribe),
    "alarm_action": Kind(has_action(ALARMS), add_action(ALARMS), remove_action(ALARMS)),
    "recovery": Kind(recovers, recover, change(ALARMS, "updateAlarm", enableRecovery=False)),
    "event_action": Kind(has_action(EVENTS), add_action(EVENTS), remove_action(EVENTS)),
    "subscribe_event": Kind(exists(EVENTS), subscribe_event, remove(EVENTS), users_of_event),
}
