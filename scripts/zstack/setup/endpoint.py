"""Which endpoint can stay, and which ones it replaces."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import chosen_uuid
from .model import Row, State, Stop, Tried, Wanted, named


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

    found = [
        it
        for it in state.endpoints
        if it.get("type", "HTTP") == "HTTP"
        and it.get("url") == wanted.url
        and (it.get("username") or "") == wanted.user
    ]
    return sorted(found, key=order)


def to_test(state: State, wanted: Wanted) -> list[Row]:
    """The endpoints whose password has to be tested, until one works."""
    return [] if wanted.new_password else fitting(state, wanted)


def chosen(state: State, wanted: Wanted) -> Row | None:
    """The endpoint that can stay; None if a new one is needed."""
    found = to_test(state, wanted)
    for outcome in ("works", "unknown"):
        for row in found:
            if state.tested.get(row["uuid"], Tried("unknown")).outcome == outcome:
                return row
    for row in found:
        tested = state.tested[row["uuid"]]
        if tested.outcome == "fails":
            raise Stop("endpoint_fails", name=named(row), words=tested.words)
    return None


def older(state: State, wanted: Wanted, keep: str) -> list[Row]:
    """The endpoints that the one to keep replaces: those of its name. What has no topic needs no step."""
    return [
        it
        for it in state.endpoints
        if it["uuid"] != keep and it.get("name") == wanted.name and it.get("type", "HTTP") == "HTTP"
    ]


def why_replaced(row: Row, wanted: Wanted) -> str:
    """A name in texts.py: what differs."""
    if row.get("url") != wanted.url:
        return "url_differs"
    return "user_differs" if (row.get("username") or "") != wanted.user else "password_differs"
