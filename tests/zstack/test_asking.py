"""What the program is given: URLs, tokens, time zones."""

import runpy
from argparse import ArgumentTypeError
from datetime import timedelta
from pathlib import Path

import pytest
from local import ROOT
from terminal import Terminal
from zstack.arguments import offset, offset_text
from zstack.secret import token_forms
from zstack.setup.asking import checked_token, checked_user, webhook
from zstack.setup.model import Stop
from zstack.setup.program import Setup, wanted_of

URL = "https://relay.example.com/zstack"


@pytest.mark.parametrize(
    ("url", "channel", "cloud", "whole"),
    [
        (URL, None, None, URL),
        (f"{URL}/", "database", None, f"{URL}/database"),
        (URL, None, "beijing", f"{URL}?cloud=beijing"),
        # ZStack encodes Chinese itself, and would encode a % once more.
        (f"{URL}?site=east", "database", "北京", f"{URL}/database?site=east&cloud=北京"),
        (URL, None, "a b&c", f"{URL}?cloud=a+b%26c"),
        ("http://192.168.0.1:8080/zstack", None, None, "http://192.168.0.1:8080/zstack"),
    ],
)
def test_urls(url: str, channel: str | None, cloud: str | None, whole: str):
    """The stack's URL with the channel and the cloud."""
    assert webhook(url, channel, cloud) == whole


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("relay.example.com/zstack", "bad_url"),
        ("http://relay.example.com/zstack", "bad_url"),
        ("https://u:p@relay.example.com/zstack", "bad_url"),
        ("https://relay.example.com/zs tack", "bad_url"),
        ("https://relay.example.com:port/", "bad_url"),
        (f"{URL}?Token=abc", "token_in_url"),
        (f"{URL}?%20token=abc", "token_in_url"),
        (f"{URL}?cloud=beijing?token=abc", "token_in_url"),
        (f"{URL}?site={'x' * 2048}", "long_url"),
    ],
)
def test_wrong_urls(url: str, text: str):
    """Above all those that would show the token to every administrator, or to the network."""
    with pytest.raises(Stop) as stop:
        webhook(url, None, None)
    assert stop.value.text == text


@pytest.mark.parametrize(
    ("options", "variable", "url"),
    [
        ({"stack": "prod"}, "https://other.example.com/zstack", URL),
        ({"stack": "prod", "url": f"{URL}/x"}, "https://other.example.com/zstack", f"{URL}/x"),
        ({}, "https://other.example.com/zstack", "https://other.example.com/zstack"),
        ({"stack": "prod"}, "", URL),
    ],
)
def test_an_option_goes_before_a_variable(
    monkeypatch: pytest.MonkeyPatch, options: dict, variable: str, url: str
):
    """The variable could be of another stack."""
    monkeypatch.setenv("WEBHOOK_URL", variable)
    monkeypatch.setattr("zstack.setup.asking.stack_url", {"prod": URL}.get)
    command = [it for name, value in options.items() for it in (f"--{name}", value)]
    program = runpy.run_path(str(ROOT / "scripts/zstack-setup.py"))
    assert wanted_of(program["parser"]().parse_args(command)).url == url


@pytest.mark.parametrize("channel", ["", "a b", "a b?token=zz", "a/b", "数据库", "x" * 65, "a\n"])
def test_wrong_channels(channel: str):
    """By the rule of the relay. A channel is no place for a query."""
    with pytest.raises(Stop) as stop:
        webhook(URL, channel, None)
    assert (stop.value.text, stop.value.fields) == ("bad_channel", {})


def test_two_clouds():
    """The relay would take one of them."""
    with pytest.raises(Stop) as stop:
        webhook(f"{URL}?Cloud=beijing", None, "shanghai")
    assert stop.value.text == "cloud_twice"
    assert webhook(f"{URL}?cloud=beijing", None, None) == f"{URL}?cloud=beijing"


@pytest.mark.parametrize("user", ["", " ", "a:b", "x" * 129, "a\nb"])
def test_user_names_that_zstack_cannot_send(user: str):
    """Without one, its test message has no password."""
    assert checked_user("张三 zstack") == "张三 zstack"
    with pytest.raises(Stop) as stop:
        checked_user(user)
    assert stop.value.text == "bad_user"


@pytest.mark.parametrize("token", ["", "two\nlines", "a b", "令牌", "x" * 513])
def test_tokens_that_zstack_cannot_send(token: str):
    """They are not asked for again, and not shown."""
    with pytest.raises(Stop) as stop:
        checked_token(token)
    assert (stop.value.text, stop.value.fields) == ("bad_token", {})


def test_a_token_in_all_its_forms():
    """Plain, in a URL, and as ZStack sends it."""
    assert token_forms("zstack", "a/b") == {"a/b", "a%2Fb", "enN0YWNrOmEvYg=="}


@pytest.mark.parametrize(
    ("zone", "hours"), [("+08:00", 8), ("+8", 8), ("-0330", -3.5), ("+15", None), ("CST", None)]
)
def test_time_zones(zone: str, hours: float | None):
    """As an offset to UTC."""
    if hours is None:
        with pytest.raises(ArgumentTypeError):
            offset(zone)
    else:
        assert offset(zone) == timedelta(hours=hours)
        assert offset(offset_text(offset(zone))) == offset(zone)


def test_what_takes_a_run_back_logs_in_as_it_did():
    """Also with a second factor."""
    parser = runpy.run_path(str(ROOT / "scripts/zstack-setup.py"))["parser"]()
    options = parser.parse_args(["--ask-second-factor", "--account", "ops"])
    found = Setup(Terminal({}, "en"), options).undo_options(Path("file"))
    assert found == ["--undo", "file", "--account", "ops", "--ask-second-factor"]
