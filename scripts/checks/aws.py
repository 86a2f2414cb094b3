"""The AWS command line and its errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import datetime, timezone
from typing import Any

from terminal import FAILED, Terminal

from .findings import Failure, Finding

SET_REGION = "    export AWS_DEFAULT_REGION=us-east-1"
SET_CLOCK = "    sudo timedatectl set-ntp true"

DENIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedOperation",
}
BAD_CREDENTIALS = {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class AwsError(Exception):
    """The AWS command line failed."""

    def __init__(self, status: int, words: str, service: str, operation: str):
        super().__init__(words)
        self.status, self.words = status, words
        found = re.search(r"An error occurred \(([\w.]+)\)[^:]*: ?(.*)", words, re.DOTALL)
        self.code, self.message = (found[1], found[2]) if found else ("", words)
        named = re.search(r"not authorized to perform:? ([a-z0-9-]+:\w+)", words)
        derived = f"{service}:" + "".join(it.capitalize() for it in operation.split("-"))
        self.right = named[1] if named else derived


class Aws:
    """The AWS command line of this machine. The step `account` finds it and its region."""

    def __init__(self, terminal: Terminal):
        self.terminal, self.say = terminal, terminal.say
        self.program: str | None = None
        self.version = self.region = ""
        self.profile = ""
        """That of samconfig.toml, if the shell has none."""
        self.named_region = ""
        """The region, if the commands that are printed must name it: the shell's own is another, or none."""

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the AWS command line. No argument of it is ever a secret: `ps` shows them."""
        environment = dict(os.environ)
        # Version 2 would open a pager or ask.
        environment.update(AWS_PAGER="", AWS_CLI_AUTO_PROMPT="off", PYTHONIOENCODING="utf-8")
        environment.setdefault("AWS_MAX_ATTEMPTS", "3")
        if self.profile:
            environment["AWS_PROFILE"] = self.profile
        if self.region:
            environment.update(AWS_REGION=self.region, AWS_DEFAULT_REGION=self.region)
        command = [self.program, *arguments]
        no_input = subprocess.DEVNULL
        try:
            return subprocess.run(command, stdin=no_input, capture_output=True, env=environment, timeout=120)
        except subprocess.TimeoutExpired:
            # Its message would have the arguments, and its cause the output.
            raise Failure(self.say("cli_slow"), self.say("check_network")) from None
        except OSError as error:
            raise Failure(self.say("cli_broken", words=error.strerror), self.say("install_cli")) from None

    def call(self, service: str, operation: str, *options: str, **parameters: Any) -> Any:
        """Call AWS, and return the JSON of the answer.

        Parameters are given as JSON, because version 1 fetches values that begin with https://.
        """
        given = ["--cli-input-json", json.dumps(parameters)] if parameters else []
        endpoint = os.environ.get("AWS_ENDPOINT_URL_SQS") or os.environ.get("AWS_ENDPOINT_URL")
        if service == "sqs" and endpoint:
            # Version 1 does not read these variables for SQS in some regions.
            given += ["--endpoint-url", endpoint]
        limits = ["--cli-connect-timeout", "10", "--cli-read-timeout", "30"]
        ended = self.run(service, operation, *given, *options, *limits, "--output", "json")
        if ended.returncode != 0:
            raise AwsError(ended.returncode, text_of(ended.stderr), service, operation)
        text = text_of(ended.stdout)
        return json.loads(text) if text else {}

    def explain(self, error: AwsError) -> Finding:
        """An error of the AWS command line in our words."""
        say, words, code = self.say, error.words, error.code
        if re.search(r"Signature (expired|not yet current)|RequestTimeTooSkewed", words):
            return Finding(FAILED, say("aws_clock"), [say("set_clock"), SET_CLOCK])
        if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired") or re.search(
            r"(token|session|credential|sso)[^\n]*(expired|otherwise invalid)", words, re.IGNORECASE
        ):
            return Finding(FAILED, say("expired"), [say("renew")])
        if "ciphertext refers to" in words:
            error.right = "kms:Decrypt"
        if code in DENIALS or "ciphertext refers to" in words:
            right = error.right
            return Finding(FAILED, say("denied", right=right), [say("ask_right", right=right)])
        if code in BAD_CREDENTIALS:
            return Finding(FAILED, say("bad_credentials"), [say("set_credentials")])
        if "Unable to locate credentials" in words or "NoCredentials" in words:
            return Finding(FAILED, say("no_credentials"), [say("set_credentials")])
        if re.search(r"config profile .* could not be found", words):
            where = "samconfig.toml" if self.profile else "AWS_PROFILE"
            return Finding(FAILED, say("no_profile", where=where), [say("set_credentials")])
        if "must specify a region" in words:
            return Finding(FAILED, say("no_region"), [say("set_region"), SET_REGION])
        if re.search(r"throttl|rate exceeded|TooManyRequests", code + words, re.IGNORECASE):
            return Finding(FAILED, say("throttled"), [say("again")])
        if error.status in (2, 252) and re.search(r"Invalid choice|Unknown options|unrecognized", words):
            return Finding(FAILED, say("cli_old", version=self.version), [say("install_cli")])
        if not code and re.search(r"connect|timeout|timed out|SSL|proxy|endpoint", words, re.IGNORECASE):
            shown = self.terminal.words(words)
            return Finding(FAILED, say("no_network", words=shown), [say("check_network")])
        return Finding(FAILED, say("aws_error", words=self.terminal.words(words)), [say("check_aws")])


def text_of(output: bytes) -> str:
    """The output of a program."""
    return output.decode("utf-8", "replace").strip()


def seconds(timestamp: Any) -> float:
    """A time of the AWS command line in seconds since 1970. Version 1 passes on what the service writes."""
    if timestamp is None or timestamp == "":
        return 0.0
    try:
        return float(timestamp)
    except ValueError:
        # Python 3.9 does not read the Z, and reads three or six digits only.
        text = re.sub(r"\.\d+", "", timestamp.replace("Z", "+00:00"))
        return datetime.fromisoformat(text).timestamp()


def utc(at: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """A time in UTC."""
    return datetime.fromtimestamp(at, timezone.utc).strftime(form)
