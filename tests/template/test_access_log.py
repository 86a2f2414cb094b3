"""Which requests the metric filter of the access log counts."""

import json

import pytest
from access_log import line, matches, metrics
from deployed import Deployed
from evaluator import metric

STACK = Deployed()


@pytest.mark.parametrize(
    ("route", "status", "counts"),
    [
        ("POST /zstack", "401", True),
        ("POST /zstack", "413", True),
        ("POST /zstack", "429", True),
        ("POST /zstack/{channel}", "404", True),
        ("POST /zstack/{channel}", "429", True),
        ("POST /zstack/{channel}", "202", False),
        ("POST /zstack", "200", False),
        ("POST /zstack", "503", False),
        ("GET /health", "429", False),
        # A path without a route.
        ("-", "404", False),
    ],
)
def test_rejected_calls_of_the_webhook_are_counted(route: str, status: str, counts: bool):
    """Once each, by the API."""
    text = line(STACK, routeKey=route, status=status)
    found = [(it.metric, it.values) for it in metrics(STACK, 0, text)]
    assert found == ([(metric("zstack-flashduty", "Rejected", ApiId="<Api>"), (1,))] if counts else [])


def test_a_line_is_the_templates_format():
    """With every field, each of them a text."""
    event = json.loads(line(STACK, status="429", **{"error.message": "Too Many Requests"}))
    assert (event["status"], event["error"], event["api_id"]) == ("429", "Too Many Requests", "<Api>")
    assert event["function_request_id"] == "-"
    assert {type(it) for it in event.values()} == {str}


def test_patterns():
    """A number is not a text, and `*` stands for any characters, also for none."""
    assert matches('{ ($.a = "4*") }', {"a": "4"})
    assert not matches('{ ($.a = "4*") }', {"a": "14"})
    assert not matches('{ ($.a = "4*") }', {"a": 400})
    assert not matches('{ ($.a = "*") }', {"b": "x"})
    assert not matches('{ ($.a = "*") && ($.b = "y") }', {"a": "x", "b": "x"})
    assert not matches('{ ($.a = "a.c") }', {"a": "abc"})


@pytest.mark.parametrize(
    "pattern", ['{ ($.a = "x") || ($.b = "y") }', "{ ($.a = 4) }", "ERROR", '{ ($.a != "x") }']
)
def test_patterns_that_it_does_not_know_are_refused(pattern: str):
    """They would match something else."""
    with pytest.raises(AssertionError):
        matches(pattern, {"a": "x", "b": "y"})
