"""What can be set, what is refused, and how the console and the SAM command line show it."""

import re
import tomllib

import pytest
from deployed import source
from local import ROOT

TEMPLATE = source()
PARAMETERS = TEMPLATE["Parameters"]
INTERFACE = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]
REPOSITORY = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_default_will_do(name: str):
    """Every parameter has one that it would take itself, and says what it is for."""
    parameter = PARAMETERS[name]
    assert parameter["Description"]
    assert takes(name, parameter["Default"])


@pytest.mark.parametrize("name", [name for name, it in PARAMETERS.items() if it["Type"] == "Number"])
def test_numbers_have_bounds(name: str):
    """On both ends, or a list."""
    assert "AllowedValues" in PARAMETERS[name] or {"MinValue", "MaxValue"} <= PARAMETERS[name].keys()


@pytest.mark.parametrize("name", [name for name, it in PARAMETERS.items() if it["Type"] == "String"])
def test_texts_are_checked(name: str):
    """By a pattern with an explanation, a list, or at least a length."""
    parameter = PARAMETERS[name]
    assert parameter.keys() & {"AllowedPattern", "AllowedValues", "MaxLength"}
    assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter)


KEY = "kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        *[
            (
                name,
                ["/zstack-flashduty/push-url", "/a", "/A_b.c-1/" + "x" * 100],
                ["", "push-url", "/", "/a/", "//a", "/a//b", "/a b", "/中", "/a*", "/x" * 16],
            )
            for name in ("PushUrlParameter", "WebhookTokenParameter")
        ],
        *[
            (
                name,
                ["", f"arn:aws:{KEY}", f"arn:aws-cn:{KEY}", f"arn:aws-us-gov:{KEY}"],
                [
                    "*",
                    f"arn:aws:{KEY} ",
                    "alias/aws/ssm",
                    "arn:aws:kms:eu-west-1:123456789012:alias/own",
                    "arn:aws:kms:*",
                ],
            )
            for name in ("KmsKeyArn", "DataKmsKeyArn")
        ],
        (
            "AlarmTopicArn",
            [
                "",
                "arn:aws:sns:eu-west-1:123456789012:on-call",
                "arn:aws-cn:sns:cn-north-1:123456789012:a_B-1",
            ],
            [
                "on-call",
                "arn:aws:sns:eu-west-1:123456789012:on-call.fifo",
                "arn:aws:sns:eu-west-1:123456789012:*",
                "arn:aws:sqs:eu-west-1:123456789012:on-call",
                "arn:aws:sns:eu-west-1:123456789012:on-call:00000000-0000-0000-0000-000000000000",
            ],
        ),
        (
            "AlarmEmail",
            ["", "ops@example.com", "on-call+zf@mail.example.com"],
            ["ops", "ops@localhost", "a@b@example.com", "two@example.com, three@example.com", " "],
        ),
        ("TitleRule", ["", "x" * 512], ["x" * 513]),
        (
            "AllowedSourceCidrs",
            ["", "192.0.2.0/24", "192.0.2.0/24, 198.51.100.7,2001:DB8::/32"],
            ["office", "192.0.2.0/24;198.51.100.0/24", "1" * 2_001],
        ),
        (
            "DomainName",
            ["", "alarms.example.com", "a-1.example.xn--fiqs8s"],
            [
                "example",
                "https://alarms.example.com",
                "Alarms.example.com",
                "-a.example.com",
                "*.example.com",
            ],
        ),
        (
            "CertificateArn",
            ["", "arn:aws-cn:acm:cn-north-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"],
            ["00000000-0000-0000-0000-000000000000", "arn:aws:iam::123456789012:server-certificate/a"],
        ),
        ("HostedZoneId", ["", "Z0123456789ABCDEFGHIJ"], ["/hostedzone/Z0123456789ABCDEFGHIJ", "example.com"]),
        ("DisableExecuteApiEndpoint", ["true", "false"], ["True", ""]),
        (
            "SubnetIds",
            ["", "subnet-0a1b2c3d", "subnet-0a1b2c3d,subnet-0a1b2c3e"],
            ["sg-0a1b2c3d", "subnet-1, "],
        ),
        ("SecurityGroupIds", ["", "sg-0a1b2c3d,sg-0a1b2c3e"], ["subnet-0a1b2c3d", "sg-1, sg-2"]),
        ("Language", ["en", "zh-CN"], ["zh", "zh-cn", "EN", ""]),
        ("RetryQueue", ["enabled", "disabled"], ["true", "Enabled", ""]),
        ("Tracing", ["enabled", "disabled"], ["Active", ""]),
        ("Architecture", ["arm64", "x86_64"], ["x86-64", "amd64"]),
        # Above INFO, Lambda would drop the lines that carry the metrics.
        ("LogLevel", ["TRACE", "DEBUG", "INFO"], ["WARN", "ERROR", "FATAL", "info"]),
        ("LogRetentionDays", [1, 30, 365, 3653], [0, 2, 31, 10_000]),
        ("HeartbeatHours", [0, 1, 168], [-1, 169]),
        ("SelfCheckMinutes", [0, 5, 15, 30, 60], [-1, 1, 10, 90]),
        ("SelfTestHours", [0, 6, 12, 24], [-6, 1, 48]),
        ("MemorySize", [128, 10_240], [127, 10_241]),
        ("DeliveriesPerMinute", [60, 800, 1_800], [0, 59, 1_801]),
        ("SettingsTtlSeconds", [30, 86_400], [0, 29, 86_401]),
        ("ThrottlingRateLimit", [1, 10_000], [0, 10_001]),
        ("ThrottlingBurstLimit", [1, 5_000], [0, 5_001]),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_mistakes_are_refused_before_anything_is_deployed(name: str, good: list, bad: list):
    """Examples that pass and that fail."""
    assert [it for it in good if not takes(name, it)] == []
    assert [it for it in bad if takes(name, it)] == []


def takes(name: str, value: str | int) -> bool:
    """Whether CloudFormation would let the value pass; a pattern has to match all of it."""
    parameter = PARAMETERS[name]
    if "AllowedValues" in parameter and value not in parameter["AllowedValues"]:
        return False
    if parameter["Type"] == "Number":
        return parameter.get("MinValue", value) <= value <= parameter.get("MaxValue", value)
    pattern = parameter.get("AllowedPattern", "(?s).*")
    return len(value) <= parameter.get("MaxLength", 4096) and re.fullmatch(pattern, value) is not None


def test_two_secrets_need_two_names():
    """Else the push URL would be the token."""
    [assertion] = TEMPLATE["Rules"]["TwoSecrets"]["Assertions"]
    names = [{"Ref": "PushUrlParameter"}, {"Ref": "WebhookTokenParameter"}]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": names}]}


def holds(it: dict, values: dict[str, str]) -> bool:
    """What CloudFormation makes of a rule's assertion."""
    match it:
        case {"Fn::Equals": [{"Ref": name}, text]}:
            return values[name] == text
        case {"Fn::Not": [inner]}:
            return not holds(inner, values)
        case {"Fn::Or": inner}:
            return any(holds(each, values) for each in inner)
        case {"Fn::And": inner}:
            return all(holds(each, values) for each in inner)
    raise AssertionError(it)


@pytest.mark.parametrize(
    ("rule", "given", "accepted"),
    [
        ("WholeDomain", {}, True),
        ("WholeDomain", {"DomainName", "CertificateArn"}, True),
        ("WholeDomain", {"DomainName", "CertificateArn", "HostedZoneId"}, True),
        ("WholeDomain", {"DomainName"}, False),
        ("WholeDomain", {"CertificateArn"}, False),
        ("WholeDomain", {"HostedZoneId"}, False),
        ("WholeVpc", {}, True),
        ("WholeVpc", {"SubnetIds", "SecurityGroupIds"}, True),
        ("WholeVpc", {"SubnetIds"}, False),
        ("WholeVpc", {"SecurityGroupIds"}, False),
    ],
)
def test_what_goes_together_is_given_together(rule: str, given: set[str], accepted: bool):
    """Else the deployment would fail later, or half of it would be left out."""
    values = {name: "given" if name in given else "" for name in PARAMETERS}
    assertions = TEMPLATE["Rules"][rule]["Assertions"]
    assert all(holds(it["Assert"], values) for it in assertions) == accepted


def test_the_console_shows_every_parameter_once():
    """In a group, under a label."""
    grouped = [name for group in INTERFACE["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(PARAMETERS)
    assert INTERFACE["ParameterLabels"].keys() == PARAMETERS.keys()


def test_the_application_repository_would_take_the_metadata():
    """Its patterns and lengths, files that exist, and Cargo.toml's version."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
    assert REPOSITORY["SemanticVersion"] == cargo["version"]
    assert (REPOSITORY["Name"], REPOSITORY["SpdxLicenseId"]) == (cargo["name"], "MIT")
    assert re.fullmatch(r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?", REPOSITORY["Author"])
    assert len(REPOSITORY["Description"]) <= 256
    assert len(REPOSITORY["Labels"]) <= 10
    assert all(re.fullmatch(r"[a-zA-Z0-9+\-_:/@]+", label) for label in REPOSITORY["Labels"])
    for file in ("LicenseUrl", "ReadmeUrl"):
        assert (ROOT / REPOSITORY[file]).is_file()


def test_samconfig_asks_before_it_changes_anything():
    """And may make the roles, which have no names of their own."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert config == {
        "version": 0.1,
        "default": {
            "global": {"parameters": {"stack_name": "zstack-flashduty"}},
            "build": {"parameters": {"parallel": True}},
            "validate": {"parameters": {"lint": True}},
            "deploy": {
                "parameters": {
                    "capabilities": "CAPABILITY_IAM",
                    "resolve_s3": True,
                    "s3_prefix": "zstack-flashduty",
                    "confirm_changeset": True,
                    "fail_on_empty_changeset": False,
                }
            },
        },
    }
    assert not [name for name, it in TEMPLATE["Resources"].items() if "RoleName" in it.get("Properties", {})]


def test_the_linter_is_told_to_overlook_nothing():
    """Neither by the template, as a whole or in a resource, nor by a file of its own, nor by the Makefile."""
    annotated = [TEMPLATE, *TEMPLATE["Resources"].values()]
    assert not [it for it in annotated if "cfn-lint" in it.get("Metadata", {})]
    assert not [path.name for path in ROOT.glob(".cfnlintrc*")]
    [command] = re.findall(r"(?m)^\t\S*cfn-lint (.*)$", (ROOT / "Makefile").read_text())
    assert not re.search(r"--ignore|--mandatory|--config|(^| )-[im]", command)
