"""Who may call, under which domain, and where the functions run."""

import pytest
from deployed import PARTITIONS, Deployed, certificate

DOMAIN = {"DomainName": "alarms.example.com", "CertificateArn": certificate("us-east-1")}
VPC = {"SubnetIds": "subnet-0a1b2c3d,subnet-0a1b2c3e", "SecurityGroupIds": "sg-0a1b2c3d"}


def endpoint_is_disabled(stack: Deployed) -> bool:
    """Whether the API's own URL is switched off."""
    [api] = stack.of_type("AWS::ApiGatewayV2::Api").values()
    # SAM writes it into the API's description.
    [server] = api["Body"]["servers"]
    return server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]


def test_without_a_domain_there_is_none():
    """And the API has its own URL."""
    stack = Deployed()
    assert not [kind for kind in stack.types.values() if kind.startswith("AWS::Route53")]
    assert not {"AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping"} & set(stack.types.values())
    assert "DomainTarget" not in stack.outputs
    assert not endpoint_is_disabled(stack)


@pytest.mark.parametrize("region", PARTITIONS)
def test_a_domain_leads_to_the_stage_and_is_the_one_way_in(region: str):
    """With TLS 1.2, because ZStack's Java 8 has nothing newer. The same in every partition."""
    stack = Deployed(region, **DOMAIN | {"CertificateArn": certificate(region)})
    assert stack.properties["Domain"] == {
        "DomainName": "alarms.example.com",
        "DomainNameConfigurations": [
            {
                "CertificateArn": certificate(region),
                "EndpointType": "REGIONAL",
                "SecurityPolicy": "TLS_1_2",
            }
        ],
    }
    [stage] = [name for name, kind in stack.types.items() if kind == "AWS::ApiGatewayV2::Stage"]
    assert stack.properties["DomainMapping"] == {
        "ApiId": "<Api>",
        "DomainName": "<Domain>",
        "Stage": f"<{stage}>",
    }
    assert "DomainRecords" not in stack.properties
    assert stack.outputs["WebhookUrl"] == "https://alarms.example.com/zstack"
    assert stack.outputs["HealthUrl"] == "https://alarms.example.com/health"
    assert stack.outputs["DomainTarget"] == "<Domain.RegionalDomainName>"
    assert endpoint_is_disabled(stack)


def test_the_old_url_can_be_kept_until_zstack_has_the_new_one():
    """Otherwise alerts would be lost in between."""
    assert not endpoint_is_disabled(Deployed(**DOMAIN, DisableExecuteApiEndpoint="false"))


@pytest.mark.parametrize("region", PARTITIONS)
def test_the_record_is_created_in_the_zone(region: str):
    """As an alias of the domain's target. Its hosted zone is the one that the region's API Gateway names."""
    stack = Deployed(region, **DOMAIN | {"CertificateArn": certificate(region)}, HostedZoneId="Z0123456789")
    [records] = stack.of_type("AWS::Route53::RecordSetGroup").values()
    target = {"DNSName": "<Domain.RegionalDomainName>", "HostedZoneId": "<Domain.RegionalHostedZoneId>"}
    assert records == {
        "HostedZoneId": "Z0123456789",
        "RecordSets": [{"Name": "alarms.example.com", "Type": "A", "AliasTarget": target}],
    }


@pytest.mark.parametrize("region", PARTITIONS)
def test_functions_in_a_vpc_may_have_network_interfaces(region: str):
    """By the policy of the partition, and not otherwise."""
    stack = Deployed(region, **VPC)
    policy = f"arn:{PARTITIONS[region][0]}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    for function, role in (("Relay", "RelayRole"), ("Redeliver", "RedeliverRole")):
        assert stack.properties[function]["VpcConfig"] == {
            "SubnetIds": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
            "SecurityGroupIds": ["sg-0a1b2c3d"],
        }
        assert stack.properties[role]["ManagedPolicyArns"] == [policy]
        outside = Deployed(region).properties
        assert "VpcConfig" not in outside[function]
        assert outside[role]["ManagedPolicyArns"] == []


def test_the_relay_knows_who_may_call():
    """Redeliver is called by nobody but the queue."""
    stack = Deployed(AllowedSourceCidrs="192.0.2.0/24")
    assert stack.properties["Relay"]["Environment"]["Variables"]["ALLOWED_SOURCE_CIDRS"] == "192.0.2.0/24"
    assert "ALLOWED_SOURCE_CIDRS" not in stack.properties["Redeliver"]["Environment"]["Variables"]
