"""The queues, and the event sources that read them.

- Event sources rewrite a queue's list of messages in their own thread, under a lock that SendMessage and
  DeleteMessage do not hold. A message that was just accepted could be lost, and a deleted one could come
  back.
- For every message of a FIFO queue, MiniStack checks all deduplication ids of the last five minutes for old
  ones. With thousands of messages it does nothing else. Once a second is enough.
- StartMessageMoveTask moves all messages of a queue to another at once, and not in the background.
- An event source whose function failed shows what AWS shows: `PROBLEM: Function call failed`.

A queue with the tag `count-lag-seconds` counts late, as SQS may. Its approximate counts leave out the
messages that were sent within that many seconds. Without the tag the counts are exact.
"""

import time

from ministack.services import lambda_svc, sqs


def locked(call):
    """A call of SQS under the lock of the event sources."""

    def locked_call(data, queue_url):
        with sqs._queues_lock:
            return call(data, queue_url)

    return locked_call


refresh_counts = sqs._refresh_counts


def late_refresh_counts(queue):
    """Count without the messages that the queue does not count yet."""
    since = time.time() - float(queue["tags"].get("count-lag-seconds", 0))
    refresh_counts(queue | {"messages": [it for it in queue["messages"] if it["sent_at"] <= since]})


prune_dedup = sqs._prune_dedup
pruned: dict[int, float] = {}


def throttled_prune_dedup(queue):
    """Remove old deduplication ids at most once a second."""
    now = time.monotonic()
    if now - pruned.get(id(queue), 0) > 1:
        pruned[id(queue)] = now
        prune_dedup(queue)


def start_message_move_task(data, _queue_url):
    """Move all messages now. Those that are hidden stay."""
    source, destination = (sqs._queue_by_arn(data[name]) for name in ("SourceArn", "DestinationArn"))
    if not source or not destination:
        raise sqs._Err("ResourceNotFoundException", "The resource that you specified does not exist.")
    with sqs._queues_lock:
        now = time.time()
        for it in [it for it in source["messages"] if it["visible_at"] <= now]:
            source["messages"].remove(it)
            destination["messages"].append(it | {"receive_count": 0, "first_receive_at": None})
    sqs.esm_wake.set()
    return {"TaskHandle": "moved"}


esm_response = lambda_svc._esm_response


def strict_esm_response(esm):
    """MiniStack's description of an event source, with the words of AWS about a failure."""
    shown = esm_response(esm)
    if shown.get("LastProcessingResult") == "FAILED":
        shown["LastProcessingResult"] = "PROBLEM: Function call failed"
    return shown


def apply():
    """Correct MiniStack."""
    for operation in ("SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch"):
        sqs._HANDLERS[operation] = locked(sqs._HANDLERS[operation])
    sqs._HANDLERS["StartMessageMoveTask"] = start_message_move_task
    sqs._refresh_counts = late_refresh_counts
    sqs._prune_dedup = throttled_prune_dedup
    lambda_svc._esm_response = strict_esm_response
