"""What the documents name exists, and what exists is named.

What only the code knows is compared with the code itself, in tests/relay/documents.rs.
"""

import json
import re
from functools import cache
from typing import Any

import pytest
from documents import TWINS, Document, code, document, every_name, resolve, section_of_both, tables, twins
from local import ROOT
from samtranslator.yaml_helper import yaml_parse
from shell import commands

RUNBOOK = document("docs/runbook.md")
TEMPLATES = sorted((ROOT / "docs/templates").glob("*.txt"))
"""Message templates for ZStack."""
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
CATALOGUE = ROOT / "docs/protocols/zstack-events.json"
GOLDENS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "tests/relay/golden").glob("*.json")}
"""What each sample of events/ is pushed as."""

OF_THE_SDK = {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
"""What the SDK's providers for the environment read."""

OF_THE_PROGRAM = ["GivenUp"]
"""An outcome. tests/relay/documents.rs looks for it in the metrics."""

USER_PAGES = [*TWINS, *TWINS.values(), "docs/runbook.md"]


def in_both_languages(name: str) -> pytest.MarkDecorator:
    """A test of one page, once for each language."""
    return pytest.mark.parametrize("page", twins(name), ids=lambda it: it.name)


@cache
def everything() -> str:
    """Where a name may come from."""
    files = [ROOT / "template.yaml", ROOT / "Makefile", ROOT / "Cargo.toml", CATALOGUE, *TEMPLATES]
    # Flashduty's codes.
    files.append(ROOT / "docs/protocols/flashduty.md")
    # Variables of message templates that our own do not name, and what fills them in.
    files += [ROOT / "tests/relay/templates" / name for name in ("values.json", "render.groovy")]
    for folder in ("events", "scripts", "dev"):
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".json", ".py", ".env")]
    # tests/relay/documents.rs compares these two tables with the program.
    codes = [row[1] for row in tables(document("docs/answers.md").text)[0]]
    variables = [row[0] for row in table(document("docs/settings.md"), "Variables")]
    return "\n".join([path.read_text() for path in files] + codes + variables + OF_THE_PROGRAM)


def table(page: Document, heading: str, which: int = 0) -> list[list[str]]:
    """A table of the section with this English heading, without its head."""
    return tables(section_of_both(page, heading))[which][1:]


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


@in_both_languages("README.md")
class TestReadme:
    """What everybody reads first."""

    def test_it_is_short(self, page: Document):
        """What is longer belongs into docs/."""
        assert len(page.text.splitlines()) <= 200

    def test_every_user_page_can_be_found(self, page: Document):
        """From the table at its end, in the reader's language."""
        listed = {link for row in table(page, "More") for link in re.findall(r"]\((.+?)\)", row[1])}
        own = {name for pair in TWINS.items() for name in pair if (name in TWINS) == (page.name in TWINS)}
        assert own - {page.name} <= listed
        assert listed >= {"docs/runbook.md", "docs/performance.md", "CONTRIBUTING.md", "SECURITY.md"}


@in_both_languages("docs/deploying.md")
class TestDeploying:
    """The template, as its users know it."""

    def test_parameters(self, page: Document):
        """Each once, with its default."""
        documented = {}
        for row in table(page, "Parameters of the template"):
            names, defaults = code(row[0]), code(row[2])
            documented |= dict(zip(names, defaults or [""] * len(names), strict=True))
        assert documented == {name: str(it["Default"]) for name, it in TEMPLATE["Parameters"].items()}

    def test_the_deployers_rights_cover_every_resource(self, page: Document):
        """Each service of the template, and those that the commands ask themselves; no action twice."""
        rows = table(page, "Rights of the deployer")
        actions = [name for row in rows for name in code(row[1])]
        assert len(actions) == len(set(actions))
        assert not [it for it in actions if not re.fullmatch(r"[a-z0-9]+:(\*|[A-Z][A-Za-z]+)", it)]
        kinds = {it["Type"].split("::")[1] for it in TEMPLATE["Resources"].values()}
        services = {"ApiGatewayV2": "apigateway", "Serverless": "lambda"}
        used = {services.get(it, it.lower()) for it in kinds}
        named = {it.split(":")[0] for it in actions}
        # A VPC is looked at when a function is put into it.
        assert named == used | {"apigateway", "cloudformation", "ec2", "kms", "s3", "ssm"}

    def test_outputs(self, page: Document):
        """Each once."""
        named = [name for row in table(page, "With make") for name in code(row[0])]
        assert sorted(named) == sorted(TEMPLATE["Outputs"])

    def test_sam_is_the_one_that_was_used(self, page: Document):
        """By its version, as it is pinned."""
        pinned = (ROOT / "scripts/requirements.txt").read_text()
        [version] = re.findall(r"(?m)^aws-sam-cli==([\d.]+)", pinned)
        named = re.findall(r"SAM CLI\s+(\d+(?:\.\d+)+)", section_of_both(page, "Without make"))
        assert named == [version]

    def test_the_role_is_the_templates(self, page: Document):
        """With cargo-lambda and without queues: no more, and no less."""
        [policy] = [
            command[command.index("--policy-document") + 1]
            for block in page.commands
            for command in commands(block.text)
            if "put-role-policy" in command
        ]
        by_hand = json.loads(policy)["Statement"]
        policies = TEMPLATE["Resources"]["RelayRole"]["Properties"]["Policies"]
        statements = [it for it in policies[0]["PolicyDocument"]["Statement"] if "Fn::If" not in it]
        assert sorted(str(it["Action"]) for it in by_hand) == sorted(str(it["Action"]) for it in statements)
        assert "*" not in [it["Resource"] for it in by_hand]


@in_both_languages("docs/watching.md")
def test_alarms(page: Document):
    """In the template's words, each with a link to its section of the runbook."""
    found = [re.fullmatch(r"\[`…-(.+)`]\(runbook\.md#(.+)\)", row[0]) for row in table(page, "Alarms")]
    assert [it[1] for it in found if it] == [it[2] for it in found if it] == alarms()


@in_both_languages("docs/delivery.md")
def test_what_is_retried(page: Document):
    """The codes and the statuses of docs/protocols/flashduty.md, "The answer"."""
    answer = document("docs/protocols/flashduty.md").section("The answer")
    later = [row for row in tables(answer)[1][1:] if "**" in row[3]]
    codes = [name for row in later for name in code(row[0])]
    [of_http] = re.findall(r"(\d{3}), (\d{3}) and (\d{3}) ask for another try", answer)
    [busy] = [row[1] for row in later if "RequestTooFrequently" in row[0]]
    text = section_of_both(page, "What is retried")
    assert set(code(text)) - {"Retry-After", "request_id", "error.code"} == set(codes)
    told = [it for it in re.findall(r"(?m)^- ((?:.+\n  )*.+)$", text) if "5xx" in it]
    assert [re.findall(r"\b\d{3}\b", it) for it in told] == [[*of_http, busy]]


@in_both_languages("docs/alerts.md")
class TestAlerts:
    """What the samples become."""

    def test_labels_are_those_of_the_samples(self, page: Document):
        """Each that is named is somewhere, and each that is not comes from the message or the URL."""
        named = {
            name
            for row in table(page, "Labels")
            if re.fullmatch(r"(`\w+`(, |、)?)+", row[0])
            for name in code(row[0])
        }
        assert len(named) > 25
        pushed = {name: labels(golden) for name, golden in GOLDENS.items()}
        # What waited is pushed with one of two more (tests/relay/documents.rs, fresh.rs), and so is what came
        # for a channel (tests/relay/channels.rs).
        assert named - {"delayed", "repeated", "channel"} == named & set().union(*pushed.values())
        strange = {
            label: sample
            for sample, found in pushed.items()
            for label in found - named - {"event_labels"}
            if bare(re.sub(r"_\d+$", "", label)) not in words_of(sample)
        }
        assert strange == {}

    def test_keys_are_those_of_the_samples(self, page: Document):
        """Every kind of key is named, and the example is one."""
        keys = {event["alert_key"] for golden in GOLDENS.values() for event in golden["pushed"]}
        named = [it for row in table(page, "Alert keys") for it in code(row[1]) if it.startswith("zstack:")]
        kinds = {re.sub(r"^zstack:(cloud=[^:]+:)?", "", key).split(":")[0] for key in keys}
        assert {key.split(":")[1] for key in named} == {*kinds, "cloud=beijing"}
        [example] = [re.escape(key).replace("RESOURCE", r"\w+") for key in named if ":event:" in key]
        assert any(re.fullmatch(example, key) for key in keys)
        assert any(key.endswith(":step") for key in keys)

    def test_every_event_that_ends_another_is_named(self, page: Document):
        """In the paragraph that says to subscribe to both."""
        named = code(section_of_both(page, "Events that end other events"))
        events = json.loads(CATALOGUE.read_text())
        assert sorted(named) == sorted(it["name"] for it in events if it["undoes"])


def labels(golden: Any) -> set[str]:
    """The labels of everything that a sample is pushed as."""
    return {label for event in golden["pushed"] for label in event["labels"]}


def bare(name: str) -> str:
    """A name without what tells its ways of writing apart, and with code points in place of Chinese."""
    return "".join(it if it.isascii() else f"u{ord(it):x}" for it in re.sub(r"[\W_]", "", name)).lower()


def words_of(sample: str) -> set[str]:
    """Every word of a sample, bare."""
    return {bare(word) for word in re.findall(r"[\w-]+", (ROOT / f"events/{sample}.json").read_text())}


@in_both_languages("docs/cost.md")
class TestCost:
    """That the sums are right."""

    def test_a_flood_is_one_at_the_default_limit(self, page: Document):
        """All day long."""
        limit = TEMPLATE["Parameters"]["ThrottlingRateLimit"]["Default"]
        requests = limit * 86_400 / 1e6
        row = table(page, "In a flood")[0]
        assert f"{limit} " in section_of_both(page, "In a flood")
        assert float(row[-1]) == requests

    def test_alarms_cost_what_they_watch(self, page: Document):
        """So many metrics, without what is off by default and with it."""
        watched = {name: len(metrics(it)) for name, it in alarm_resources().items()}
        without = sum(watched.values()) - watched["HeartbeatAlarm"] - watched["SelfTestAlarm"]
        price = f"{without * 0.1:.2f}"
        [row] = [row for row in page.text.splitlines() if row.endswith(f" 0.10 | {price} |")]
        assert [int(it) for it in re.findall(r"\b\d+\b(?!\.)(?<!\.\d\d)", row)][:2] == [
            without,
            sum(watched.values()),
        ]

    @pytest.mark.parametrize("heading", ["For each alert", "In a flood"])
    def test_the_sum_is_the_sum(self, page: Document, heading: str):
        """And every product its factors'."""
        rows = table(page, heading)
        prices = [float(row[-1]) for row in rows]
        assert round(sum(prices[:-1]), 2) == prices[-1]
        for row in rows[:-1]:
            factors = [float(it.replace(",", "")) for it in re.findall(r"\d+(?:\.\d+)?", row[1])]
            # Millions cancel out, but for compute time and bytes.
            product = 1.0
            for factor in factors:
                product *= {1: 1, 100: 1, 432: 4.32}.get(factor, factor)
            scale = 1e6 if "0.0000166667" in row[1] else 1
            assert round(product * scale, 2) == float(row[-1]), row


@in_both_languages("docs/templates/README.md")
class TestMessageTemplates:
    """Those in docs/templates."""

    def test_those_that_send_everything_are_shown(self, page: Document):
        """As they are."""
        shown = section_of_both(page, "The template to use")
        everything = [ROOT / f"docs/templates/{kind}-everything.txt" for kind in ("alarm", "event")]
        assert re.findall(r"(?s)```text\n(.*?)```", shown) == [path.read_text() for path in everything]

    def test_each_is_explained(self, page: Document):
        """In the table, with a link to it."""
        assert sorted(row[0] for row in table(page, "All files")) == [
            f"[{it.name}]({it.name})" for it in TEMPLATES
        ]


# Names in the pages about ZStack may also come from their own commands: test_zstack.py.
@pytest.mark.parametrize("name", [it for it in USER_PAGES if "docs/zstack." not in it])
def test_every_name_exists(name: str):
    """Each word in backticks that looks like a parameter, metric, code or variable."""
    spans = code(document(name).text)
    names = {span for span in spans if re.fullmatch(r"([A-Z][a-z0-9]+){2,}|[A-Z]+(_[A-Z]+)+", span)}
    known = everything()
    assert {it for it in names - OF_THE_SDK if not re.search(rf"\b{it}\b", known)} == set()


@pytest.mark.parametrize("name", every_name())
def test_links_lead_somewhere(name: str):
    """Relative ones: to a file that is there, and to a heading in it."""
    page, broken = document(name), []
    for link in page.links:
        if re.match(r"(https?|mailto):", link):
            continue
        file, anchor = resolve(page, link)
        there = file.is_file() or (file.is_dir() and not anchor)
        if not there or (anchor and anchor not in anchors(str(file.relative_to(ROOT)))):
            broken.append(link)
    assert broken == []


def anchors(name: str) -> set[str]:
    """Where links into a document may lead."""
    return {it.anchor for it in document(name).headings}


def test_the_changelog_knows_the_version():
    """Cargo.toml's comes first, with a date or unreleased."""
    version = re.search(r'(?m)^version = "(.+)"$', (ROOT / "Cargo.toml").read_text())[1]
    sections = [it.text for it in document("CHANGELOG.md").headings if it.level == 2]
    assert re.fullmatch(rf"\[{re.escape(version)}] - (Unreleased|\d{{4}}-\d\d-\d\d)", sections[0])
