"""The two secrets in SSM."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from terminal import NOTE, OK

from .advice import command, push_url_parameter, put, put_push_url
from .doctor import Doctor
from .findings import Failure, Finding
from .webhook import basic, loopback

SHORTEST_TOKEN = 16
"""The functions log a warning about shorter tokens (src/secrets/token.rs)."""


def push_url(doctor: Doctor) -> Finding:
    """The parameter with the push URL, by the rules of src/flashduty/push_url.rs."""
    name = push_url_parameter(doctor)
    store = [doctor.say("put_push_url"), put_push_url(doctor)]
    value = parameter(doctor, name, store).strip()
    try:
        url = urlsplit(value)
        host = url.hostname or ""
    except ValueError:
        host = ""
    if not host or not host.isascii() or len(value.split()) != 1:
        raise Failure(doctor.say("not_a_url", name=name), *store)
    if url.scheme != "https" and not (url.scheme == "http" and loopback(host)):
        raise Failure(doctor.say("not_https", name=name), *store)
    keys = {text for parameter, text in parse_qsl(url.query) if parameter == "integration_key"}
    if not keys or any("…" in key for key in keys):
        raise Failure(doctor.say("no_key", name=name), *store)
    doctor.terminal.secrets |= keys
    kind = next((it for it in reversed(url.path.split("/")) if it), "")
    doctor.zstack_kind = kind == "zstack"
    doctor.known.add("push_url")
    if kind not in ("standard", "zstack"):
        # The relay takes it for the standard kind.
        ends = doctor.terminal.words(f"/{kind}", 40)
        return Finding(
            NOTE,
            doctor.say("other_kind", name=name, host=host, ends=ends),
            [doctor.say("standard_only"), *store],
        )
    kind = "ZStack" if doctor.zstack_kind else doctor.say("standard_kind")
    return Finding(OK, doctor.say("push_url_ok", name=name, host=host, kind=kind))


def token(doctor: Doctor) -> Finding:
    """The parameter with the token, by the rules of src/secrets/token.rs."""
    name = token_parameter(doctor)
    store = [doctor.say("put_token"), put_token(doctor, name)]
    lines = [line.strip() for line in re.split(r"[\r\n]", parameter(doctor, name, store))]
    lines = [line for line in lines if line]
    if not lines:
        raise Failure(doctor.say("token_empty", name=name), *store)
    if not all(re.fullmatch(r"[!-~ \t]+", line) for line in lines):
        raise Failure(doctor.say("token_not_ascii", name=name), *store)
    doctor.tokens = lines
    doctor.terminal.secrets |= {basic(line) for line in lines}
    doctor.known.add("token")
    if any(len(line) < SHORTEST_TOKEN for line in lines):
        # No command here: one that stores a new token replaces the one that ZStack has.
        text = doctor.say("token_short", name=name, least=SHORTEST_TOKEN)
        return Finding(NOTE, text, [doctor.say("rotate_token")])
    several = (line.split() for line in lines)
    if any(len(words) > 1 and min(map(len, words)) >= SHORTEST_TOKEN for words in several):
        return Finding(NOTE, doctor.say("token_one_line", name=name), [doctor.say("token_lines")])
    return Finding(OK, doctor.say("token_ok", name=name, count=len(lines)))


def parameter(doctor: Doctor, name: str, store: list[str]) -> str:
    """The value of a SecureString. `store` is the advice that stores it."""
    # Not GetParameter: whoever deploys has the right for GetParameters.
    answer = doctor.aws.call("ssm", "get-parameters", Names=[name], WithDecryption=True)
    if not answer["Parameters"]:
        raise Failure(doctor.say("parameter_missing", name=name, region=doctor.aws.region), *store)
    [found] = answer["Parameters"]
    value = found["Value"]
    doctor.terminal.secrets |= {it for it in (value, *value.split()) if len(it) >= 4}
    if found["Type"] != "SecureString":
        delete = command(doctor, "aws", "ssm", "delete-parameter", "--name", name)
        raise Failure(
            doctor.say("parameter_plain", name=name, type=found["Type"]),
            doctor.say("delete_first"),
            delete,
            *store,
        )
    return value


def token_parameter(doctor: Doctor) -> str:
    """The name of the parameter with the token. A channel's own token opens it, if there is one."""
    name = doctor.stack.parameters["WebhookTokenParameter"]
    own = f"{name}/{doctor.options.channel}"
    if doctor.options.channel and doctor.aws.call("ssm", "get-parameters", Names=[own])["Parameters"]:
        return own
    return name


def put_token(doctor: Doctor, name: str) -> str:
    """The command that stores a new token."""
    return f'    token=$(openssl rand -hex 24) && {put(doctor, name, "token")} && echo "$token"'
