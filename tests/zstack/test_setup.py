"""zstack-setup.py against a stand-in for ZStack's API: what it changes, faults, kills, two at once, undo."""

import json
import re
import shlex
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud import bundle
from setups import PASSWORD, TOKEN, Bench, Standin, wait_for
from zstack.api import Api
from zstack.setup.facts import SYSTEM_TOPIC
from zstack.setup.undo import UndoFile

FEW = ("--only", "Host Root Volume", "--only", "SSD Life", "--only", "HostDisconnected")
"""A choice of rules, so that a set-up has few calls. It needs a topic of its own."""


@pytest.fixture
def bench(binary: Path, tmp_path: Path) -> Iterator[Bench]:
    """Nothing runs yet but the webhook. At the end, nothing that was printed or written has a secret."""
    made = Bench(binary, tmp_path)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def cloud(bench: Bench) -> Standin:
    """A ZStack Cloud with presets, rules of people, and nothing set up. It changes presets with odd UUIDs."""
    return bench.start("--cloud")


def endpoints(zstack: Standin) -> list[dict]:
    """The endpoints for webhooks."""
    return [it for it in zstack.rows("endpoints") if it["type"] == "HTTP"]


def topics_of(zstack: Standin, endpoint: dict) -> set[str]:
    """The topics of an endpoint."""
    return {it["topicUuid"] for it in zstack.rows("subscribers") if it["endpointUuid"] == endpoint["uuid"]}


def reaches(row: dict, topics: set[str]) -> int:
    """Over how many topics a rule reaches an endpoint."""
    return len({it["actionUuid"] for it in row.get("actions") or []} & topics)


def administrator(zstack: Standin) -> Api:
    """Somebody else who is logged in."""
    made = Api(zstack.api, pace=0.02)
    made.log_in("admin", PASSWORD)
    return made


def old_endpoint(bench: Bench, zstack: Standin, **more: object) -> dict:
    """An endpoint as the console makes it, with a topic of its own, which one alarm has."""
    row = {"name": "Flashduty", "type": "HTTP", "state": "Enabled", "url": "http://127.0.0.1:9/old?token=abc"}
    made = zstack.add("endpoints", **{**row, "username": "zstack", "password": TOKEN, **more})
    topic = zstack.add("topics", name="Flashduty", state="Enabled")
    zstack.add("subscribers", topicUuid=topic["uuid"], endpointUuid=made["uuid"])
    return {**made, "topic": topic["uuid"]}


class TestSetUp:
    """Without faults."""

    def test_everything_is_set_up_and_nothing_is_left(self, bench: Bench, cloud: Standin):
        """Every rule reaches the endpoint once, and tells its recovery. A second run finds nothing to do."""
        ended = bench.set_up()
        assert ended.status == 0, ended.output
        assert ended.has('test message: ZStack got back: {"alerts":', "Everything is set up.")
        [endpoint] = endpoints(cloud)
        assert (endpoint["url"], endpoint["username"]) == (bench.webhook.url, "zstack")
        assert endpoint["password"] == TOKEN
        assert topics_of(cloud, endpoint) == {SYSTEM_TOPIC}
        rules = cloud.rows("alarms") + [
            it for it in cloud.rows("subscriptions") if it["eventName"] != "VMStateChangedOnHost"
        ]
        assert {reaches(it, {SYSTEM_TOPIC}) for it in rules} == {1}
        assert {it["enableRecovery"] for it in cloud.rows("alarms")} == {True}
        before, writes = cloud.state(), cloud.writes()
        again = bench.run(ZSTACK_PASSWORD=PASSWORD, WEBHOOK_TOKEN=None)
        assert again.status == 0, again.output
        assert again.has("Nothing to do.", "test message: ZStack got back:")
        assert (cloud.state(), cloud.writes()) == (before, writes)
        assert cloud.sessions() == 0

    @pytest.mark.parametrize("options", [(), ("--own-topic",)])
    def test_alarms_then_come_once_and_end(self, bench: Bench, cloud: Standin, options: tuple[str, ...]):
        """Of presets and of people's rules, with their ends."""
        silent = cloud.fire("Active-主机 CPU", "node-07")
        assert bench.set_up(*options).status == 0
        [endpoint] = endpoints(cloud)
        told = [
            cloud.fire("Host Root Volume", "node-07"),
            cloud.recover("Host Root Volume", "node-07"),
            cloud.recover("Active-主机 CPU", "node-07"),
            cloud.event("HostDisconnected", "node-07"),
            cloud.event("HostConnected", "node-07"),
        ]

        def arrived(it: dict) -> list[int]:
            messages = [message for record in it["records"] for message in record["messages"]]
            return [
                message["posted"]["status"] for message in messages if message["endpoint"] == endpoint["uuid"]
            ]

        assert [arrived(it) for it in (silent, *told)] == [[], *[[200]] * 5]

    def test_what_is_in_alarm_is_told_again_to_us(self, bench: Bench, cloud: Standin):
        """So the topic is added before recovery notification is switched on, which reloads the rule."""
        cloud.fire("Active-主机 CPU", "node-07")
        assert bench.set_up("--only", "Active-主机 CPU").status == 0
        deadline = time.monotonic() + 20
        while not [it for it in bench.webhook.got if '"ALARM_CURRENT_STATUS":"Alarm"' in it]:
            assert time.monotonic() < deadline, bench.webhook.got
            time.sleep(0.01)

    def test_a_dry_run_changes_nothing(self, bench: Bench, cloud: Standin):
        """And needs no token."""
        before = cloud.state()
        ended = bench.run("--dry-run", WEBHOOK_TOKEN=None)
        assert ended.status == 0
        assert ended.has("The plan:", "Create the endpoint Flashduty", "dry run. Nothing was changed.")
        assert (cloud.state(), cloud.writes(), bench.undo_files()) == (before, [], [])

    @pytest.mark.parametrize("typed", ["", "n\n", "\n"])
    def test_it_asks(self, bench: Bench, cloud: Standin, typed: str):
        """Anything but yes is no."""
        before = cloud.state()
        assert bench.run(typed=typed).has("Do it? [y/N]", "Nothing was changed.")
        assert cloud.state() == before
        if typed == "n\n":
            assert bench.run(*FEW, typed="y\n").status == 0

    def test_undo_takes_everything_back(self, bench: Bench, cloud: Standin):
        """Of each kind of change, also when it is asked for twice."""
        old_endpoint(bench, cloud)
        cloud.remove("subscriptions", "1a7a3eb433904df89f5c42a1fa4e0716")
        before = cloud.state()
        ended = bench.set_up("--vm-states", "--cloud", "beijing")
        assert ended.status == 0, ended.output
        assert cloud.state() != before
        [path] = bench.undo_files()
        kinds = {it["kind"] for it in map(json.loads, path.read_text().splitlines()) if "do" in it}
        expected = {"create_endpoint", "subscribe", "unsubscribe", "alarm_action", "recovery", "event_action"}
        assert kinds == expected | {"subscribe_event"}
        planned = bench.run("--undo", path.name, "--dry-run")
        assert planned.has("What is taken back", "dry run")
        assert re.search("(?s)Switch off recovery.*Remove the topic .*Delete the endpoint", planned.output)
        assert bench.run("--undo", path.name, typed="y\n").status == 0
        assert cloud.state() == before
        writes = cloud.writes()
        assert bench.run("--undo", path.name, "--yes").has("Nothing is left to take back")
        assert cloud.writes() == writes

    def test_undo_leaves_what_a_later_run_made(self, bench: Bench, cloud: Standin):
        """A change that was taken back once is not taken back again."""
        assert bench.set_up(*FEW).status == 0
        [first] = bench.undo_files()
        assert bench.run("--undo", first.name, "--yes").status == 0
        assert bench.set_up(*FEW).status == 0
        after = cloud.state()
        assert bench.run("--undo", first.name, "--yes").status == 0
        assert cloud.state() == after

    @pytest.mark.parametrize("table", ["endpoints", "topics"])
    def test_undo_ends_if_the_old_endpoint_was_deleted(self, bench: Bench, cloud: Standin, table: str):
        """It cannot be subscribed again."""
        old = old_endpoint(bench, cloud)
        assert bench.set_up(*FEW).status == 0
        if table == "endpoints":
            administrator(cloud).delete(f"/sns/application-endpoints/{old['uuid']}")
        else:
            administrator(cloud).delete(f"/sns/topics/{old['topic']}")
        [path] = bench.undo_files()
        ended = bench.run("--undo", path.name, "--yes")
        assert (ended.status, ended.has("not there any more: ")) == (0, True)
        assert bench.run("--undo", path.name, "--yes").has("Nothing is left to take back")

    def test_undo_keeps_what_others_use(self, bench: Bench, cloud: Standin):
        """And says who. As soon as they are gone, it takes it back."""
        before = cloud.state()
        assert bench.set_up(*FEW).status == 0
        made = cloud.state()
        [endpoint] = endpoints(cloud)
        [topic] = topics_of(cloud, endpoint)
        [rule] = [it for it in cloud.rows("alarms") if it["name"] == "Host CPU"]
        actions = [{"alarmUuid": rule["uuid"], "actionType": "sns", "actionUuid": topic}]
        cloud.change("alarms", rule["uuid"], actions=[*(rule["actions"] or []), *actions])
        at = f"/sns/topics/{SYSTEM_TOPIC}/endpoints/{endpoint['uuid']}"
        administrator(cloud).post(at, {})
        [path] = bench.undo_files()
        ended = bench.run("--undo", path.name, "--yes")
        assert ended.status == 1, ended.output
        assert ended.has("use it (Host CPU): Delete the topic", "use it (system-alarm): Delete the endpoint")
        assert cloud.state()["endpoints"] == made["endpoints"]
        assert cloud.state()["topics"] == made["topics"]
        cloud.change("alarms", rule["uuid"], actions=rule["actions"])
        administrator(cloud).delete(at)
        ended = bench.run("--undo", path.name, "--yes")
        assert (ended.status, ended.has("changes taken back: 2")) == (0, True)
        assert cloud.state() == before

    def test_undo_keeps_what_something_of_unknown_name_uses(self, bench: Bench, cloud: Standin):
        """ZStack's list of endpoints for webhooks has none for mail. They are told by their UUIDs."""
        cloud.remove("subscriptions", "1a7a3eb433904df89f5c42a1fa4e0716")
        assert bench.set_up("--own-topic", *FEW).status == 0
        made = cloud.state()
        [endpoint] = endpoints(cloud)
        [topic] = topics_of(cloud, endpoint)
        mail, other = "a" * 32, "b" * 32
        cloud.add("subscribers", topicUuid=topic, endpointUuid=mail)
        cloud.add("subscribers", topicUuid=other, endpointUuid=endpoint["uuid"])
        [back] = [it for it in cloud.rows("subscriptions") if it["eventName"] == "HostConnected"]
        actions = [*back["actions"], {"actionType": "sns", "actionUuid": other}]
        cloud.change("subscriptions", back["uuid"], actions=actions)
        ended = bench.run("--undo", bench.undo_files()[0].name, "--yes")
        assert ended.has(
            f"{mail}): Delete the topic",
            f"use it ({other}): Delete the endpoint",
            f"use it ({other}): Delete the event alarm HostConnected.",
        )
        assert (cloud.state()["endpoints"], cloud.state()["topics"]) == (made["endpoints"], made["topics"])

    def test_undo_keeps_a_topic_enabled_that_others_joined(self, bench: Bench, cloud: Standin):
        """Those who were on it before get as much as before. The plan tells that they get more now."""
        cloud.change("topics", SYSTEM_TOPIC, state="Disabled")
        teams = [cloud.add("endpoints", name=f"Team {it}", type="HTTP", url="http://h/") for it in "BC"]
        cloud.add("subscribers", topicUuid=SYSTEM_TOPIC, endpointUuid=teams[0]["uuid"])
        before = cloud.state()
        ended = bench.set_up()
        assert ended.has("Enable the topic system-alarm.", "are on the topic system-alarm too", "Team B")
        administrator(cloud).post(f"/sns/topics/{SYSTEM_TOPIC}/endpoints/{teams[1]['uuid']}", {})
        [path] = bench.undo_files()
        ended = bench.run("--undo", path.name, "--yes")
        assert (ended.status, ended.has("use it (Team C): Disable the topic system-alarm.")) == (1, True)
        # They lose the rules that were added to it.
        assert ended.has("no longer get what is removed from it: Team B, Team C")
        administrator(cloud).delete(f"/sns/topics/{SYSTEM_TOPIC}/endpoints/{teams[1]['uuid']}")
        assert bench.run("--undo", path.name, "--yes").status == 0
        assert cloud.state() == before

    def test_undo_keeps_an_event_alarm_that_others_use(self, bench: Bench, cloud: Standin):
        """It sends to another topic by now."""
        cloud.remove("subscriptions", "1a7a3eb433904df89f5c42a1fa4e0716")
        assert bench.set_up("--own-topic", *FEW).status == 0
        other = cloud.add("topics", name="mail", state="Enabled")
        [back] = [it for it in cloud.rows("subscriptions") if it["eventName"] == "HostConnected"]
        actions = [*back["actions"], {"actionType": "sns", "actionUuid": other["uuid"]}]
        cloud.change("subscriptions", back["uuid"], actions=actions)
        ended = bench.run("--undo", bench.undo_files()[0].name, "--yes")
        assert ended.has("use it (mail): Delete the event alarm HostConnected.")
        assert back["uuid"] in {it["uuid"] for it in cloud.rows("subscriptions")}

    def test_undo_leaves_what_was_done_by_hand(self, bench: Bench, cloud: Standin):
        """As the program advised, after a change that ZStack refused because the session had ended."""
        cloud.fault("end_sessions", "UpdateAlarm")
        assert bench.set_up(*FEW).has("the session has ended", "By hand: in the console, edit")
        [failed] = cloud.calls("UpdateAlarm")
        rule = failed["path"].split("/")[-2]
        administrator(cloud).put(f"/zwatch/alarms/{rule}/actions", "updateAlarm", {"enableRecovery": True})
        ended = bench.run("--undo", bench.undo_files()[0].name, "--yes")
        assert ended.status == 0, ended.output
        assert [it["enableRecovery"] for it in cloud.rows("alarms") if it["uuid"] == rule] == [True]

    def test_undo_goes_to_the_zstack_of_the_file(self, bench: Bench, cloud: Standin):
        """Whatever the variable says. Another address needs somebody who says yes."""
        before = cloud.state()
        assert bench.set_up(*FEW).status == 0
        made, other = cloud.state(), bench.start("--cloud")
        [path] = bench.undo_files()
        ended = bench.run("--undo", path.name, "--yes", "--zstack", other.api)
        assert (ended.status, ended.has("Nothing was changed.", "without --yes")) == (1, True)
        ended = bench.run("--undo", path.name, "--zstack", other.api, typed="n\n")
        assert ended.has("The undo file was written at", "Do it? [y/N]")
        assert (cloud.state(), other.writes()) == (made, [])
        ended = bench.run("--undo", path.name, "--yes", ZSTACK=other.api)
        assert ended.status == 0, ended.output
        assert (cloud.state(), other.writes()) == (before, [])

    def test_an_undo_file_with_half_a_line(self, bench: Bench, cloud: Standin):
        """Of a run that was killed while it wrote, even in the middle of a character."""
        before = cloud.state()
        assert bench.set_up(*FEW).status == 0
        [path] = bench.undo_files()
        with path.open("ab") as file:
            file.write('{"do": 99, "kind": "recovery", "name": "主'.encode()[:-1])
        cloud.fault({"refuse": {"code": "SYS.1000", "details": "?"}}, "DeleteSNSTopic")
        assert bench.run("--undo", path.name, "--yes").status == 1
        ended = bench.run("--undo", path.name, "--yes")
        assert ended.status == 0, ended.output
        assert cloud.state() == before

    def test_a_zsphere_refuses_odd_uuids(self, bench: Bench):
        """They are named, and everything else is done."""
        zstack = bench.start()
        ended = bench.set_up()
        assert ended.status == 1
        assert ended.has("refuses to change rules with unusual UUIDs (SYS.1003; ", "VM CPU", "By hand: ")
        assert ended.has("test message: ZStack got back:", "Set up, but for what is marked")
        off = {it["uuid"] for it in zstack.rows("alarms") if not it["enableRecovery"]}
        assert off
        regular = r"[0-9a-f]{12}[1-5][0-9a-f]{3}[89ab][0-9a-f]{15}"
        assert [it for it in off if re.fullmatch(regular, it)] == []

    def test_an_endpoint_from_the_console_is_kept(self, bench: Bench, cloud: Standin):
        """With its topic, which all rules get."""
        old = old_endpoint(bench, cloud, url=bench.webhook.url, name="made by hand")
        ended = bench.set_up(WEBHOOK_TOKEN=None)
        assert ended.status == 0, ended.output
        [endpoint] = endpoints(cloud)
        assert topics_of(cloud, endpoint) == {old["topic"]}
        assert {reaches(it, {old["topic"]}) for it in cloud.rows("alarms")} == {1}

    @pytest.mark.parametrize(
        ("differs", "why"),
        [
            ({"url": "http://127.0.0.1:9/old"}, "its URL differs"),
            ({"username": "other"}, "its user name differs"),
            ({"password": "wrong"}, "because of its password"),
        ],
    )
    def test_an_endpoint_that_differs_is_replaced(
        self, bench: Bench, cloud: Standin, differs: dict, why: str
    ):
        """The new one gets what the old one got. The old one is there still, and gets nothing."""
        old = old_endpoint(bench, cloud, **{"url": bench.webhook.url, **differs})
        ended = bench.set_up()
        assert ended.status == 0, ended.output
        assert ended.has(why, "It is not deleted.")
        both = {it["uuid"]: topics_of(cloud, it) for it in endpoints(cloud)}
        assert both.pop(old["uuid"]) == set()
        assert [*both.values()] == [{old["topic"]}]
        assert bench.run().has("Nothing to do.")

    def test_a_new_token_needs_to_be_asked_for(self, bench: Bench, cloud: Standin):
        """As long as the old one works, ZStack does not tell them apart."""
        assert bench.set_up(*FEW).status == 0
        bench.webhook.tokens.add("another-token-5f1c")
        assert bench.run(*FEW, WEBHOOK_TOKEN="another-token-5f1c").has("Nothing to do.")
        assert bench.set_up(*FEW, "--new-password", WEBHOOK_TOKEN="another-token-5f1c").status == 0
        bench.webhook.tokens.remove(TOKEN)
        assert bench.run(*FEW).has("Nothing to do.", "test message: ZStack got back:")

    def test_an_endpoint_of_another_name_is_replaced(self, bench: Bench, cloud: Standin):
        """If the relay rejects its token, and with --new-password. Undo has it subscribed again."""
        old = old_endpoint(bench, cloud, name="my-webhook", url=bench.webhook.url, password="expired")
        before = cloud.state()
        ended = bench.set_up(*FEW)
        assert ended.status == 0, ended.output
        assert ended.has("Unsubscribe the old endpoint my-webhook", "because of its password")
        assert "Other endpoints" not in ended.output
        assert topics_of(cloud, old) == set()
        assert bench.run(*FEW).has("Nothing to do.")
        # As after a kill before this step: it is tested although another one works.
        administrator(cloud).post(f"/sns/topics/{old['topic']}/endpoints/{old['uuid']}", {})
        assert bench.set_up(*FEW, "--undo-file", "second").has("old endpoint my-webhook unsubscribed")
        bench.undo_all()
        assert cloud.state() == before
        cloud.change("endpoints", old["uuid"], password=TOKEN)
        assert bench.run(*FEW, "--dry-run", WEBHOOK_TOKEN=None).has("dry run", "Add the topic")
        bench.webhook.tokens.add("another-token-5f1c")
        assert bench.set_up(*FEW, "--new-password", WEBHOOK_TOKEN="another-token-5f1c").status == 0
        in_use = [it for it in endpoints(cloud) if topics_of(cloud, it)]
        assert [it["password"] for it in in_use] == ["another-token-5f1c"]
        assert topics_of(cloud, in_use[0]) == {old["topic"]}

    def test_endpoints_of_other_teams_are_left_alone(self, bench: Bench, cloud: Standin):
        """`admin` sees the endpoints of every account. They may have this name too."""
        for team in "ab":
            old_endpoint(bench, cloud, url=f"http://127.0.0.1:9/{team}?token=abc", username=team)
        ended = bench.set_up()
        assert ended.status == 1
        assert ended.has(
            "made none of them: http://127.0.0.1:9/a?..., http://127.0.0.1:9/b?...", "--endpoint"
        )
        assert (cloud.writes(), bench.undo_files()) == ([], [])
        assert bench.set_up(*FEW, "--endpoint", "Flashduty of ours").status == 0

    def test_a_run_after_an_old_endpoint_was_deleted_keeps_the_newest_token(
        self, bench: Bench, cloud: Standin
    ):
        """docs/zstack.md says that an old endpoint can be deleted."""
        tokens = [TOKEN, "another-token-5f1c", "a-third-token-5f1c"]
        bench.webhook.tokens.update(tokens)
        for number, token in enumerate(tokens):
            assert bench.set_up(*FEW, "--new-password", WEBHOOK_TOKEN=token).status == 0
            if number == 1:
                [old] = [it for it in endpoints(cloud) if it["password"] == TOKEN]
                administrator(cloud).delete(f"/sns/application-endpoints/{old['uuid']}")
        assert bench.set_up(*FEW).has("Nothing to do.")
        assert [it["password"] for it in endpoints(cloud) if topics_of(cloud, it)] == tokens[2:]

    def test_the_default_template_is_only_told(self, bench: Bench, cloud: Standin):
        """It concerns all webhooks."""
        row = {"name": "ours", "applicationPlatformType": "HTTP", "type": "ALARM", "defaultTemplate": True}
        cloud.add("templates", **row)
        assert bench.run("--dry-run").has("message template ours", "no recovery text")

    def test_a_receiver_that_repeats_the_token(self, bench: Bench, cloud: Standin):
        """What ZStack got back is not shown then."""
        bench.webhook.echoes = True
        ended = bench.set_up(*FEW)
        assert (ended.status, ended.has("ZStack got back: (not shown, because a secret is in it)")) == (
            0,
            True,
        )

    def test_an_access_key(self, bench: Bench):
        """Signs calls with the server's local time, and needs no session."""
        zstack = bench.start("--cloud", "--utc-offset", "480")
        key = {"ZSTACK_PASSWORD": None, "ZSTACK_ACCESS_SECRET": "standinKeyEnabled"[::-1]}
        ended = bench.set_up(*FEW, "--access-key", "standinKeyEnabled", "--zone", "+08:00", **key)
        assert ended.status == 0, ended.output
        assert "LogInByAccount" not in {it["call"] for it in zstack.calls()}
        late = bench.set_up(*FEW, "--access-key", "standinKeyEnabled", "--zone", "+02:00", **key)
        assert (late.status, late.has("does not accept the access key", "--zone")) == (1, True)

    def test_a_second_factor(self, bench: Bench):
        """Is asked for only when it is said that there is one."""
        bench.start("--cloud", "--second-factor", "271828")
        assert bench.run("--dry-run").status == 1
        ended = bench.run("--dry-run", "--ask-second-factor")
        assert (ended.status, ended.has("set ZSTACK_SECOND_FACTOR.")) == (1, True)
        assert ended.output.count("ZSTACK_SECOND_FACTOR") == 1
        ended = bench.run("--dry-run", "--ask-second-factor", ZSTACK_SECOND_FACTOR="271828")
        assert ended.status == 0, ended.output

    def test_everything_is_printed_when_asked_for(self, bench: Bench, cloud: Standin):
        """Every call, without the session."""
        ended = bench.set_up(*FEW, "--verbose")
        assert ended.has("POST /sns/application-endpoints/http: 202", "sessions/...", "api-jobs/...: 200")

    @pytest.mark.parametrize("fault", ["stuck", "lose_answer", "expired"])
    def test_the_job_of_an_endpoint_is_not_printed(self, bench: Bench, cloud: Standin, fault: str):
        """Whoever knows it can read the token in its answer, without a session."""
        cloud.fault(fault, "CreateSNSHttpEndpoint", times=None)
        ended = bench.set_up(*FEW, "--patience", "0.3", "--verbose")
        jobs = {it["path"].rpartition("/")[2] for it in cloud.calls("Poll")}
        assert len(jobs) > 1
        assert [it for it in jobs if it in ended.output] == []
        if fault == "stuck":
            assert (ended.status, ended.has("It may still happen. Look in the console.")) == (1, True)
            assert "curl" not in ended.output

    def test_a_name_that_no_rule_has(self, bench: Bench, cloud: Standin):
        """Nothing is made for it."""
        ended = bench.set_up("--only", "Host Root Volume", "--only", "Host Rot Volume")
        assert (ended.status, ended.has("has this name: Host Rot Volume. Nothing was changed.")) == (1, True)
        assert (cloud.writes(), bench.undo_files()) == ([], [])

    def test_control_characters_of_a_name(self, bench: Bench, cloud: Standin):
        """They could erase lines of the plan. So could ZStack's words about it."""
        [rule] = [it for it in cloud.rows("alarms") if it["name"] == "Host Root Volume"]
        cloud.change(
            "alarms", rule["uuid"], name="\x1b[2K\x1b[1ADisk\x9b2J\u202ename\r\b主机", enableRecovery=False
        )
        details = "no \x1b[1A\x1b[2Kvalue"
        cloud.fault({"refuse": {"code": "SYS.1006", "details": details}}, "UpdateAlarm")
        ended = bench.set_up("--only", "*Disk*name*", "--verbose")
        assert (ended.status, ended.has("[2K [1ADisk 2J name 主机", "SYS.1006 no [1A [2Kvalue")) == (1, True)
        assert [it for it in ended.output if not it.isprintable() and it != "\n"] == []

    def test_a_password_that_is_a_common_word(self, bench: Bench):
        """Names are shown, although it is in them."""
        bench.start("--cloud", "--password", "Host")
        ended = bench.run("--dry-run", "--verbose", ZSTACK_PASSWORD="Host")
        assert (ended.status, ended.has("Host Root Volume", "Host CPU")) == (0, True)
        assert "not shown" not in ended.output

    @pytest.mark.parametrize(
        "options",
        [
            ("--password", "s3cret-5f1c"),
            ("--password=s3cret-5f1c",),
            ("--passwords3cret-5f1c",),
            ("--passwords3cret=5f1c",),
            ("s3cret-5f1c",),
            ("-s3cret-5f1c",),
            ("--yes=s3cret-5f1c",),
            ("--patience", "s3cret-5f1c"),
            ("--language", "s3cret-5f1c"),
        ],
    )
    def test_a_secret_among_the_options_is_not_printed(self, bench: Bench, options: tuple[str, ...]):
        """Nor is an abbreviation taken for --password-file."""
        ended = bench.run("--dry-run", *options)
        assert ended.status == 2
        assert "s3cret" not in ended.output
        if options[0].startswith("--passwords"):
            assert ended.has("unknown option, which is not shown ")
        elif options[0].startswith("--password"):
            assert ended.has("unknown option: --password ")

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--pace", "-1"),
            ("--pace", "0.049"),
            ("--pace", "nan"),
            ("--patience", "0"),
            ("--patience", "-1"),
            ("--patience", "nan"),
            ("--patience", "inf"),
        ],
    )
    def test_times_that_are_none(self, bench: Bench, cloud: Standin, option: str, value: str):
        """They would fail after the first change, or never end."""
        ended = bench.set_up(*FEW, f"{option}={value}")
        assert (ended.status, ended.has(f"argument {option}: this value is not possible")) == (2, True)
        assert cloud.calls() == []

    def test_the_programs_of_a_release_are_enough(self, bench: Bench, cloud: Standin):
        """Unpacked, and without the repository."""
        for name, content in bundle.programs("zstack-setup.py").items():
            (bench.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (bench.folder / name).write_bytes(content)
        bench.program = bench.folder / "zstack-setup.py"
        assert bench.set_up(*FEW).has("Everything is set up.", f"{bench.program} --undo")
        bench.undo_all()


class TestFaults:
    """Each ends the run, or does not matter. The next run completes it."""

    def test_a_wrong_password(self, bench: Bench, cloud: Standin):
        """Nothing else is asked."""
        ended = bench.set_up(ZSTACK_PASSWORD="wrong")
        assert (ended.status, ended.has("ZStack does not accept account and password")) == (1, True)
        assert [it["call"] for it in cloud.calls()] == ["GetVersion", "LogInByAccount"]

    def test_another_port_gets_no_password(self, bench: Bench, cloud: Standin):
        """Such as the console's. Every ZStack tells its version, or refuses with a code."""
        cloud.fault({"plain": {"status": 405, "body": "<html>Not Allowed</html>"}}, "GetVersion")
        ended = bench.set_up()
        assert (ended.status, ended.has("is not ZStack's API", "The API has 8080")) == (1, True)
        assert [it["call"] for it in cloud.calls()] == ["GetVersion"]
        cloud.fault({"refuse": {"code": "SYS.1000", "details": "?"}}, "GetVersion")
        assert bench.run("--dry-run").has("ZStack of an unknown version", "The plan:")

    def test_a_ca_needs_https(self, bench: Bench, cloud: Standin):
        """Without it, the password would go over plain HTTP, although somebody has asked for more."""
        ended = bench.set_up("--ca-file", "ca.pem")
        assert (ended.status, ended.has("--ca-file", "https://")) == (1, True)
        assert cloud.calls() == []

    @pytest.mark.parametrize("key", ["访问密钥", "a b", "a:b", ""])
    def test_an_access_key_that_cannot_be_sent(self, bench: Bench, cloud: Standin, key: str):
        """In a header. An empty one does not stand for the account."""
        ended = bench.set_up("--access-key", key, ZSTACK_ACCESS_SECRET="x" * 20)
        assert (ended.status, ended.has("--access-key is")) == (1, True)
        assert {it["call"] for it in cloud.calls()} <= {"GetVersion"}

    def test_a_proxy_that_forbids(self, bench: Bench, cloud: Standin):
        """Advice about an access key is for whoever has one."""
        cloud.fault({"plain": {"status": 403, "body": "Forbidden"}}, "QueryAlarm")
        ended = bench.set_up()
        assert (ended.status, ended.has("ZStack refuses: 403 Forbidden")) == (1, True)
        assert "access key" not in ended.output

    def test_nobody_is_there_to_type_it(self, bench: Bench, cloud: Standin):
        """Then it says how to give it."""
        ended = bench.set_up(ZSTACK_PASSWORD=None)
        assert (ended.status, ended.has("ZSTACK_PASSWORD", "--password-file")) == (1, True)
        # What is piped into it, such as the answer to its question, is no password.
        calls = len(cloud.calls("LogInByAccount"))
        piped = bench.run(typed="y\n", ZSTACK_PASSWORD=None)
        assert (piped.status, piped.has("Nobody is there to type it: ", "--password-file")) == (1, True)
        assert len(cloud.calls("LogInByAccount")) == calls
        file = bench.folder / "password"
        file.write_text(f"{PASSWORD}\n")
        assert bench.run("--dry-run", "--password-file", file.name, ZSTACK_PASSWORD=None).status == 0

    @pytest.mark.parametrize("option", ["--password-file", "--secret-file", "--token-file"])
    def test_a_secret_in_place_of_its_file_is_not_printed(self, bench: Bench, cloud: Standin, option: str):
        """The option is named, and not its value."""
        key = ("--access-key", "standinKeyEnabled") if option == "--secret-file" else ()
        ended = bench.set_up(option, "s3cret-5f1c", *key)
        assert (ended.status, ended.has(f"The file of {option} cannot be read: No such file")) == (1, True)
        assert "s3cret" not in ended.output
        assert cloud.writes() == []

    def test_a_wrong_token_changes_nothing(self, bench: Bench, cloud: Standin):
        """ZStack tries it first."""
        ended = bench.set_up(WEBHOOK_TOKEN="not-the-token-5f1c")
        assert (ended.status, ended.has("The relay rejects this token (401). Nothing was changed.")) == (
            1,
            True,
        )
        assert (cloud.writes(), "not-the-token-5f1c" in ended.output) == ([], False)

    def test_a_relay_that_does_not_answer(self, bench: Bench, cloud: Standin):
        """Neither a new endpoint nor one that is there."""
        bench.webhook.status = 503
        ended = bench.set_up(*FEW)
        assert (ended.status, ended.has("does not reach the relay", "503")) == (1, True)
        assert "--new-password" not in ended.output
        assert cloud.writes() == []
        bench.webhook.status = None
        assert bench.set_up(*FEW).status == 0
        bench.webhook.status = 503
        ended = bench.set_up(*FEW)
        assert (ended.status, ended.has("ZStack's test message fails", "--new-password")) == (1, True)

    @pytest.mark.parametrize(
        ("fault", "call", "words"),
        [
            ("end_sessions", "UpdateAlarm", ["the session has ended", "Run this again"]),
            (
                {"refuse": {"code": "ID.1003", "details": "sns.endpoint.num"}},
                "CreateSNSHttpEndpoint",
                ["a quota is used up: ID.1003 sns.endpoint.num", "By hand: "],
            ),
            (
                {"refuse": {"code": "SYS.1006", "details": "?", "cause": {"code": "X.1", "details": "deep"}}},
                "AddActionToAlarm",
                ["ZStack refuses: SYS.1006 deep", "By hand: in the console, edit each of these alarms"],
            ),
            (
                "stuck",
                "AddActionToAlarm",
                ["did not finish it within 1 s", "It may still happen", "/api-jobs/"],
            ),
            ({"plain": {"status": 404, "body": "no"}}, "SubscribeEvent", ["ZStack refuses: 404 no"]),
            ({"plain": {"status": 302, "body": "<html>"}}, "QueryAlarm", ["not ZStack's API"]),
        ],
    )
    def test_a_call_that_fails(
        self, bench: Bench, cloud: Standin, fault: object, call: str, words: list[str]
    ):
        """It says what, why and how to do it by hand, and stops."""
        cloud.remove("subscriptions", "1a7a3eb433904df89f5c42a1fa4e0716")
        cloud.fault(fault, call, times=None)
        ended = bench.set_up(*FEW, "--patience", "1")
        assert (ended.status, ended.has(*words)) == (1, True)
        cloud.clear_faults()
        completed = bench.set_up(*FEW)
        assert completed.status == 0, completed.output
        assert bench.run(*FEW).has("Nothing to do.")

    def test_an_account_reaches_its_quota(self, bench: Bench, cloud: Standin):
        """And completes it when there is room again. It sets up its own rule."""
        [account] = [it["uuid"] for it in cloud.rows("accounts") if it["name"] == "project"]
        # ZStack's default.
        others = [
            cloud.add("endpoints", name=f"{it}", url="http://a", accountUuid=account) for it in range(20)
        ]
        project = ("--account", "project", "--own-topic")
        ended = bench.set_up(*project)
        assert (ended.status, ended.has("a quota is used up: ID.1003", "have it raised")) == (1, True)
        cloud.remove("endpoints", others[0]["uuid"])
        ended = bench.set_up(*project)
        assert (ended.status, ended.has("Everything is set up.")) == (0, True), ended.output
        assert bench.run(*project).has("Nothing to do.")

    @pytest.mark.parametrize("fault", ["lose_answer", "done_but_stuck", "expired"])
    def test_an_answer_that_is_lost(self, bench: Bench, cloud: Standin, fault: str):
        """Of a write that was done: it is seen to be done, and nothing is written twice."""
        writes = ["CreateSNSHttpEndpoint", "CreateSNSTopic", "SubscribeSNSTopic", "AddActionToAlarm"]
        writes += ["UpdateAlarm", "AddActionToEventSubscription"]
        for it in writes:
            cloud.fault(fault, it)
        ended = bench.set_up(*FEW, "--patience", "0.3")
        assert ended.status == 0, ended.output
        made = cloud.state()
        assert len(cloud.writes()) == len(
            [it for it in bench.undo_files()[0].read_text().split() if it == '{"do":']
        )
        bench.undo_all()
        assert bench.set_up(*FEW).status == 0
        assert cloud.state() == made

    def test_a_version_without_recovery_notification(self, bench: Bench, cloud: Standin):
        """It is said, and not tried."""
        cloud.lacks(fields=["enableRecovery"])
        ended = bench.set_up(*FEW)
        assert (ended.status, ended.has("does not tell whether recovery notification is on")) == (0, True)
        assert "UpdateAlarm" not in cloud.writes()

    def test_a_version_that_ignores_a_change(self, bench: Bench, cloud: Standin):
        """ZStack says that it is done, and it is not."""
        cloud.fault({"plain": {"status": 200, "body": "{}"}}, "UpdateAlarm")
        ended = bench.set_up(*FEW)
        assert (ended.status, ended.has("answered that it is done, and it is not", "By hand:")) == (1, True)

    def test_a_version_without_some_calls(self, bench: Bench, cloud: Standin):
        """What cannot be known is said."""
        calls = {"SNSHttpTestConnection": 404, "GetAllEventMetadata": 404, "QuerySNSTextTemplate": 404}
        cloud.lacks(calls=calls)
        ended = bench.set_up(*FEW)
        assert (ended.status, ended.has("cannot send a test message")) == (0, True)
        assert bench.run(*FEW).has("Nothing to do.", "cannot test the endpoint Flashduty")

    def test_fifteen_hundred_alarms(self, bench: Bench):
        """More than a page. It says how long it will take, and how far it is."""
        zstack = bench.start("--cloud", "--alarms", "1500")
        planned = bench.run("--dry-run")
        assert planned.has("more (--verbose shows all)", " minutes.")
        total = int(re.search(r"Changes: ([\d,]+)", planned.output)[1].replace(",", ""))
        assert total > 1500
        assert len(zstack.rows("alarms")) > 1500
        ended = bench.set_up()
        assert ended.status == 0, ended.output
        assert ended.has(f"  1,500 of {total:,}", "recovery notification switched on in alarms: 1,5")
        assert {it["enableRecovery"] for it in zstack.rows("alarms")} == {True}

    def test_what_changed_while_it_asked(self, bench: Bench, cloud: Standin):
        """Each step looks first: a change of recovery notification would have everything told again."""
        child = bench.begin()
        while "QuerySNSTextTemplate" not in {it["call"] for it in cloud.calls()} or not bench.webhook.asked:
            time.sleep(0.01)
        by_name = {it["name"]: it["uuid"] for it in cloud.rows("alarms")}
        cloud.change("alarms", by_name["Host CPU"], enableRecovery=True)
        cloud.remove("alarms", by_name["SSD Life"])
        ended = bench.end(child, "y\n")
        assert ended.status == 0, ended.output
        assert ended.has("made by somebody else in the meantime: 1", "deleted in the meantime: 1")
        changed = [it["path"] for it in cloud.calls("UpdateAlarm")]
        assert [it for it in changed if by_name["Host CPU"] in it or by_name["SSD Life"] in it] == []

    def test_two_at_once(self, bench: Bench, cloud: Standin):
        """Nothing is made twice, and both succeed."""
        cloud.remove("subscriptions", "1a7a3eb433904df89f5c42a1fa4e0716")
        before = cloud.state()
        both = [bench.begin("--yes") for _ in range(2)]
        ended = [bench.end(it) for it in both]
        assert [it.status for it in ended] == [0, 0], "\n".join(it.output for it in ended)
        made = cloud.state()
        assert bench.run().has("Nothing to do.")
        # What both undo files say is what was changed.
        bench.undo_all()
        assert cloud.state() == before
        assert bench.set_up().status == 0
        assert cloud.state() == made

    def test_an_undo_file_that_cannot_be_written(self, bench: Bench, cloud: Standin):
        """Nothing is changed."""
        (bench.folder / "taken").write_text("x")
        ended = bench.set_up("--undo-file", "taken")
        assert (ended.status, ended.has("The undo file taken cannot be written")) == (1, True)
        assert cloud.writes() == []
        assert bench.run("--undo", "taken").has("taken is not an undo file")
        ended = bench.set_up("--undo-file", "nodir/undo")
        assert (ended.status, ended.has("nodir/undo cannot be written: No such file or directory")) == (
            1,
            True,
        )
        assert cloud.writes() == []

    def test_how_to_take_back_what_was_not_done(self, bench: Bench, cloud: Standin):
        """There is nothing to take back if ZStack refused the first change."""
        refuse = {"refuse": {"code": "ID.1003", "details": "sns.endpoint.num"}}
        cloud.fault(refuse, "CreateSNSHttpEndpoint")
        ended = bench.set_up(*FEW)
        assert (ended.status, "To take this back" in ended.output) == (1, False)

    def test_one_change(self, bench: Bench, cloud: Standin):
        """In good English."""
        assert bench.set_up(*FEW).status == 0
        [rule] = [it for it in cloud.rows("alarms") if it["name"] == "SSD Life"]
        cloud.change("alarms", rule["uuid"], enableRecovery=False)
        assert bench.run(*FEW, "--dry-run").has("Changes: 1, about 1 second.")

    def test_the_command_that_takes_back_can_be_pasted(self, bench: Bench):
        """It logs in as the run did, and names with blanks are quoted."""
        zstack = bench.start("--cloud", "--utc-offset", "480")
        key = ("--access-key", "standinKeyEnabled", "--zone=+08:00")
        before = zstack.state()
        secret = {"ZSTACK_PASSWORD": None, "ZSTACK_ACCESS_SECRET": "standinKeyEnabled"[::-1]}
        ended = bench.set_up(*FEW, *key, "--undo-file", "un do", **secret)
        [line] = [it.strip() for it in ended.output.splitlines() if "--undo" in it]
        words = shlex.split(line)
        assert words[2:] == ["--undo", "un do", *key]
        assert bench.set_up(*words[2:], **secret).status == 0
        assert zstack.state() == before


def test_an_undo_file_is_never_overwritten(tmp_path: Path):
    """Not even one that appeared a moment ago."""
    file = UndoFile("http://192.0.2.20:8080/zstack/v1", tmp_path / "undo")
    file.writable()
    file.path.write_text("another run")
    with pytest.raises(FileExistsError):
        file.begin({"kind": "recovery", "uuid": "1", "name": "x"})
    assert file.path.read_text() == "another run"


class TestKilled:
    """At any call, by a signal that no program can catch."""

    def prepared(self, bench: Bench) -> tuple[Standin, dict]:
        """A ZStack with an endpoint to replace, and its state."""
        zstack = bench.start("--cloud")
        old_endpoint(bench, zstack)
        zstack.remove("subscriptions", "1a7a3eb433904df89f5c42a1fa4e0716")
        return zstack, zstack.state()

    def test_the_next_run_completes_it(self, bench: Bench):
        """The state is that of a run that nobody killed, and undo takes all of it back."""
        zstack, before = self.prepared(bench)
        self.kill_everywhere(bench, zstack, before, FEW)

    def test_the_next_run_completes_it_on_the_system_topic(self, bench: Bench):
        """With nothing there before, and an event that is subscribed to only when asked for."""
        zstack = bench.start("--cloud", "--world", "empty")
        for row in zstack.rows("alarms"):
            if row["name"] != "Host Root Volume":
                zstack.remove("alarms", row["uuid"])
        own = {**zstack.rows("alarms")[0], "uuid": "0" * 12 + "4" + "0" * 3 + "8" + "0" * 15}
        zstack.add("alarms", **{**own, "name": "of people", "actions": []})
        before = zstack.state()
        made = self.kill_everywhere(bench, zstack, before, ("--vm-states",))
        added = {
            "CreateSNSHttpEndpoint",
            "SubscribeSNSTopic",
            "AddActionToAlarm",
            "UpdateAlarm",
            "SubscribeEvent",
        }
        assert added <= made

    def kill_everywhere(
        self, bench: Bench, zstack: Standin, before: dict, options: tuple[str, ...]
    ) -> set[str]:
        """Kill a run at each of its calls. The result is the names of these calls."""
        options = (*options, "--yes")
        assert bench.run(*options).status == 0
        expected = zstack.state()
        calls = [it for it in zstack.calls() if it["call"] != "Poll"]
        bench.undo_all()
        assert zstack.state() == before
        assert len(calls) > 30
        for place in range(len(calls)):
            for path in bench.undo_files():
                path.unlink()
            zstack.forget_calls()
            zstack.fault("hang", after=place)
            child = bench.begin(*options)
            hangs = wait_for(zstack, child)
            child.kill()
            bench.end(child)
            zstack.clear_faults()
            assert hangs, place
            completed = bench.run(*options)
            assert completed.status == 0, (place, completed.output)
            assert zstack.state() == expected, place
            bench.undo_all()
            assert zstack.state() == before, place
        return {it["call"] for it in calls}

    def test_a_change_that_was_begun_and_did_not_happen(self, bench: Bench):
        """It is in the undo file, and undo finds nothing to take back."""
        zstack, before = self.prepared(bench)
        assert bench.set_up(*FEW).status == 0
        expected, writes = zstack.state(), list(dict.fromkeys(zstack.writes()))
        bench.undo_all()
        assert len(writes) == 7
        for call in writes:
            for path in bench.undo_files():
                path.unlink()
            zstack.forget_calls()
            zstack.fault("stuck", call)
            child = bench.begin("--yes", *FEW)
            while not zstack.calls(call):
                assert child.poll() is None
                time.sleep(0.01)
            child.kill()
            bench.end(child)
            zstack.clear_faults()
            after = zstack.state()
            ended = bench.run("--yes", "--undo", bench.undo_files()[0].name)
            assert ended.status == 0, ended.output
            assert ended.has("not there any more: 1")
            assert zstack.state() == before, call
            assert bench.run("--yes", *FEW, "--undo-file", "second").status == 0
            assert zstack.state() == expected, (call, after)
            assert bench.run("--yes", "--undo", "second").status == 0
            (bench.folder / "second").unlink()

    def test_ctrl_c(self, bench: Bench):
        """It says how to go on and how to go back, and logs out."""
        zstack, before = self.prepared(bench)
        zstack.fault("hang", "UpdateAlarm")
        child = bench.begin("--yes", *FEW)
        # Not the first call that is not answered yet.
        while not zstack.calls("UpdateAlarm"):
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        ended = bench.end(child)
        [path] = bench.undo_files()
        assert (ended.status, ended.has("Interrupted. Run this again", f"--undo {path.name}")) == (130, True)
        assert zstack.sessions() == 0
        bench.undo_all()
        assert zstack.state() == before

    def test_an_undo_is_completed_too(self, bench: Bench):
        """At any call."""
        zstack, before = self.prepared(bench)
        assert bench.set_up(*FEW).status == 0
        [path] = bench.undo_files()
        written, done = path.read_text(), zstack.state()
        undo = ("--yes", "--undo", path.name)
        place = 0
        while True:
            zstack.forget_calls()
            zstack.fault("hang", after=place)
            child = bench.begin(*undo)
            hangs = wait_for(zstack, child)
            child.kill()
            bench.end(child)
            zstack.clear_faults()
            assert bench.run(*undo).status == 0
            assert zstack.state() == before, place
            if not hangs:
                break
            place += 1
            path.unlink()
            assert bench.set_up(*FEW, "--undo-file", path.name).status == 0
            assert zstack.state() == done
        assert place > 15
        assert written
