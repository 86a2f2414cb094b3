"""Commands that the advice of several steps names."""

from __future__ import annotations

import shlex

from .aws import utc
from .doctor import Doctor
from .findings import Failure
from .release import configured, is_release, saves_parameters


def command(doctor: Doctor, *words: str) -> str:
    """A command for a shell. It names region and profile, if the command would take others."""
    before = ""
    if words[0] == "aws":
        words += target(doctor)
    elif words[0] == "make":
        # scripts/cloud/account.py takes AWS_REGION before AWS_DEFAULT_REGION.
        variables = {"AWS_REGION": doctor.aws.named_region, "AWS_PROFILE": doctor.aws.profile}
        before = "".join(f"{name}={shlex.quote(it)} " for name, it in variables.items() if it)
    return f"    {before}" + " ".join(shlex.quote(word) for word in words)


def target(doctor: Doctor) -> tuple[str, ...]:
    """The options that name region and profile, if the AWS command line would take others."""
    options = {"--region": doctor.aws.named_region, "--profile": doctor.aws.profile}
    return tuple(word for name, it in options.items() if it for word in (name, it))


def deploy(doctor: Doctor, *parameters: str) -> list[str]:
    """The command that deploys the stack again, in the unpacked release or in the checkout.

    `parameters` are new values of the template's. The stack keeps the others.
    """
    stack, here = doctor.options.stack, doctor.aws.region
    saved_stack, saved_region = configured("stack_name") or stack, configured("region") or here
    elsewhere = saved_region != here
    # `make deploy` has no option for the region, and SAM takes the saved one.
    if (saves_parameters() and (saved_stack != stack or elsewhere)) or (elsewhere and not is_release()):
        saved = {"saved_stack": saved_stack, "saved_region": saved_region}
        return [doctor.say("own_folder", stack=stack, region=here, **saved)]
    first = []
    if parameters and saves_parameters():
        names = ", ".join(it.partition("=")[0] for it in parameters)
        first, parameters = [doctor.say("change_samconfig", names=names)], ()
    if is_release():
        named = here if elsewhere else doctor.aws.named_region
        # SAM takes the profile of samconfig.toml by itself.
        named = ("--region", named) if named else ()
        overrides = ("--parameter-overrides", *parameters) if parameters else ()
        sam = command(doctor, "sam", "deploy", "--stack-name", stack, *named, *overrides)
        return [*first, sam, doctor.say("without_sam")]
    overrides = (f"PARAMETERS={' '.join(parameters)}",) if parameters else ()
    return [*first, command(doctor, "make", "deploy", f"STACK={stack}", *overrides)]


def restore(doctor: Doctor) -> list[str]:
    """The commands that undo changes by hand, and what they need.

    A deployment of the same template changes nothing.
    """
    # CloudFormation keeps a change set that was executed or that failed, and its name with it.
    name = utc(doctor.began, "undo-changes-by-hand-%Y%m%d-%H%M%S")
    at = ("--stack-name", doctor.options.stack, "--change-set-name", name)
    kept = [f"ParameterKey={it},UsePreviousValue=true" for it in sorted(doctor.stack.parameters)]
    create = ("create-change-set", *at, "--use-previous-template", "--deployment-mode", "REVERT_DRIFT")
    create += ("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--parameters", *kept)
    wait = ("wait", "change-set-create-complete", *at)
    steps = (create, wait, ("describe-change-set", *at), ("execute-change-set", *at))
    commands = [command(doctor, "aws", "cloudformation", *step) for step in steps]
    return [*commands, doctor.say("new_cli")]


def deleted(doctor: Doctor, what: str) -> Failure:
    """Something of the stack was deleted by hand."""
    return Failure(doctor.say("gone", what=what), doctor.say("restore"), *restore(doctor))


def push_url_parameter(doctor: Doctor) -> str:
    """The name of the parameter with the push URL."""
    name = doctor.stack.parameters["PushUrlParameter"]
    return f"{name}/{doctor.options.channel}" if doctor.options.channel else name


def put(doctor: Doctor, name: str, value: str) -> str:
    """A pipe that stores the value of a shell variable. Neither `ps` nor the shell's history shows it."""
    key = doctor.stack.parameters.get("KmsKeyArn", "")
    return (
        f'printf %s "${value}" | aws ssm put-parameter --name {shlex.quote(name)} --type SecureString'
        f"{' --key-id ' + key if key else ''} --overwrite --value file:///dev/stdin"
        f"{''.join(' ' + shlex.quote(word) for word in target(doctor))}"
    )


def put_push_url(doctor: Doctor) -> str:
    """The command that stores a push URL."""
    return f"    read -rs url; {put(doctor, push_url_parameter(doctor), 'url')}"
