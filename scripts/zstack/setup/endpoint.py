"""Which endpoint can stay, and which ones it replaces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .facts import chosen_uuid
from .model import Row, State, Stop, Tried, Wanted, named, on, shown


def own_uuids(wanted: Wanted) -> Iterator[str]:
    """The UUIDs of the endpoints that we make for this URL. Each new password needs a new endpoint."""
    for number in range(1000):
        yield chosen_uuid("endpoint", wanted.name, wanted.url, wanted.user, number)


def new_uuid(state: State, wanted: Wanted) -> str:
    """The UUID of a new endpoint: the one behind those of ours that exist, because `fitting` puts it first.

    The UUID of an older one that somebody deleted is not used again.
    """
    known = {it["uuid"] for it in state.endpoints}
    ours = list(own_uuids(wanted))
    return ours[max((number for number, it in enumerate(ours) if it in known), default=-1) + 1]


def webhooks(state: State) -> Iterator[Row]:
    """The endpoints without ZStack's own."""
    return (it for it in state.endpoints if it.get("type", "HTTP") == "HTTP")


def fits(row: Row, wanted: Wanted) -> bool:
    """Whether an endpoint has this URL and user name."""
    return row.get("url") == wanted.url and (row.get("username") or "") == wanted.user


def fitting(state: State, wanted: Wanted) -> list[Row]:
    """The endpoints with this URL and user name, the most likely one first.

    The newest of ours comes first, then those that are in use, then those of this name.
    """
    ours = list(own_uuids(wanted))

    def order(row: Row) -> tuple[int, int, int, str]:
        number = ours.index(row["uuid"]) if row["uuid"] in ours else -1
        return (
            -number - 1,
            0 if state.topics_of(row["uuid"]) else 1,
            0 if row.get("name") == wanted.name else 1,
            row["uuid"],
        )

    return sorted([it for it in webhooks(state) if fits(it, wanted)], key=order)


def to_test(state: State, wanted: Wanted) -> list[Row]:
    """The endpoints whose password has to be tested, until one works; after it, those that are in use."""
    return [] if wanted.new_password else fitting(state, wanted)


def chosen(state: State, wanted: Wanted) -> Row | None:
    """The endpoint that can stay; None if a new one is needed."""
    found = to_test(state, wanted)
    for outcome in ("works", "unknown"):
        for row in found:
            if state.tested.get(row["uuid"], Tried("unknown")).outcome == outcome:
                return row
    for row in found:
        tested = state.tested.get(row["uuid"])
        if tested and tested.outcome == "fails":
            raise Stop("endpoint_fails", name=named(row), words=tested.words)
    return None


def replaced(state: State, wanted: Wanted, keep: str) -> list[Row]:
    """The endpoints that the one to keep replaces. What has no topic needs no step.

    They are those of its name, and those whose password was changed: ZStack would try each message five times
    with it. `admin` sees the endpoints of every account. So one of somebody else is replaced only if it has
    our topic, or if we have none yet. It stops if there are several.
    """
    old, others = [], []
    for row in webhooks(state):
        rejected = on(row) and state.tested.get(row["uuid"], Tried("unknown")).outcome == "rejected"
        if row["uuid"] == keep:
            continue
        if fits(row, wanted) and (row.get("name") == wanted.name or rejected or wanted.new_password):
            old.append(row)
        elif row.get("name") == wanted.name:
            url, user = row.get("url"), row.get("username") or ""
            made_by_us = row["uuid"] in own_uuids(replace(wanted, url=url, user=user))
            (old if made_by_us else others).append(row)
    here = set(state.topics_of(keep))
    others = [it for it in others if (there := state.topics_of(it["uuid"])) and (not here or here & {*there})]
    if len(others) > 1:
        urls = ", ".join(sorted(shown(str(it.get("url"))) for it in others))
        raise Stop("several_of_name", name=wanted.name, urls=urls)
    return old + others


def why_replaced(row: Row, wanted: Wanted) -> str:
    """A name in texts.py: what differs."""
    if row.get("url") != wanted.url:
        return "url_differs"
    return "user_differs" if (row.get("username") or "") != wanted.user else "password_differs"
