"""The access log of the template's API, and the metrics that its metric filter makes of it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from deployed import Deployed
from evaluator import Point, metric


def line(stack: Deployed, **context: str) -> str:
    """What API Gateway writes for a request with these `$context` variables; `-` for any other."""
    [settings] = [it["AccessLogSettings"] for it in stack.of_type("AWS::ApiGatewayV2::Stage").values()]
    known = {"apiId": "<Api>"} | context
    return re.sub(r"\$context\.([A-Za-z.]+)", lambda it: known.get(it[1], "-"), settings["Format"])


def metrics(stack: Deployed, at: float, text: str) -> Iterator[Point]:
    """What the metric filter makes of a line."""
    [filter_] = stack.of_type("AWS::Logs::MetricFilter").values()
    event = json.loads(text)
    if matches(filter_["FilterPattern"], event):
        for it in filter_["MetricTransformations"]:
            dimensions = {of["Key"]: event[of["Value"].removeprefix("$.")] for of in it["Dimensions"]}
            name = metric(it["MetricNamespace"], it["MetricName"], **dimensions)
            yield Point(at, name, (float(it["MetricValue"]),))


def matches(pattern: str, event: dict[str, Any]) -> bool:
    """Whether a filter pattern for JSON matches. Its terms compare texts, in which `*` is any characters.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
    """
    whole = re.fullmatch(r"\{ (.+) }", pattern)
    assert whole, pattern
    return all(_matches(term, event) for term in whole[1].split(" && "))


def _matches(term: str, event: dict[str, Any]) -> bool:
    parts = re.fullmatch(r'\(\$\.(\w+) = "([^"\\]*)"\)', term)
    assert parts, f"not understood: {term}"
    value = event.get(parts[1])
    return isinstance(value, str) and bool(
        re.fullmatch(".*".join(map(re.escape, parts[2].split("*"))), value)
    )
