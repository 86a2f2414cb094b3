"""The same template in every partition."""

import json
import re

import pytest
from deployed import OPTIONS, PARTITIONS, Deployed, certificate

SERVICES = {
    "lambda.amazonaws.com",
    "apigateway.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "scheduler.amazonaws.com",
}
"""Principals, called so in every partition."""


NETWORK = {
    "AllowedSourceCidrs": "192.0.2.0/24",
    "DomainName": "alarms.example.com",
    "HostedZoneId": "Z0123456789",
    "SubnetIds": "subnet-0a1b2c3d",
    "SecurityGroupIds": "sg-0a1b2c3d",
}


@pytest.mark.parametrize("network", [{}, NETWORK], ids=["plain", "network"])
@pytest.mark.parametrize("region", PARTITIONS)
def test_names_are_those_of_the_partition(region: str, network: dict[str, str]):
    """No ARN and no host of another one, with a domain and in a VPC, too."""
    partition, suffix = PARTITIONS[region]
    options = {**OPTIONS, "KmsKeyArn": "", "DataKmsKeyArn": "", **network}
    stack = Deployed(region, **options, CertificateArn=certificate(region) if network else "")
    text = json.dumps([stack.properties, stack.outputs])
    arns = set(re.findall(r"arn:([a-z-]+):", text))
    assert arns == {partition}
    hosts = set(re.findall(r"[a-z0-9.-]*amazonaws[a-z0-9.-]*", text)) - SERVICES
    api = set() if network else {f".execute-api.{region}.{suffix}"}
    console = {"cn-north-1": "console.amazonaws.cn", "us-gov-west-1": "console.amazonaws-us-gov.com"}
    assert hosts == api | ({console[region]} if region in console else set())


def test_urls_to_paste_and_to_open():
    """As they are in most of the world, and in China."""
    assert {
        name: url for name, url in Deployed().outputs.items() if name.endswith("Url") and "://" in url
    } == {
        "WebhookUrl": "https://<Api>.execute-api.us-east-1.amazonaws.com/zstack",
        "HealthUrl": "https://<Api>.execute-api.us-east-1.amazonaws.com/health",
        "DashboardUrl": "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards:name=<Dashboard>",
    }
    china = Deployed("cn-north-1").outputs
    assert china["WebhookUrl"] == "https://<Api>.execute-api.cn-north-1.amazonaws.com.cn/zstack"
    assert china["DashboardUrl"].startswith("https://console.amazonaws.cn/cloudwatch/home?region=cn-north-1#")
    gov = Deployed("us-gov-west-1").outputs
    assert gov["DashboardUrl"].startswith("https://console.amazonaws-us-gov.com/cloudwatch/")


def test_the_key_is_used_through_ssm_of_the_partition():
    """China's services have another suffix."""
    key = "arn:aws-cn:kms:cn-north-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    for role in ("RelayRole", "RedeliverRole"):
        statements = Deployed("cn-north-1", KmsKeyArn=key, DataKmsKeyArn=key).statements(role)
        through_sqs = {"kms:ViaService": "sqs.cn-north-1.amazonaws.com.cn"}
        assert statements["EncryptMessages"]["Condition"]["StringEquals"] == through_sqs
        statement = statements["DecryptSettings"]
        condition = statement["Condition"]
        assert statement["Resource"] == key
        assert condition["StringEquals"] == {"kms:ViaService": "ssm.cn-north-1.amazonaws.com.cn"}
        push_url = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/zstack-flashduty/push-url"
        decrypted = condition["StringLike"]["kms:EncryptionContext:PARAMETER_ARN"]
        assert {push_url, f"{push_url}/*"} <= set(decrypted)
