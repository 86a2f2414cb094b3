"""What the program is given: the URL, and what ZStack could not send."""

from __future__ import annotations

import os
import re
import subprocess
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .facts import URL_LIMIT
from .model import Stop


def checked_token(token: str) -> str:
    """A token that ZStack can send."""
    if not re.fullmatch(r"[!-~]{1,512}", token):
        raise Stop("bad_token")
    return token


def checked_user(user: str) -> str:
    """A user name that ZStack accepts and sends together with the password."""
    if not re.fullmatch(r"[^:\x00-\x1f\x7f]{1,128}", user) or user != user.strip():
        raise Stop("bad_user")
    return user


def webhook(url: str, channel: str | None, cloud: str | None) -> str:
    """The URL of the endpoint."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Stop("bad_url") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and private(host))
    if not safe or not host or parts.username is not None or parts.fragment or re.search(r"\s", url):
        raise Stop("bad_url")
    query = parse_qsl(parts.query, keep_blank_values=True)
    # As the relay reads them.
    names = {key.strip().lower() for key, _ in query}
    if "token" in names or any("token=" in value.lower() for _, value in query):
        raise Stop("token_in_url")
    if cloud and "cloud" in names:
        raise Stop("cloud_twice")
    path = parts.path
    if channel is not None:
        # The rule of src/channel.rs.
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", channel):
            raise Stop("bad_channel")
        path = f"{path.rstrip('/')}/{channel}"
    asked = parts.query
    if cloud:
        # ZStack encodes the URL itself: Chinese stays as it is.
        asked = "&".join(it for it in (asked, "cloud=" + plain(cloud)) if it)
    whole = urlunsplit((parts.scheme, parts.netloc, path, asked, ""))
    if len(whole) > URL_LIMIT:
        raise Stop("long_url", most=URL_LIMIT)
    return whole


def plain(text: str) -> str:
    """A value of a query with only those characters encoded that would end it."""
    return "".join(it if ord(it) > 127 else urlencode({"": it})[1:] for it in text)


def private(host: str) -> bool:
    """Whether a host is this machine, or in a private network."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def stack_url(stack: str) -> str:
    """The WebhookUrl of a stack, from the AWS CLI."""
    asked = ["aws", "cloudformation", "describe-stacks", "--stack-name", stack, "--output", "text"]
    asked += ["--query", "Stacks[0].Outputs[?OutputKey=='WebhookUrl'].OutputValue"]
    environment = {**os.environ, "AWS_PAGER": "", "AWS_CLI_AUTO_PROMPT": "off"}
    try:
        done = subprocess.run(
            asked, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=60
        )
    except subprocess.TimeoutExpired:
        raise Stop("stack_unknown", stack=stack, words="timed out") from None
    except OSError as error:
        raise Stop("stack_unknown", stack=stack, words=error.strerror) from None
    found = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0 or not found.startswith("http"):
        words = done.stderr.decode("utf-8", "replace").strip() or "no WebhookUrl"
        raise Stop("stack_unknown", stack=stack, words=" ".join(words.split())[:300])
    return found
