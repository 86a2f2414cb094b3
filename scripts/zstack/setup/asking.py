"""What a person types, or a variable or a file has: passwords, the token, the URL.

No secret is an argument, because `ps` shows arguments.
"""

from __future__ import annotations

import base64
import getpass
import os
import re
import subprocess
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from .facts import URL_LIMIT
from .model import Stop


def secret(question: str, variable: str, file: str | None, option: str) -> str:
    """A secret from a file, a variable, or the keyboard."""
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            # Not the name of the file: somebody may have typed the secret there.
            raise Stop("bad_secret_file", option=option, why=why) from None
    if os.environ.get(variable):
        return os.environ[variable]
    try:
        return getpass.getpass(question)
    except (EOFError, OSError):
        raise Stop("no_answer", variable=variable, option=option) from None


def token_forms(user: str, token: str) -> set[str]:
    """A token as it can appear in somebody's words."""
    return {token, quote(token, safe=""), base64.b64encode(f"{user}:{token}".encode()).decode()}


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


def offset(zone: str | None) -> timedelta | None:
    """`+08:00` as a time difference."""
    if zone is None:
        return None
    read = re.fullmatch(r"([+-])(\d{1,2}):?(\d\d)?", zone.strip())
    if not read or int(read[2]) > 14:
        raise Stop("bad_zone")
    found = timedelta(hours=int(read[2]), minutes=int(read[3] or 0))
    return -found if read[1] == "-" else found
