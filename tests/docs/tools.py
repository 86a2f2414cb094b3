"""The programs that the documents name: what they understand."""

import json
import re
import subprocess
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel, Shape
from local import ROOT
from local.aws import environment

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"(?m)^([a-z0-9-]+):(?!=| export )", MAKEFILE))

EVERY_AWS_COMMAND = {"--cli-binary-format", "--output", "--profile", "--query", "--region"}
OF_THE_CLI_ALONE = {("configure", "get"), ("cloudformation", "package"), ("cloudformation", "deploy")}
"""Commands that are no call of a service. tests/e2e/test_bundle.py runs the last two."""


def mistakes(command: list[str]) -> list[str]:
    """What is wrong with a command of a program that is known here."""
    match command:
        case ["aws", service, operation, *rest]:
            return of_aws(service, operation, rest)
        case ["make", *rest]:
            return of_make(rest)
        case ["sam", name, *rest]:
            return of_help(("sam", name), rest)
        case ["cargo", "lambda", name, *rest]:
            return of_help(("cargo-lambda", "lambda", name), rest)
    return []


def of_make(arguments: list[str]) -> list[str]:
    """Targets and variables that are not in the Makefile."""
    wrong = []
    for argument in arguments:
        variable, sign, _ = argument.partition("=")
        if not sign and argument not in TARGETS:
            wrong.append(f"no target {argument}")
        if sign and not re.search(
            rf"\$\((if |value |addprefix [^,]*,\$\()?{variable}\)|^{variable} \?=", MAKEFILE
        ):
            wrong.append(f"no variable {variable}")
    return wrong


def of_help(program: tuple[str, ...], arguments: list[str]) -> list[str]:
    """Options that the program's help does not know."""
    known = options(program)
    if known is None:
        return [f"no command {' '.join(program)}"]
    given = [argument.partition("=")[0] for argument in arguments if argument.startswith("-")]
    return [f"{' '.join(program)} has no {option}" for option in given if option not in known]


@cache
def options(program: tuple[str, ...]) -> set[str] | None:
    """Every option that `--help` lists; nothing where there is no such command."""
    # SAM colours its help, and folds it to the terminal.
    env = environment() | {"NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb", "SAM_CLI_TELEMETRY": "0"}
    asked = subprocess.run([*program, "--help"], env=env, capture_output=True, text=True, cwd=ROOT)
    if asked.returncode != 0:
        return None
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", asked.stdout))


def of_aws(service: str, operation: str, arguments: list[str]) -> list[str]:
    """What AWS's own description of the service does not know, and what it asks for in vain."""
    if (service, operation) in OF_THE_CLI_ALONE:
        return []
    try:
        model = _service(service)
    except UnknownServiceError:
        return [f"AWS has no service {service}"]
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return [f"{service} has no operation {operation}"]
    described = model.operation_model(names[operation]).input_shape
    members = {f"--{xform_name(name, '-')}": shape for name, shape in described.members.items()}
    required = {f"--{xform_name(name, '-')}" for name in described.required_members}
    given: dict[str, list[str]] = {}
    for argument in arguments:
        if argument.startswith("--"):
            given[argument] = []
        elif given:
            list(given.values())[-1].append(argument)
        else:
            return [f"{operation} takes no {argument}"]
    wrong = [f"{operation} needs {option}" for option in sorted(required - given.keys())]
    for option, values in given.items():
        if option in members:
            wrong += [f"{option} takes no {it}" for it in values if not _takes(members[option], it)]
            wrong += [
                f"{option} is no JSON" for it in values if option.endswith("-document") and not _is_json(it)
            ]
        elif option not in EVERY_AWS_COMMAND:
            wrong.append(f"{operation} has no {option}")
    return wrong


@cache
def _service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _takes(shape: Shape, value: str) -> bool:
    """Where there is a list of what is taken, whether the value is in it."""
    if shape.type_name == "list":
        shape = shape.member
    return shape.type_name != "string" or not getattr(shape, "enum", None) or value in shape.enum
