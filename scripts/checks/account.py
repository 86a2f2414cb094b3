"""The AWS command line, the account and its limit."""

from __future__ import annotations

import os
import re
import shutil

from terminal import OK

from .advice import command, deleted
from .aws import SET_REGION, Aws, AwsError, text_of
from .doctor import Doctor
from .findings import Failure, Finding
from .release import configured

OLDEST_CLI = (1, 17)
"""Older versions of the AWS command line lack operations or options that are used here."""

OWN_CREDENTIALS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID")
"""Variables of the shell that choose an account."""

LEAST_CONCURRENCY = 100
"""Of the account, as in scripts/cloud/deploy.py."""


def account(doctor: Doctor) -> Finding:
    """The AWS command line, region and credentials."""
    say, aws = doctor.say, doctor.aws
    aws.program = shutil.which("aws")
    if not aws.program:
        raise Failure(say("no_cli"), say("install_cli"))
    ended = aws.run("--version")
    # Old versions write it to stderr.
    shown = text_of(ended.stdout) or text_of(ended.stderr)
    found = re.search(r"aws-cli/((\d+)\.(\d+)[\w.]*)", shown)
    if ended.returncode != 0 or not found:
        last = shown.splitlines()[-1] if shown else ended.returncode
        raise Failure(say("cli_broken", words=doctor.terminal.words(last)), say("install_cli"))
    aws.version = found[1]
    if (int(found[2]), int(found[3])) < OLDEST_CLI:
        raise Failure(say("cli_old", version=aws.version), say("install_cli"))
    # SAM takes it, too. What the shell has is what the user chose.
    aws.profile = "" if any(os.environ.get(name) for name in OWN_CREDENTIALS) else configured("profile")
    own = own_region(aws)
    # SAM, too, takes the region in samconfig.toml before that of the shell.
    aws.region = doctor.options.region or configured("region") or own or os.environ.get("AWS_REGION", "")
    aws.named_region = "" if aws.region == own else aws.region
    if not aws.region:
        raise Failure(say("no_region"), say("set_region"), SET_REGION)
    caller = aws.call("sts", "get-caller-identity")
    doctor.known.add("account")
    known = {"account": caller["Account"], "who": caller["Arn"].rpartition(":")[2]}
    return Finding(OK, say("account_ok", region=aws.region, version=aws.version, **known))


def own_region(aws: Aws) -> str:
    """The region that a command without --region uses; empty if there is none."""
    # Version 1 does not read AWS_REGION.
    names = () if aws.version.startswith("1.") else ("AWS_REGION",)
    for name in (*names, "AWS_DEFAULT_REGION"):
        if os.environ.get(name):
            return os.environ[name]
    asked = aws.run("configure", "get", "region")
    # It also ends with 1 if there is none, and then says nothing. With 0, it says warnings at most.
    said = text_of(asked.stderr)
    if asked.returncode != 0 and said:
        raise AwsError(asked.returncode, said, "configure", "get")
    return text_of(asked.stdout)


def concurrency(doctor: Doctor) -> Finding:
    """How many functions of the account may run at once, and whether both of the stack may run at all."""
    limit = doctor.aws.call("lambda", "get-account-settings")["AccountLimit"]["ConcurrentExecutions"]
    known = doctor.stack.resources
    if stopped := [it for it in ("Relay", "Redeliver") if it in known and reserved(doctor, known[it]) == 0]:
        allow = ("aws", "lambda", "delete-function-concurrency", "--function-name")
        commands = [command(doctor, *allow, known[it]) for it in stopped]
        text = doctor.say("stopped", limit=limit, functions=", ".join(it.lower() for it in stopped))
        raise Failure(text, doctor.say("allow_to_run"), *commands)
    if limit >= LEAST_CONCURRENCY:
        return Finding(OK, doctor.say("concurrency_ok", limit=limit))
    # The code is that of "Concurrent executions".
    ask = ("aws", "service-quotas", "request-service-quota-increase", "--service-code", "lambda")
    ask += ("--quota-code", "L-B99A9384", "--desired-value", "1000")
    advice = doctor.say("raise_concurrency", least=LEAST_CONCURRENCY)
    raise Failure(doctor.say("concurrency_low", limit=limit), advice, command(doctor, *ask))


def reserved(doctor: Doctor, function: str) -> int | None:
    """The reserved concurrency of a function; None if it has none, as by the template."""
    try:
        answer = doctor.aws.call("lambda", "get-function-concurrency", FunctionName=function)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise deleted(doctor, function) from None
    return answer.get("ReservedConcurrentExecutions")
