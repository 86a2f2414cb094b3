"""What the documents name exists, and what exists is named."""

import json
import re
from functools import cache

import pytest
from documents import Document, code, resolve, tables
from local import ROOT
from samtranslator.yaml_helper import yaml_parse
from shell import commands

READMES = [Document("README.md"), Document("README.zh-CN.md")]
RUNBOOK = Document("docs/runbook.md")
IN_ZSTACK = [Document("docs/zstack.md"), Document("docs/zstack.zh-CN.md")]
CHANGELOG = Document("CHANGELOG.md")
TEMPLATE_PAGES = [Document("docs/templates/README.md"), Document("docs/templates/README.zh-CN.md")]
TEMPLATES = sorted((ROOT / "docs/templates").glob("*.txt"))
"""Message templates for ZStack."""
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())

# The Chinese sections stand in the same order: test_languages.py.
SECTIONS = {it.text: number for number, it in enumerate(READMES[0].headings)}


OF_THE_SDK = {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
"""What the SDK's providers for the environment read."""


def source(name: str) -> str:
    """A file of src/, without its tests."""
    return (ROOT / "src" / name).read_text().split("#[cfg(test)]")[0]


@cache
def everything() -> str:
    """Where a name may come from."""
    files = [ROOT / "template.yaml", ROOT / "Makefile", ROOT / "Cargo.toml", *TEMPLATES]
    # Variables of message templates that our own do not name, and what fills them in.
    files += [ROOT / "tests/relay/templates" / name for name in ("values.json", "render.groovy")]
    for folder in ("src", "events", "scripts", "dev"):
        files += [
            path for path in (ROOT / folder).rglob("*") if path.suffix in (".rs", ".json", ".py", ".env")
        ]
    return "\n".join(path.read_text() for path in files)


def section(document: Document, heading: str) -> str:
    """The section with this English heading."""
    return document.section(document.headings[SECTIONS[heading]].text)


def table(document: Document, heading: str, which: int = 0) -> list[list[str]]:
    """A table of the section, without its head."""
    return tables(section(document, heading))[which][1:]


def first_column(document: Document, heading: str, which: int = 0) -> list[str]:
    """The names that a table explains."""
    return [name for row in table(document, heading, which) for name in code(row[0])]


@pytest.mark.parametrize("document", READMES, ids=lambda it: it.name)
class TestReadme:
    """Both of them."""

    def test_parameters(self, document: Document):
        """Each once, with its default."""
        rows = table(document, "Parameters of the template")
        documented = {}
        for row in rows:
            names, defaults = code(row[0]), code(row[2])
            documented |= dict(zip(names, defaults or [""] * len(names), strict=True))
        assert documented == {name: str(it["Default"]) for name, it in TEMPLATE["Parameters"].items()}

    def test_outputs(self, document: Document):
        """All of them, where the stack is deployed."""
        named = code(section(document, "Deploying"))
        assert TEMPLATE["Outputs"].keys() <= set(named)

    def test_alarms(self, document: Document):
        """In the template's words, each with a link to its section of the runbook."""
        rows = table(document, "Watching it")
        found = [re.fullmatch(r"\[`…-(.+)`]\(docs/runbook\.md#(.+)\)", row[0]) for row in rows]
        assert [it[1] for it in found if it] == [it[2] for it in found if it] == alarms()

    def test_metrics(self, document: Document):
        """Name by name, with their units, as src/metrics.rs writes them."""
        rows = table(document, "Watching it", 1)
        count, milliseconds = rows[0][1], rows[-1][1]
        assert count != milliseconds
        units = {
            "Counter": count,
            "Distribution<AsCount<u32>>": count,
            "Distribution<Duration>": milliseconds,
        }
        tally = re.search(r"pub struct Tally \{(.*?)\n}", source("metrics.rs"), re.DOTALL)
        fields = re.findall(r"(?m)^    (?:pub )?(\w+): (.+),$", tally[1])
        assert fields
        written = {"".join(word.title() for word in name.split("_")): units[kind] for name, kind in fields}
        assert {code(row[0])[0]: row[1] for row in rows} == written

    def test_outcomes(self, document: Document):
        """The dimension's values that are no error."""
        ours = re.findall(r'Self::\w+ => "(\w+)"', source("metrics.rs"))
        assert len(ours) == 3
        assert set(ours) <= set(code(section(document, "Watching it")))

    def test_variables(self, document: Document):
        """Those that src/config.rs reads, the log's two, those for certificates, and AWS's own."""
        ours = re.findall(r'(?m)^pub const (\w+): &str = "\1";$', source("config.rs"))
        log = re.findall(r'"([A-Z_]+)"', re.search(r"let wanted = \[(.*?)]", source("logging.rs"))[1])
        tls = re.findall(r'(?m)^const \w+: &str = "([A-Z_]+)";$', source("certificates.rs"))
        aws = set(re.findall(r"`(AWS_[A-Z_]+)`", source("aws.rs")))
        assert (len(ours), len(tls), len(aws)) == (7, 2, 5)
        assert "EnvironmentVariableCredentialsProvider::new()" in source("aws.rs")
        assert sorted(first_column(document, "Settings")) == sorted([*ours, *log, *tls, *aws, *OF_THE_SDK])

    def test_message_templates(self, document: Document):
        """Those that send everything, as they are."""
        shown = section(document, "Message templates")
        everything = [ROOT / f"docs/templates/{kind}-everything.txt" for kind in ("alarm", "event")]
        assert re.findall(r"(?s)```text\n(.*?)```", shown) == [path.read_text() for path in everything]

    def test_sam_is_the_one_that_was_used(self, document: Document):
        """By its version, as it is pinned."""
        pinned = (ROOT / "scripts/requirements.txt").read_text()
        [version] = re.findall(r"(?m)^aws-sam-cli==([\d.]+)", pinned)
        named = re.findall(r"SAM CLI\s+(\d+(?:\.\d+)+)", section(document, "The same without make"))
        assert named == [version]

    def test_errors(self, document: Document):
        """Each code with its status."""
        errors = source("error.rs")
        names = dict(re.findall(r'Self::(\w+)(?: \{ \.\. })? => "(\w+)"', errors))
        documented = {}
        for status, codes, *_ in table(document, "What the answers mean"):
            documented |= dict.fromkeys(code(codes), status)
        statuses = {}
        body = re.search(r"fn status\(.*?\n    }\n", errors, re.DOTALL)[0]
        for variants, status in re.findall(r"((?:\s*\|?\s*Self::\w+(?: \{ \.\. })?)+) => (\d+)", body):
            statuses |= dict.fromkeys(re.findall(r"Self::(\w+)", variants), status)
        assert names.keys() == statuses.keys()
        assert len(names) > 10
        assert documented == {names[variant]: status for variant, status in statuses.items()}

    def test_what_is_tried_again(self, document: Document):
        """The codes and the single statuses of the policy in src/flashduty/retry.rs."""
        policy = source("flashduty/retry.rs")
        codes = re.findall(r'"(\w+)"', re.search(r"const LATER: .* = \[(.*?)];", policy)[1])
        statuses = re.findall(r"\((\d+)\.\.=\1, Verdict::Later\)", policy)
        assert len(codes) == len(statuses) == 4
        text = section(document, "When Flashduty is away")
        assert set(codes) <= set(code(text))
        told = [it for it in re.findall(r"(?m)^- ((?:.+\n  )*.+)$", text) if "5xx" in it]
        assert [re.findall(r"\b\d{3}\b", it) for it in told] == [statuses]

    def test_alarms_cost_what_they_watch(self, document: Document):
        """So many metrics, without the heartbeat and with it."""
        watched = {name: len(metrics(it)) for name, it in alarm_resources().items()}
        text = section(document, "Cost")
        without = sum(watched.values()) - watched["HeartbeatAlarm"]
        price = f"{without * 0.1:.2f}"
        [row] = [row for row in text.splitlines() if row.endswith(f" 0.10 | {price} |")]
        assert [int(it) for it in re.findall(r"\b\d+\b(?!\.)(?<!\.\d\d)", row)][:2] == [
            without,
            sum(watched.values()),
        ]

    def test_the_sum_is_the_sum(self, document: Document):
        """And every product its factors'."""
        rows = table(document, "Cost")
        prices = [float(row[-1]) for row in rows]
        assert round(sum(prices[:-1]), 2) == prices[-1]
        for row in rows[:-1]:
            factors = [float(it.replace(",", "")) for it in re.findall(r"\d+(?:\.\d+)?", row[1])]
            # Millions cancel out, but for compute time and bytes.
            product = 1.0
            for factor in factors:
                product *= 1 if factor in (1, 100) else factor
            scale = 1e6 if "0.0000133334" in row[1] else 1
            assert round(product * scale, 2) == float(row[-1]), row


def test_the_role_of_cargo_lambda_is_the_templates():
    """Without queues: no more, and no less."""
    [document] = [
        command[command.index("--policy-document") + 1]
        for block in READMES[0].commands
        for command in commands(block.text)
        if "put-role-policy" in command
    ]
    by_hand = json.loads(document)["Statement"]
    policies = TEMPLATE["Resources"]["RelayRole"]["Properties"]["Policies"]
    statements = [it for it in policies[0]["PolicyDocument"]["Statement"] if "Fn::If" not in it]
    assert sorted(str(it["Action"]) for it in by_hand) == sorted(str(it["Action"]) for it in statements)
    assert "*" not in [it["Resource"] for it in by_hand]


def alarm_resources() -> dict[str, dict]:
    """The template's alarms, by their logical names."""
    resources = TEMPLATE["Resources"].items()
    return {name: it["Properties"] for name, it in resources if it["Type"] == "AWS::CloudWatch::Alarm"}


def alarms() -> list[str]:
    """Their names, without the stack's."""
    return [
        it["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-") for it in alarm_resources().values()
    ]


def metrics(alarm: dict) -> list[dict]:
    """What an alarm watches, with all options on."""
    listed = [it.get("Fn::If", [None, it])[1] for it in alarm.get("Metrics", [{"MetricStat": True}])]
    return [it for it in listed if "MetricStat" in it]


@pytest.mark.parametrize("document", [*READMES, RUNBOOK, *TEMPLATE_PAGES], ids=lambda it: it.name)
def test_every_name_exists(document: Document):
    """Each word in backticks that looks like a parameter, metric, code or variable."""
    names = {
        span for span in code(document.text) if re.fullmatch(r"([A-Z][a-z0-9]+){2,}|[A-Z]+(_[A-Z]+)+", span)
    }
    assert len(names) > 5
    known = everything()
    assert {name for name in names - OF_THE_SDK if not re.search(rf"\b{name}\b", known)} == set()


@pytest.mark.parametrize("document", TEMPLATE_PAGES, ids=lambda it: it.name)
def test_every_message_template_is_explained(document: Document):
    """In the table, with a link to it."""
    [files, _] = tables(document.text)
    assert sorted(row[0] for row in files[1:]) == [f"[{it.name}]({it.name})" for it in TEMPLATES]


@pytest.mark.parametrize(
    "document", [*READMES, RUNBOOK, *IN_ZSTACK, CHANGELOG, *TEMPLATE_PAGES], ids=lambda it: it.name
)
def test_links_lead_somewhere(document: Document):
    """Relative ones: to a file that is there, and to a heading in it."""
    broken = []
    for link in document.links:
        if re.match(r"https?://", link):
            continue
        file, anchor = resolve(document, link)
        anchors = {it.anchor for it in Document(str(file.relative_to(ROOT))).headings} if anchor else {anchor}
        if not (file.is_file() or (file.is_dir() and not anchor)) or anchor not in anchors:
            broken.append(link)
    assert broken == []


def test_the_changelog_knows_the_version():
    """Cargo.toml's comes first, with a date or unreleased."""
    version = re.search(r'(?m)^version = "(.+)"$', (ROOT / "Cargo.toml").read_text())[1]
    sections = [it.text for it in CHANGELOG.headings if it.level == 2]
    assert re.fullmatch(rf"\[{re.escape(version)}] - (Unreleased|\d{{4}}-\d\d-\d\d)", sections[0])
