"""Every command of the documents: that the programs would understand it."""

import re
import subprocess

import pytest
import tools
from documents import Block, code, document, every_name
from local import ROOT
from local.aws import environment
from samtranslator.yaml_helper import yaml_parse
from shell import commands

NAMES = every_name()
BLOCKS = [block for name in NAMES for block in document(name).commands]

WITHOUT_MISTAKES = {".venv/tools/bin/python", "awk", "cd", "curl", "date", "echo", "eval", "export", "git"}
WITHOUT_MISTAKES |= {"openssl", "printf", "python3", "read", "rustup"}
"""Programs that are not looked at more closely."""

PARAMETERS = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]


def test_there_are_commands():
    """And they are found."""
    assert len(BLOCKS) > 20
    assert len([command for block in BLOCKS for command in commands(block.text)]) > 60


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_programs_understand_their_commands(block: Block):
    """Operations, options, targets and variables exist, and nothing that is needed is missing."""
    wrong = []
    for command in commands(block.text):
        known = command[0] in ("aws", "cargo", "make", "sam") or command[0] in WITHOUT_MISTAKES
        wrong += tools.mistakes(command) if known else [f"what is {command[0]}?"]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_commands_in_the_text_are_understood_too(name: str):
    """Those between backticks."""
    spans = [span for span in code(document(name).text) if re.match(r"(make|sam|cargo lambda) [a-z]", span)]
    wrong = [mistake for span in spans for command in commands(span) for mistake in tools.mistakes(command)]
    assert wrong == []


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_template_has_the_parameters_that_are_given(block: Block):
    """In `PARAMETERS=` and `--parameter-overrides`."""
    given = [
        name
        for command in commands(block.text)
        for word in command
        for values in re.findall(r"^PARAMETERS=(.*)", word)
        for name in re.findall(r"(\w+)=", values)
    ]
    assert set(given) <= PARAMETERS.keys()


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_what_needs_aws_says_so(block: Block):
    """And nothing else: what needs none is run."""
    to_aws = [
        command
        for command in commands(block.text)
        if command[0] in ("aws", "sam")
        or command[:3] == ["cargo", "lambda", "deploy"]
        or command[:2] in (["make", "secrets"], ["make", "deploy"])
    ]
    assert block.needs_aws == bool(to_aws)


def test_the_makefile_explains_variables_where_they_are_used():
    """Its comments stand above the targets that they are about, and `make help` knows every target."""
    for paragraph in tools.MAKEFILE.split("\n\n"):
        comments = "".join(re.findall(r"(?m)^# .*$", paragraph))
        rules = re.sub(r"(?m)^#.*$", "", paragraph)
        named = re.findall(r"(?<!\$)\b([A-Z][A-Z_]*)=", comments)
        assert [it for it in named if not re.search(rf"\b{it}\b", rules)] == [], comments
    asked = ["make", "--silent", "help"]
    shown = subprocess.run(asked, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert set(re.findall(r"(?m)^make (\S+) +\S", shown.stdout)) == tools.TARGETS - {"rust-installed"}


def test_mistakes_are_found():
    """Else the tests above would be no tests."""
    wrong = {
        "aws sqs purge-queues --queue-url u": "no operation",
        "aws sqz purge-queue --queue-url u": "no service",
        "aws sqs purge-queue": "needs --queue-url",
        "aws sqs purge-queue --queue-url u --force": "has no --force",
        "aws sqs get-queue-attributes --queue-url u --attribute-names Age": "takes no Age",
        "aws ssm put-parameter --name n --value v --type Secret": "takes no Secret",
        "aws iam put-role-policy --role-name r --policy-name p --policy-document '{,}'": "is no JSON",
        "sam deploy --guide": "has no --guide",
        "sam deplay": "no command",
        "cargo lambda deploy relay --function-url": "has no --function-url",
        "make runs": "no target",
        "make run ONCES=1": "no variable",
        "make deploy PARAMETER=x": "no variable",
    }
    for text, mistake in wrong.items():
        found = [it for command in commands(text) for it in tools.mistakes(command)]
        assert len(found) == 1, (text, found)
        assert mistake in found[0]
    right = 'x=$(aws sts get-caller-identity --query Account) && make run ONCE=1 TOKEN=t PORT=1 | awk "{}"'
    assert [command[0] for command in commands(right)] == ["aws", "make", "awk"]
    assert [it for command in commands(right) for it in tools.mistakes(command)] == []
