"""template.yaml as CloudFormation would deploy it: translated, and all references resolved.

What AWS makes up is written `<Retries>` for what a resource is called (`Ref`), and `<Retries.Arn>` for an
attribute.
"""

import json
import re
from functools import cache
from typing import Any

import pytest
from local import ROOT
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ACCOUNT = "123456789012"
STACK = "zf"
NOTHING = object()
"""`AWS::NoValue`."""

PARTITIONS = {
    "us-east-1": ("aws", "amazonaws.com"),
    "cn-north-1": ("aws-cn", "amazonaws.com.cn"),
    "us-gov-west-1": ("aws-us-gov", "amazonaws.com"),
}
OPTIONS = {
    "KmsKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
    "DataKmsKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111",
    "Tracing": "enabled",
    "AlarmEmail": "ops@example.com",
    "HeartbeatHours": "24",
    "SelfTestHours": "12",
}
"""Everything that is off by default, but for an SNS topic of one's own."""


def certificate(region: str) -> str:
    """The ARN of a certificate in ACM."""
    partition, _ = PARTITIONS[region]
    return f"arn:{partition}:acm:{region}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"


def source() -> dict[str, Any]:
    """The template as it is written."""
    return yaml_parse((ROOT / "template.yaml").read_text())


@cache
def translated(region: str) -> str:
    """What the SAM service makes of it, after `sam package` put the code into a bucket; as JSON."""
    template = source()
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/code"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", region)
        return json.dumps(transform(template, {}, NoManagedPolicies()))


class NoManagedPolicies:
    """A role that names one would be translated to something that no test knows."""

    def load(self) -> dict[str, str]:
        """None."""
        return {}


class Deployed:
    """A stack: its resources' properties and its outputs."""

    def __init__(self, region: str = "us-east-1", **parameters: str):
        self._template = json.loads(translated(region))
        partition, suffix = PARTITIONS[region]
        declared = self._template["Parameters"]
        assert parameters.keys() <= declared.keys()
        self._values = {name: it["Default"] for name, it in declared.items()} | parameters
        self._values |= {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NOTHING,
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::StackName": STACK,
            "AWS::URLSuffix": suffix,
        }
        self.types: dict[str, str] = {}
        self.properties: dict[str, dict[str, Any]] = {}
        for name, resource in self._template["Resources"].items():
            if self._exists(resource):
                self.types[name] = resource["Type"]
                self.properties[name] = self._resolve(resource.get("Properties", {}))
        outputs = self._template["Outputs"].items()
        self.outputs = {name: self._resolve(it["Value"]) for name, it in outputs if self._exists(it)}

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type."""
        return {name: self.properties[name] for name, it in self.types.items() if it == kind}

    def statements(self, role: str) -> dict[str, dict[str, Any]]:
        """What a role may do: its policies' statements, by their names."""
        policies = self.properties[role]["Policies"]
        return {it["Sid"]: it for policy in policies for it in policy["PolicyDocument"]["Statement"]}

    def _exists(self, it: dict[str, Any]) -> bool:
        return "Condition" not in it or self._holds(it["Condition"])

    def _holds(self, condition: str) -> bool:
        return self._resolve(self._template["Conditions"][condition])

    def _resolve(self, it: Any) -> Any:
        match it:
            case {"Ref": name}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                assert name in self._template["Resources"]
                return f"<{name}.{attribute}>"
            case {"Fn::Sub": [text, variables]}:
                return self._sub(text, {name: self._resolve(value) for name, value in variables.items()})
            case {"Fn::Sub": text}:
                return self._sub(text, {})
            case {"Fn::If": [condition, yes, no]}:
                return self._resolve(yes if self._holds(condition) else no)
            case {"Fn::Equals": [one, other]}:
                return str(self._resolve(one)) == str(self._resolve(other))
            case {"Fn::Not": [condition]}:
                return not self._resolve(condition)
            case {"Fn::Or": conditions}:
                return any(self._resolve(condition) for condition in conditions)
            case {"Fn::And": conditions}:
                return all(self._resolve(condition) for condition in conditions)
            case {"Fn::Split": [separator, text]}:
                return self._resolve(text).split(separator)
            case {"Condition": str(condition), **rest} if not rest:
                return self._holds(condition)
            case {"Fn::FindInMap": [name, *keys]}:
                first, second = (str(self._resolve(key)) for key in keys)
                return self._template["Mappings"][name][first][second]
            case {"Fn::Join": [separator, texts]}:
                return separator.join(self._resolve(texts))
            case dict():
                assert not [key for key in it if key.startswith("Fn::")], f"not understood: {it}"
                resolved = {key: self._resolve(value) for key, value in it.items()}
                return {key: value for key, value in resolved.items() if value is not NOTHING}
            case list():
                return [value for value in map(self._resolve, it) if value is not NOTHING]
        return it

    def _ref(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        resource = self._template["Resources"][name]
        assert self._exists(resource), f"{name} is not there"
        return f"<{name}>"

    def _sub(self, text: str, variables: dict[str, str]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in variables:
                return variables[name]
            head, _, attribute = name.partition(".")
            return self._resolve({"Fn::GetAtt": [head, attribute]}) if attribute else str(self._ref(name))

        return re.sub(r"\$\{([^!}]+)}", value, text)
