"""The whole product on one machine: a local AWS, a Flashduty stand-in, and template.yaml deployed.

`make run` is `python -m local`, and `make storm` is `python -m local.storm`. The tests in tests/e2e use the
same modules.

    process   child processes
    http      one HTTP request
    aws       MiniStack, the local AWS
    standin   the Flashduty stand-in of this workspace
    console   the console: a stand-in with a page for people
    stack     template.yaml, built and deployed with SAM
    queue     the queues of a stack
    samples   the files of events/ as HTTP requests
    storm     an alert storm: more alarms than Flashduty accepts
    show      alerts on the terminal
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

WORK = ROOT / ".local"
"""Logs, build output and other files of a run; not in git."""
