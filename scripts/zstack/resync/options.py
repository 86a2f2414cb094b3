"""The options of `zstack-resync.py`."""

from __future__ import annotations

import argparse
import os
import re
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from terminal import Terminal

from ..arguments import Parser, offset
from .session import Wrong
from .since import since

PER_MINUTE = 300
"""Messages. `redeliver` pushes at most 800 a minute, and ZStack's own alerts need room as well."""


def with_channel(url: str, channel: str | None) -> str:
    """The URL of a channel of the stack."""
    if not channel:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{channel}"))


def is_url(value: str) -> bool:
    """Whether it can be the URL of a webhook."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def channel(name: str) -> str:
    """The name of a channel, by the rule of src/channel.rs."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise argparse.ArgumentTypeError("1 to 64 letters, digits, _ . -")
    return name


def pace(value: str) -> float:
    """Messages a minute."""
    found = float(value)
    if not 1 <= found <= 800:
        raise argparse.ArgumentTypeError("1 to 800")
    return found


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(
        prog="zstack-resync.py",
        description="After an outage: read what ZStack told, and post the last state of each alert to the"
        " webhook again.",
        epilog="The password of ZStack is asked for, or taken from ZSTACK_PASSWORD; the token of the webhook"
        " from WEBHOOK_TOKEN. docs/resync.md explains the rest.",
    )
    parser.add_argument(
        "--zstack",
        default=os.environ.get("ZSTACK") or "127.0.0.1",
        metavar="ADDRESS",
        help="of a management node (variable ZSTACK, or this machine)",
    )
    parser.add_argument("--since", required=True, metavar="TIME", help="2h, or 2026-11-28T10:00+08:00")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--url", help="of the webhook, exactly as the endpoint in ZStack has it")
    target.add_argument(
        "--endpoint", metavar="NAME", help="name of the endpoint in ZStack, which has the URL"
    )
    parser.add_argument("--channel", type=channel, help="add /CHANNEL to the path of --url")
    parser.add_argument("--all", action="store_true", help="also post alerts whose end ZStack never tells")
    parser.add_argument("--dry-run", action="store_true", help="print the tables, and post nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before posting")
    parser.add_argument(
        "--per-minute", type=pace, default=PER_MINUTE, metavar="N", help=f"messages a minute ({PER_MINUTE})"
    )
    parser.add_argument("--account", default="admin", help="account in ZStack (admin)")
    parser.add_argument("--ask-second-factor", action="store_true", help="the account needs a second factor")
    parser.add_argument("--access-key", metavar="ID", help="sign with an access key, and do not log in")
    parser.add_argument(
        "--zone",
        type=offset,
        metavar="+08:00",
        help="time zone of ZStack, for an access key. One behind UTC needs the sign =: --zone=-05:00",
    )
    for name, what in (
        ("password", "the password"),
        ("secret", "the access key's secret"),
        ("token", "the token"),
    ):
        parser.add_argument(f"--{name}-file", metavar="FILE", help=f"read {what} from a file")
    parser.add_argument("--ca-file", metavar="FILE", help="certificate of the CA of ZStack's API")
    parser.add_argument("--language", choices=("en", "zh"), help="that of the terminal by default (LANG)")
    return parser


def checked(terminal: Terminal, options: argparse.Namespace) -> datetime:
    """Check what argparse cannot check. The result is the time of `--since`."""
    if options.url:
        if not is_url(options.url):
            raise Wrong(terminal.say("bad_url"))
        if "token=" in options.url.lower():
            raise Wrong(terminal.say("token_in_url"))
        options.url = with_channel(options.url, options.channel)
    elif options.channel:
        raise Wrong(terminal.say("channel_needs_url"))
    try:
        return since(options.since, datetime.now().astimezone())
    except (ValueError, OverflowError):
        raise Wrong(terminal.say("bad_since")) from None
