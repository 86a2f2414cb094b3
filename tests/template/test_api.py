"""What the HTTP API lets in, and what it writes down."""

import json
import re

from deployed import Deployed

# What a request consists of, beyond where it came from and where it went: any of it may hold the token.
TELLTALE = ("path", "querystring", "header", "body", "authorizer", "useragent", "input", "$request")


def test_three_routes_and_no_more():
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
    expected = ["POST /zstack", "GET /health", "HEAD /health"]
    assert routes == dict.fromkeys(expected, integration)

    permissions = list(stack.of_type("AWS::Lambda::Permission").values())
    assert all(
        (it["Action"], it["FunctionName"], it["Principal"])
        == ("lambda:InvokeFunction", "<Relay>", "apigateway.amazonaws.com")
        for it in permissions
    )
    prefix = "arn:aws:execute-api:us-east-1:123456789012:<Api>"
    assert {it["SourceArn"] for it in permissions} == {f"{prefix}/*/{it.replace(' ', '')}" for it in expected}


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


def test_the_access_log_cannot_hold_the_token():
    """One line of JSON, with nothing of what the caller chose but method and route."""
    [stage] = Deployed().of_type("AWS::ApiGatewayV2::Stage").values()
    line = stage["AccessLogSettings"]["Format"]
    assert "\n" not in line
    fields = json.loads(line)
    assert fields == {
        "request_id": "$context.requestId",
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
