"""`make secrets`: store Flashduty's push URL and a new webhook token in SSM, as SecureStrings.

With `CHANNEL=name` it stores the push URL of a channel.

Only the new token is written to stdout, everything else to stderr: `token=$(make -s secrets)`.
"""

import argparse
import os
import re
import sys
from collections.abc import Collection
from getpass import getpass
from ipaddress import ip_address
from secrets import token_hex
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from . import Failed, account

PUSH_URL, TOKEN = "push-url", "webhook-token"
VARIABLES = {PUSH_URL: "PUSH_URL", TOKEN: "WEBHOOK_TOKEN"}
"""The variables with values that a person gives."""

PREFIX = "/zstack-flashduty"
"""The prefix of the template's default names."""

SHORTEST_TOKEN = 16
"""In characters. The functions accept a shorter token, and log a warning (src/secrets/token.rs)."""

DESCRIPTIONS = {
    PUSH_URL: "Flashduty's push URL, for zstack-flashduty",
    TOKEN: "The token that ZStack must send, for zstack-flashduty",
}


class Store:
    """The two parameters in SSM: the stack's own, or those of a channel, which are below them."""

    def __init__(self, prefix: str, key: str | None, channel: str | None = None):
        self._ssm = boto3.client("ssm")
        self._key = key
        below = f"/{channel}" if channel else ""
        self.names = {secret: f"{prefix}/{secret}{below}" for secret in (PUSH_URL, TOKEN)}

    def present(self) -> set[str]:
        """Return which of the two exist. Their values are not decrypted."""
        found = self._ssm.get_parameters(Names=list(self.names.values()))["Parameters"]
        names = {it["Name"] for it in found}
        return {secret for secret, name in self.names.items() if name in names}

    def create(self, secret: str, value: str) -> None:
        """Create a parameter; fail if it exists."""
        key = {"KeyId": self._key} if self._key else {}
        self._put(secret, value, Overwrite=False, **key)

    def replace(self, secret: str, value: str) -> None:
        """Replace a parameter and keep its KMS key. Without a key, SSM would use its own."""
        self._put(secret, value, Overwrite=True, KeyId=self._key or self._key_of(self.names[secret]))

    def _key_of(self, name: str) -> str:
        named = {"Key": "Name", "Values": [name]}
        # SSM may return empty pages before the page with the parameter.
        pages = self._ssm.get_paginator("describe_parameters").paginate(ParameterFilters=[named])
        try:
            keys = [it["KeyId"] for page in pages for it in page["Parameters"] if it.get("KeyId")]
            why = "ssm:DescribeParameters does not show it"
        except ClientError as error:
            keys, why = [], str(error)
        if not keys:
            raise Failed(
                f"{name} was not replaced, because its KMS key is not known ({why}).\n"
                "Name the key with KMS_KEY=...; KMS_KEY=alias/aws/ssm is SSM's own."
            )
        return keys[0]

    def _put(self, secret: str, value: str, **options: object) -> None:
        self._ssm.put_parameter(
            Name=self.names[secret],
            Description=DESCRIPTIONS[secret],
            Type="SecureString",
            Value=value,
            **options,
        )


def checked(push_url: str) -> str:
    """Check a push URL by the rules of src/flashduty/push_url.rs. An error never contains the URL."""
    push_url = push_url.strip()
    try:
        url = urlsplit(push_url)
        host = url.hostname or ""
    except ValueError:
        host = ""
    if not host or not host.isascii() or len(push_url.split()) != 1:
        raise Failed("The push URL is not a URL. Copy the whole of it from the integration in Flashduty.")
    if url.scheme != "https" and not (url.scheme == "http" and loopback(host)):
        raise Failed("The push URL does not start with https://.")
    key = dict(reversed(parse_qsl(url.query))).get("integration_key")
    if not key or "…" in key:
        raise Failed(
            "The push URL has no integration_key. Copy the whole of it, quoted in the shell for its `?`."
        )
    return push_url


def checked_token(text: str) -> str:
    """Check tokens, one on a line, by the rules of src/secrets/token.rs. An error never contains a token."""
    tokens = [line.strip(" \t") for line in re.split(r"[\r\n]", text)]
    tokens = [token for token in tokens if token]
    if not tokens:
        raise Failed("The webhook token is empty.")
    if not all(re.fullmatch(r"[!-~ \t]+", token) for token in tokens):
        raise Failed(
            "The webhook token may contain only visible ASCII and blanks. ZStack can send nothing else."
        )
    if any(len(token) < SHORTEST_TOKEN for token in tokens):
        raise Failed(
            f"The webhook token is too short: it needs at least {SHORTEST_TOKEN} characters. "
            "Without WEBHOOK_TOKEN=..., a random token is created."
        )
    if any(len(words) > 1 and min(map(len, words)) >= SHORTEST_TOKEN for words in map(str.split, tokens)):
        raise Failed("The webhook token has several tokens on one line. Put each one on a line of its own.")
    return "\n".join(tokens)


def checked_channel(name: str) -> str:
    """Check a channel's name by the rule of src/channel.rs."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise Failed("A channel's name has 1 to 64 characters: letters, digits, `_`, `.` and `-`.")
    return name


def loopback(host: str) -> bool:
    """Whether a host is this machine, as in a local run."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def asked() -> str:
    """Ask for the push URL on the terminal, without showing it."""
    if not sys.stdin.isatty():
        raise Failed(
            "The push URL is missing. Run `make secrets` in a terminal, or give it with PUSH_URL=..."
        )
    return getpass("Flashduty's push URL (it will not be shown): ")


def store(
    there: Store,
    given: dict[str, str],
    overwrite: Collection[str],
    needed: Collection[str] = (PUSH_URL, TOKEN),
) -> str | None:
    """Write what is missing, if it is needed or given, and what is to be replaced.

    Return the token if it was created here.
    """
    present = there.present()
    missing = {*needed, *given} - present
    wanted = [secret for secret in (PUSH_URL, TOKEN) if secret in missing or secret in overwrite]
    if not wanted or not given.keys() <= set(wanted):
        names = " and ".join(there.names[secret] for secret in sorted(present))
        raise Failed(
            f"Already in SSM: {names}. Nothing was changed.\n"
            f"OVERWRITE={PUSH_URL} replaces the push URL. OVERWRITE={TOKEN} replaces the token; then\n"
            "ZStack is rejected until it has the new one. The documentation has a way that loses no alert."
        )
    if TOKEN in overwrite and TOKEN not in {*present, *needed, *given}:
        # The new token alone would open the channel, and ZStack shows the stack's.
        raise Failed(
            f"There is no {there.names[TOKEN]}. The stack's token opens this channel. Nothing was changed.\n"
            "OWN_TOKEN=1 gives the channel a token of its own. Then ZStack must show that one."
        )
    values = {}
    if TOKEN in wanted:
        # 192 bits, in characters that are safe in a URL, in a shell and in a password field.
        values[TOKEN] = checked_token(given[TOKEN]) if TOKEN in given else token_hex(24)
    if PUSH_URL in wanted:
        values[PUSH_URL] = checked(given.get(PUSH_URL) or asked())
    for secret, value in values.items():
        try:
            (there.replace if secret in present else there.create)(secret, value)
        except ClientError as error:
            raise Failed(f"{there.names[secret]} could not be written: {error}") from None
        print(f"{'Replaced' if secret in present else 'Created'} {there.names[secret]}", file=sys.stderr)
    for secret in sorted(present - set(wanted)):
        print(f"Kept {there.names[secret]}", file=sys.stderr)
    return None if TOKEN in given else values.get(TOKEN)


def main() -> int:
    """Run it; the exit status is 0 if it succeeded."""
    parser = argparse.ArgumentParser(prog="make secrets", description=__doc__)
    parser.add_argument("--prefix", default=PREFIX, help="prefix of the parameters' names")
    parser.add_argument("--key", help="KMS key instead of aws/ssm")
    parser.add_argument("--channel", help="name of a channel, to write its parameters")
    parser.add_argument("--own-token", action="store_true", help="give the channel a token of its own")
    parser.add_argument("--overwrite", action="append", choices=(PUSH_URL, TOKEN), default=[])
    options = parser.parse_args()
    # Not from arguments, which everybody on this machine can read.
    given = {secret: os.environ.pop(name, "") for secret, name in VARIABLES.items()}
    given = {secret: value for secret, value in given.items() if value}
    try:
        print(f"In {account.current()}", file=sys.stderr)
        channel = checked_channel(options.channel) if options.channel else None
        there = Store(options.prefix, options.key, channel)
        # The stack's token opens a channel without one of its own.
        needed = (PUSH_URL, TOKEN) if options.own_token or not channel else (PUSH_URL,)
        token = store(there, given, options.overwrite, needed)
    except (Failed, BotoCoreError, ClientError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    if token:
        print(
            "\nThe webhook token, the password of ZStack's endpoint. It is not shown again:\n",
            file=sys.stderr,
        )
        print(token, flush=True)
    if channel:
        print(f"\nThe URL of its endpoint in ZStack ends in /zstack/{channel}", file=sys.stderr)
    elif options.prefix != PREFIX:
        print(
            "\nDeploy with PARAMETERS='"
            f"PushUrlParameter={there.names[PUSH_URL]} WebhookTokenParameter={there.names[TOKEN]}'",
            file=sys.stderr,
        )
    if options.key:
        print("\nDeploy with the key's ARN: PARAMETERS='KmsKeyArn=...'", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
