"""The whole product on one machine: a local AWS, a Flashduty stand-in, and template.yaml deployed.

`make run` is `python -m local`, `make storm` is `python -m local.storm`; the tests in tests/e2e use the
same parts.

    process   a program that runs beside us
    http      one HTTP request
    aws       MiniStack, the local AWS
    standin   the Flashduty stand-in of this workspace
    console   the same with a page to look at it
    stack     template.yaml, built and deployed for real
    queue     the queues of a stack
    samples   the files of events/ as requests
    storm     far too many alarms at once
    show      alerts, as a person on call would see them
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

WORK = ROOT / ".local"
"""Logs, build output and whatever else a run leaves behind; not in git."""
