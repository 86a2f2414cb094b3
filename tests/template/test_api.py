"""What the HTTP API lets in, and what it writes down."""

import json
import re
from fnmatch import fnmatchcase

import pytest
from deployed import Deployed

# What a request consists of, beyond where it came from and where it went: any of it may hold the token.
TELLTALE = ("path", "querystring", "header", "body", "authorizer", "useragent", "input", "$request")


def test_four_routes_and_no_more():
    """Each goes to the relay, and API Gateway may call it for that route only."""
    stack = Deployed()
    [api] = stack.of_type("AWS::ApiGatewayV2::Api").values()
    routes = {
        f"{method.upper()} {path}": operation["x-amazon-apigateway-integration"]
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
    }
    integration = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "payloadFormatVersion": "2.0",
        "uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/<Relay.Arn>/invocations",
    }
    expected = ["POST /zstack", "POST /zstack/{channel}", "GET /health", "HEAD /health"]
    assert routes == dict.fromkeys(expected, integration)

    permissions = list(stack.of_type("AWS::Lambda::Permission").values())
    assert all(
        (it["Action"], it["FunctionName"], it["Principal"])
        == ("lambda:InvokeFunction", "<Relay>", "apigateway.amazonaws.com")
        for it in permissions
    )
    prefix = "arn:aws:execute-api:us-east-1:123456789012:<Api>"
    # A path with a variable in it has a wildcard there.
    called = {it.replace(" ", "").replace("{channel}", "*") for it in expected}
    assert {it["SourceArn"] for it in permissions} == {f"{prefix}/*/{it}" for it in called}


def test_the_one_stage_is_throttled_and_logged():
    """Both limits: with one of them alone the other is the account's."""
    stack = Deployed(ThrottlingRateLimit="7", ThrottlingBurstLimit="9")
    [stage] = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["StageName"] == "$default"
    assert stage["AutoDeploy"] is True
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": "7", "ThrottlingBurstLimit": "9"}
    assert "RouteSettings" not in stage
    assert stage["AccessLogSettings"]["DestinationArn"] == "<AccessLogs.Arn>"
    assert stack.properties["AccessLogs"]["LogGroupName"].startswith("/aws/vendedlogs/")


def test_a_storm_of_alarms_is_let_in_and_a_flood_is_bounded():
    """ZStack sends one message at a time; what a flood costs at these limits is in docs/cost.md."""
    [stage] = Deployed().of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 200}


def rejections(status: str, route: str) -> int:
    """What the metric filter makes of a line of the access log, by CloudWatch Logs' rules for its pattern."""
    stack = Deployed()
    [stage] = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    values = {"$context.status": status, "$context.routeKey": route, "$context.apiId": "a1b2c3"}
    line = {
        name: values.get(it, "-") for name, it in json.loads(stage["AccessLogSettings"]["Format"]).items()
    }
    [rule] = stack.of_type("AWS::Logs::MetricFilter").values()
    assert rule["LogGroupName"] == stage["AccessLogSettings"]["DestinationArn"].replace(".Arn", "")
    [inner] = re.findall(r"^\{ (.+) }$", rule["FilterPattern"])
    terms = [re.fullmatch(r'\(\$\.(\w+) = "([^"]+)"\)', term) for term in inner.split(" && ")]
    matched = all(term and fnmatchcase(line[term[1]], term[2]) for term in terms)
    [transformation] = rule["MetricTransformations"]
    assert transformation["Dimensions"] == [{"Key": "ApiId", "Value": "$.api_id"}]
    # CloudWatch Logs takes dimensions only from fields that the pattern names.
    assert "api_id" in {term[1] for term in terms if term}
    return int(transformation["MetricValue"]) if matched else 0


@pytest.mark.parametrize(
    ("status", "route", "counts"),
    [
        ("400", "POST /zstack", True),
        ("401", "POST /zstack", True),
        ("413", "POST /zstack", True),
        ("429", "POST /zstack", True),
        ("401", "POST /zstack/{channel}", True),
        ("404", "POST /zstack/{channel}", True),
        ("429", "POST /zstack/{channel}", True),
        ("200", "POST /zstack/{channel}", False),
        ("200", "POST /zstack", False),
        ("202", "POST /zstack", False),
        ("503", "POST /zstack", False),
        ("429", "GET /health", False),
        # What API Gateway writes for a path that has no route.
        ("404", "-", False),
    ],
)
def test_rejected_requests_of_zstack_are_counted(status: str, route: str, counts: bool):
    """Also those that never reach the function; strangers' calls of other paths are not."""
    assert rejections(status, route) == counts


def test_the_access_log_cannot_hold_the_token():
    """One line of JSON, with nothing of what the caller chose but method and route."""
    [stage] = Deployed().of_type("AWS::ApiGatewayV2::Stage").values()
    line = stage["AccessLogSettings"]["Format"]
    assert "\n" not in line
    fields = json.loads(line)
    assert fields == {
        "request_id": "$context.requestId",
        "api_id": "$context.apiId",
        "time": "$context.requestTime",
        "source_ip": "$context.identity.sourceIp",
        "route": "$context.routeKey",
        "method": "$context.httpMethod",
        "protocol": "$context.protocol",
        "status": "$context.status",
        "response_bytes": "$context.responseLength",
        "latency_ms": "$context.responseLatency",
        "function_latency_ms": "$context.integrationLatency",
        "function_request_id": "$context.awsEndpointRequestId",
        "error": "$context.error.message",
        "function_error": "$context.integrationErrorMessage",
    }
    told = re.findall(r"\$[\w.]+", line.lower())
    assert not [name for name in told if any(word in name for word in TELLTALE)]
