"""What is set in ZStack now."""

from __future__ import annotations

from collections.abc import Callable

from ..api import Api, Refused
from . import steps
from .endpoint import to_test
from .model import State, Tried, Wanted

TEST_PATIENCE = 200
"""Seconds. ZStack sends its test message up to five times, and waits up to 30 seconds for each answer."""


def read(api: Api, progress: Callable[[str], None]) -> State:
    """Every list that the plan needs. `progress` gets the name of each in texts.py."""
    state = State()
    progress("read_endpoints")
    state.endpoints = rows(api, steps.HTTP)
    state.subscribers = [
        it for it in api.query(steps.SUBSCRIBERS, sort="+topicUuid") if it.get("endpointUuid")
    ]
    state.topics = rows(api, steps.TOPICS)
    progress("read_alarms")
    state.alarms = rows(api, steps.ALARMS)
    progress("read_events")
    state.subscriptions = rows(api, steps.EVENTS)
    state.events = events(api)
    progress("read_templates")
    state.templates = templates(api)
    return state


def rows(api: Api, path: str) -> list[dict]:
    """A list. What has no UUID cannot be changed."""
    return [it for it in api.query(path) if isinstance(it.get("uuid"), str)]


def events(api: Api) -> set[tuple[str, str]] | None:
    """The events that this version knows; None if it cannot be asked."""
    try:
        answer = api.get(steps.EVENT_METADATA)
    except Refused as error:
        if error.status == 503:
            raise
        return None
    found = answer.get("events")
    if not isinstance(found, list) or not found:
        return None
    return {(str(it.get("namespace")), str(it.get("name"))) for it in found if isinstance(it, dict)}


def templates(api: Api) -> list[dict]:
    """The default templates for webhooks. Older versions have no templates."""
    try:
        found = rows(api, steps.TEMPLATES)
    except Refused as error:
        if error.status == 503:
            raise
        return []
    return [
        it
        for it in found
        if it.get("defaultTemplate") is True and str(it.get("applicationPlatformType")).upper() == "HTTP"
    ]


def tested(api: Api, params: dict[str, str]) -> Tried:
    """What comes of ZStack's test message: with stored values (`endpointUuid`), or with these."""
    try:
        answer = api.post(steps.TEST, params, patience=TEST_PATIENCE)
    except Refused as error:
        if error.status in (400, 404, 405):
            return Tried("unknown")
        if error.code.startswith(("ID.", "LOGIN_CONTROL.")):
            raise
        words = " ".join(it for it in (error.code, error.reason or error.description) if it)
        # ZStack passes on the words of its HTTP client.
        return Tried("rejected" if "401" in error.numbers else "fails", words)
    answered = api.clean(answer.get("webhookResp", ""))
    return Tried("works" if answer.get("connected") is not False else "fails", answered)


def test_stored(api: Api, state: State, wanted: Wanted) -> None:
    """Test the endpoints that fit. Nothing else tells whether a password differs."""
    works = False
    for row in to_test(state, wanted):
        uuid = row["uuid"]
        if works and not state.topics_of(uuid):
            continue
        state.tested[uuid] = tested(api, {"endpointUuid": uuid})
        if state.tested[uuid].outcome == "unknown":
            return
        works = works or state.tested[uuid].outcome == "works"
