"""docs/runbook.md: a section for each alarm, and queries for fields that the API's log has.

What it looks for in the functions' logs is compared with their lines, in tests/relay/runbook.rs.
"""

import re
import subprocess
from pathlib import Path

import pytest
from documents import Block, code
from shell import commands
from test_facts import RUNBOOK, TEMPLATE, alarms

QUERIES = [block for block in RUNBOOK.blocks if block.language == "text"]

WORDS = {"and", "as", "asc", "by", "count", "desc", "fields", "filter"}
WORDS |= {"ispresent", "like", "limit", "max", "min", "not", "or", "sort", "stats"}
"""Words of the query language."""


def paragraph(query: Block) -> str:
    """The text before a query. It names the log group."""
    return "\n".join(RUNBOOK.text.splitlines()[: query.line - 1]).rstrip().rpartition("\n\n")[2]


OF_THE_API = [query for query in QUERIES if "of the API" in paragraph(query)]
"""Queries over the API's log. tests/relay/runbook.rs has the functions' logs."""


def test_each_alarm_has_a_section():
    """And there is no section on an alarm that does not exist."""
    levels = [it for it in RUNBOOK.headings if it.text == "Alarms"]
    assert len(levels) == 1
    sections = re.findall(r"(?m)^### (.+)$", RUNBOOK.section("Alarms"))
    assert sections == alarms()


@pytest.mark.parametrize("alarm", alarms())
def test_each_section_says_what_to_do(alarm: str):
    """What it means, what to look at, what to do; in this order, once each."""
    assert re.findall(r"(?m)^\*\*(\w+(?: at)?)\.?\*\*", RUNBOOK.section(alarm)) == ["Means", "Look at", "Do"]


@pytest.mark.parametrize("query", OF_THE_API, ids=str)
def test_queries_are_over_fields_that_exist(query: Block):
    """Misspelt, they find nothing, and all looks well."""
    access = str(TEMPLATE["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"])
    text = re.sub(r'"[^"]*"|/[^/]*/', "", query.text)
    named = set(re.findall(r"as (\w+)", text))
    fields = set(re.findall(r"(?<![\w.@])[A-Za-z_][\w.]*", text)) - WORDS - named
    assert fields
    assert fields - set(re.findall(r'"(\w+)":', access)) == set()


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_queries_are_in_the_query_language(query: Block):
    """Each line is one command."""
    assert set(re.findall(r"@\w+", query.text)) <= {"@timestamp", "@message"}
    commands = re.findall(r"(?:^|\n\| )(\w+)", query.text)
    assert set(commands) <= {"fields", "filter", "limit", "sort", "stats"}
    assert len(commands) == len(query.text.splitlines())


def test_variables_are_outputs_or_set_before():
    """Whatever a command uses."""
    known = set(TEMPLATE["Outputs"])
    for block in RUNBOOK.commands:
        known |= set(re.findall(r"(?m)^([a-z]+)=", block.text))
        # awk's columns have numbers.
        used = set(re.findall(r"\$\{?([A-Za-z]\w*)", block.text))
        assert used <= known, block
    assert any(
        "$RetryQueueArn" in word for block in RUNBOOK.commands for it in commands(block.text) for word in it
    )


PROGRAMS = {
    "aws": """
if [ "$2" = get-parameter ]; then exec cat "$PARAMETER"; fi
printf '%s\n' "$@" >> "$ARGUMENTS"
while [ "$1" != --value ]; do shift; done
exec cat "${2#file://}" > "$PARAMETER"
""",
    "make": 'printf %s "$WEBHOOK_TOKEN" > "$PARAMETER"',
    "openssl": "echo the-new-token",
}
"""What the rotation needs, as far as it needs it."""


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("old", ["the-old-token", "the-old-token\nan-older-token"])
def test_the_token_is_rotated_with_one_a_line(tmp_path: Path, shell: str, old: str):
    """What was there stays there until the last step, and no argument of `aws` has a token."""
    for name, script in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    parameter = tmp_path / "parameter"
    arguments = tmp_path / "arguments"
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PARAMETER": str(parameter), "ARGUMENTS": str(arguments)}
    section = RUNBOOK.section("Rotating the token")
    blocks = [it.text for it in RUNBOOK.commands if all(line in section for line in it.text.splitlines())]
    begin, end, begin_with_make = blocks
    variables = f"old='{old}' new=the-new-token\n"
    for steps, tokens in [
        (begin, ["the-new-token", *old.splitlines()]),
        (begin + end, ["the-new-token"]),
        (variables + begin_with_make, ["the-new-token", *old.splitlines()]),
    ]:
        parameter.write_text(old)
        subprocess.run([shell, "-eu", "-c", steps], env=env, check=True)
        assert parameter.read_text().splitlines() == tokens
    # Every user of the machine can see them.
    assert "-token\n" not in arguments.read_text().replace("/zstack-flashduty/webhook-token\n", "")


def test_widgets_are_the_dashboards():
    """Titles that the text sends people to."""
    body = str(TEMPLATE["Resources"]["Dashboard"]["Properties"]["DashboardBody"])
    titles = set(re.findall(r'"title": "([^"]+)"', body)) | set(re.findall(r'"label": "([^"]+)"', body))
    named = re.findall(
        r"dashboard[^*]*?((?:\*[^*]+\*[,:]?(?: and| nor| neither)? ?)+)", RUNBOOK.text.replace("\n", " ")
    )
    sent = {title for group in named for title in re.findall(r"\*([^*]+)\*", group)}
    assert len(sent) >= 5
    assert sent <= titles


def test_parameters_are_the_templates():
    """Each word that is written like one is looked for in test_facts.py; these must be parameters."""
    for name in ("HeartbeatHours", "SettingsTtlSeconds", "ThrottlingRateLimit", "KmsKeyArn"):
        assert name in code(RUNBOOK.text)
        assert name in TEMPLATE["Parameters"]
