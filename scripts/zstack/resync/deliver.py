"""Posts what was agreed while ZStack goes on sending, until every alert has the last state that ZStack told.

ZStack sends its own messages at the same time, and a record is read only after its message was made. So a
message of this program can arrive behind a newer one of ZStack's, and undo it. These rules keep that short:

1. Only alerts of the table that was agreed to are posted about, and those that such a message changes, too.
   Any other alert is left as ZStack's messages made it.
2. An alert is *ours* from the moment before the first post about it: a post can arrive without an answer.
3. A message is made from the last record about its alert, as of a read in the last `FRESH` seconds. So there
   is a read after the question, and one after a longer pause. Only the one message that waits for its next
   try, after 429 say, can be older.
4. An alert of ours *stands* if the last state that was posted is the last one that ZStack told, and if ZStack
   told no other state after the record that was posted. Then it ends in that state, whichever message comes
   first, because both senders keep their own order. A repetition of the same state changes nothing, so it is
   not posted.
5. Alerts of ours that do not stand are posted before all others. So one is wrong for about `FRESH` seconds at
   most, however many messages wait.
6. The run ends well only if all alerts of ours stand, at a read `SETTLE` seconds after the last post. Those
   that do not are listed, also after a stop. After Ctrl-C, and if ZStack cannot be asked, the program says
   that it has to be run again: that posts the last state of every alert, whatever was posted before.

ZStack's older messages must have arrived before. So docs/resync.md asks for an empty retry queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .decide import LISTED, OPENS, POSTED, Decision, Plan, effects
from .messages import body
from .post import Stopped, Webhook
from .records import Record
from .run import Resync
from .table import severity

FRESH = 60
"""Seconds after a read in which messages are posted."""

SETTLE = 5
"""Seconds. ZStack may write a record a moment after it sent the message."""

ROUNDS = 10
"""So often an alert is posted again because ZStack told a new state, until the program gives up."""

Posts = dict[str, tuple[tuple[int, str, int], str]]
"""The last post about each alert key: the order of its record, and the status."""


class Delivery:
    """The posts of one run."""

    def __init__(self, run: Resync, webhook: Webhook, agreed: Sequence[Decision]):
        self.run, self.webhook = run, webhook
        self.agreed = {key: status for it in agreed for key, status in statuses(it.record).items()}
        """The alert keys of the table, and the last status of each that people were told of."""
        self.ours: Posts = {}
        self.times: Counter = Counter()
        """How often each alert key was posted about."""
        self.counts: Counter = Counter()
        """Messages that got an answer, by what it was."""
        self.left: list[Decision] = []
        """What has to be posted, and is not."""
        self.restless = False
        """Whether some of it was posted too often."""

    @property
    def count(self) -> int:
        """Messages that got an answer."""
        return sum(self.counts.values())

    def deliver(self) -> None:
        """Post everything that is due, until nothing is."""
        while chosen := self.due(self.run.read_on()):
            self.run.look_up(chosen)
            self.post(chosen)
            self.run.sleep(SETTLE)

    def due(self, made: Plan) -> list[Decision]:
        """What has to be posted now: what may be wrong first, each part in the order of the records.

        What an earlier message will undo is in it, too. A trigger that would not be posted by itself is in it
        if this program may have closed its alert: ZStack has sent it anyway.
        """
        wanted = (POSTED, LISTED) if self.run.options.all else (POSTED,)
        wrong: list[Decision] = []
        others: list[Decision] = []
        after = dict(self.ours)
        changed = 0
        self.left, self.restless = [], False
        for it in made.decisions:
            keys = last(it, made)
            amiss = any_amiss(it, made, after)
            if not amiss and not any(key in self.agreed and key not in after for key in keys):
                continue
            # Without an id, the alert that ZStack opened may be another one.
            restores = amiss and it.effect == OPENS and it.why != "no_resource"
            tired = any(self.times[key] > ROUNDS for key in keys)
            if tired or not (it.outcome in wanted or restores):
                self.restless |= tired
                if tired or it.record.identity not in self.run.shown:
                    self.left.append(it)
                continue
            (wrong if any_amiss(it, made, self.ours) else others).append(it)
            after.update(posts(it.record))
            news = {key: status for key, status in keys.items() if self.agreed.get(key, status) != status}
            self.agreed.update(news)
            changed += bool(news)
        if changed:
            self.run.terminal.line(self.run.terminal.say("round", count=changed))
        return wrong + others

    def may_be_wrong(self) -> list[Decision]:
        """Of which alerts of ours ZStack told something else, after a last look."""
        self.run.sleep(SETTLE)
        made = self.run.read_on()
        return [it for it in made.decisions if any_amiss(it, made, self.ours)]

    def post(self, chosen: Sequence[Decision]) -> None:
        """Post these, in order, until the last read is too old."""
        for done, it in enumerate(chosen):
            if done and self.run.age > FRESH:
                return
            self.run.terminal.progress(
                self.run.terminal.say("posting", done=self.count, total=self.count + len(chosen) - done)
            )
            made = posts(it.record)
            before = {key: self.ours[key] for key in made if key in self.ours}
            # Before the post: it may arrive without an answer.
            self.ours.update(made)
            self.times.update(made.keys())
            try:
                answer = self.webhook.post(body(it.record, self.run.names))
            except Stopped:
                # It was not accepted, so what was wrong before it still is.
                self.ours.update(before)
                raise
            if answer.status < 300:
                self.counts["queued" if answer.status == 202 else "pushed"] += 1
            else:
                self.counts["refused"] += 1
                self.run.refused(it.record, answer)


def statuses(record: Record) -> dict[str, str]:
    """The alert keys that a record is about, and the status that each gets."""
    return {key: severity(record, effect) for key, effect in effects(record)}


def posts(record: Record) -> Posts:
    """What a post of this record does."""
    return {key: (record.order, status) for key, status in statuses(record).items()}


def last(it: Decision, made: Plan) -> dict[str, str]:
    """The alert keys about which nothing newer was told, and the status that each gets."""
    return {key: status for key, status in statuses(it.record).items() if made.told[key][-1][0] is it.record}


def stands(post: tuple[tuple[int, str, int], str], told: Sequence[tuple[Record, str]]) -> bool:
    """Whether an alert ends in the right state: rule 4. `told` is all that ZStack told about it."""
    order, status = post
    since = {severity(*it) for it in told if it[0].order > order}
    return since | {status} == {severity(*told[-1])}


def any_amiss(it: Decision, made: Plan, ours: Mapping[str, tuple]) -> bool:
    """Whether a record is the last one of an alert of ours that does not stand."""
    return any(key in ours and not stands(ours[key], made.told[key]) for key in last(it, made))
