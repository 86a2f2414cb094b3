"""`make deploy`: build template.yaml for one processor architecture, and deploy or upgrade the stack.

The template's parameters are in the environment variable PARAMETERS. On a command line, make and the shell
would change `$` and blanks. A parameter that is not given has its value in samconfig.toml, else in the stack,
else the template's default.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from click import BadParameter
from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse

from . import ROOT, Failed, account, build
from .secrets import PREFIX

BUILT = ROOT / ".aws-sam/build"

LEAST_CONCURRENCY = 100
"""Of the account, in functions that run at the same time. New accounts may have only 10."""


def configured() -> tuple[str, dict[str, str]]:
    """The stack's name and parameters in samconfig.toml. SAM ignores these if the command line has others."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    options = config["global"]["parameters"] | config["deploy"]["parameters"]
    return options["stack_name"], parsed(options.get("parameter_overrides", {}))


def parsed(overrides: object) -> dict[str, str]:
    """Parse parameters as SAM does."""
    return CfnParameterOverridesType().convert(overrides, None, None)


def written(parameters: dict[str, str]) -> list[str]:
    """Parameters for SAM's command line, quoted, because a blank would end a value."""
    arguments = []
    for name, value in parameters.items():
        escaped = value.replace('"', '\\"')
        arguments.append(f'{name}="{escaped}"')
        # SAM changes a backslash before a blank or a quotation mark.
        understood = {}
        with suppress(BadParameter):
            understood = parsed(arguments[-1])
        if understood != {name: value}:
            raise Failed(f"SAM's command line cannot pass this on: {name}={value}")
    return arguments


def given(text: str) -> dict[str, str]:
    """Parse PARAMETERS: Name=value, quoted as in a shell."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Failed(f"PARAMETERS: {error}: {text}") from None
    for word in words:
        if not re.match("[A-Za-z0-9]+=", word):
            raise Failed(
                f"PARAMETERS: {word} is not Name=value. A value with blanks has quotation marks:\n"
                """make deploy PARAMETERS='TitleRule="[TPL]${resource} / ${check}"'"""
            )
    parameters = {name: value for name, _, value in (word.partition("=") for word in words)}
    # SAM ignores parameters that the template does not have.
    known = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    if unknown := parameters.keys() - known.keys():
        raise Failed(f"The template has no {', '.join(sorted(unknown))}, but {', '.join(known)}.")
    return parameters


def described(stack: str) -> dict:
    """CloudFormation's description of the stack; empty if there is no stack, or only a changeset for one."""
    try:
        [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    return {} if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found


def deployed(stack: str) -> dict[str, str]:
    """The parameters of the stack; none if there is no stack, or only a changeset for one."""
    return {it["ParameterKey"]: it["ParameterValue"] for it in described(stack).get("Parameters", [])}


def processor(named: str | None, parameters: dict[str, str], before: dict[str, str]) -> str:
    """The architecture to build and deploy for."""
    architecture = named or parameters.get("Architecture") or before.get("Architecture", build.DEFAULT)
    build.require_architecture(architecture)
    return architecture


def sam(*arguments: str | Path) -> None:
    """Run SAM with its output on the terminal."""
    if subprocess.run(["sam", *arguments], cwd=ROOT, env=os.environ | build.ENVIRONMENT).returncode != 0:
        raise Failed(f"sam {arguments[0]} failed; its output is above.")


def require_built(folder: Path, architecture: str) -> None:
    """Fail if a function was built for another architecture. Lambda would accept it, but could not start it.

    For x86_64, SAM names no architecture to cargo-lambda, which then builds for this machine's.
    """
    for built in sorted(folder.glob("*/bootstrap")):
        if (found := build.built_for(built)) != architecture:
            advice = f"make deploy ARCHITECTURE={found}, or deploy" if found else "Deploy"
            raise Failed(
                f"{built.parent.name} was built for {found or 'another processor'}, not for {architecture}; "
                f"nothing was deployed.\n{advice} from a machine that is {architecture} itself."
            )


def missing_secrets(parameters: dict[str, str]) -> list[str]:
    """The names of the parameters that the functions need and SSM does not have."""
    names = [parameters["PushUrlParameter"], parameters["WebhookTokenParameter"]]
    return boto3.client("ssm").get_parameters(Names=names)["InvalidParameters"]


def unheard_alarms(stack: str) -> str | None:
    """A warning if nobody gets the alarms of the stack."""
    outputs = {it["OutputKey"]: it["OutputValue"] for it in described(stack).get("Outputs", [])}
    if not (topic := outputs.get("AlarmTopicArn")):
        return None
    pages = boto3.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [it["SubscriptionArn"] for page in pages for it in page["Subscriptions"]]
    if any(it.startswith("arn:") for it in found):
        return None
    if "PendingConfirmation" in found:
        return (
            "Warning: nobody has confirmed a subscription to the alarms yet, so they reach nobody.\n"
            "Open the mail from AWS and confirm it."
        )
    return (
        f"Warning: nobody is subscribed to {topic}, so alarms reach nobody.\n"
        "Next: make deploy PARAMETERS='AlarmEmail=...'"
    )


def little_concurrency(stack: str) -> str | None:
    """A warning if all functions of the account together may run too few times at once."""
    limits = boto3.client("lambda").get_account_settings()["AccountLimit"]
    if (limit := limits["ConcurrentExecutions"]) >= LEAST_CONCURRENCY:
        return None
    return (
        f"Warning: all functions of this account together can run only {limit} times at once.\n"
        f"In a storm of alarms, {stack} may lose some. Ask AWS for at least {LEAST_CONCURRENCY}:\n"
        "Service Quotas > AWS Lambda > Concurrent executions."
    )


def no_self_test(stack: str) -> str | None:
    """A recommendation if the stack has no self-test."""
    if deployed(stack).get("SelfTestHours") != "0":
        return None
    return (
        "Recommended: make deploy PARAMETERS='SelfTestHours=12'. It finds a revoked key before alerts do.\n"
        "Flashduty's silence detection then watches the relay and no longer ZStack."
    )


def run(options: argparse.Namespace) -> None:
    """Check everything that is quick to check, then build and deploy."""
    here = account.current()
    name, parameters = configured()
    stack = options.stack or name
    parameters |= given(os.environ.get("PARAMETERS", ""))
    before = deployed(stack)
    architecture = processor(options.architecture, parameters, before)
    parameters["Architecture"] = architecture
    build.require_tools(architecture, "deploy", "sam")
    if not (options.yes or sys.stdin.isatty()):
        raise Failed("SAM would ask before it changes anything, and there is no terminal: make deploy YES=1")

    print(f"==> {'Upgrading' if before else 'Deploying'} {stack} in {here}, for {architecture}", flush=True)
    if options.build_dir == BUILT:
        sam("build", "--parameter-overrides", *written({"Architecture": architecture}))
    require_built(options.build_dir, architecture)
    sam(
        *("deploy", "--template-file", options.build_dir / "template.yaml", "--stack-name", stack),
        # By default SAM looks for it next to the template.
        *("--config-file", ROOT / "samconfig.toml"),
        *(["--no-confirm-changeset"] if options.yes else []),
        *("--parameter-overrides", *written(parameters)),
    )
    # A user who may deploy may lack the permission to read parameters.
    with suppress(ClientError):
        if not (after := deployed(stack)):
            print("\nNothing was deployed.")
            return
        if missing := missing_secrets(after):
            prefix = missing[0].rpartition("/")[0]
            how = "make secrets" + ("" if prefix == PREFIX else f" PREFIX={prefix}")
            print(f"\nStill missing: {' and '.join(missing)}. Next: {how}")
    warn(stack)


def warn(stack: str) -> None:
    """Print warnings and advice. Whoever may deploy may lack the permissions for the questions."""
    for check in (unheard_alarms, little_concurrency, no_self_test):
        with suppress(BotoCoreError, ClientError):
            if warning := check(stack):
                print(f"\n{warning}")


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit status is 0 if it succeeded."""
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    parser.add_argument("--stack", help="name of the stack (samconfig.toml's)")
    parser.add_argument("--architecture", help="x86_64 or arm64 (the stack's, at first x86_64)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--build-dir", type=Path, default=BUILT, help="folder of a build to deploy")
    try:
        run(parser.parse_args(arguments))
        return 0
    except (Failed, BotoCoreError, ClientError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
