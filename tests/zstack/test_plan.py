"""The plan of zstack-setup: from what is in ZStack to a list of steps."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from zstack.setup import texts
from zstack.setup.endpoint import fitting, own_uuids, to_test
from zstack.setup.facts import LONG_PERIOD, SYSTEM_TOPIC, VM_STATES, WAYS_BACK, chosen_uuid
from zstack.setup.model import Plan, State, Stop, Tried, Wanted, matches, odd, shown, unmatched
from zstack.setup.plan import plan
from zstack.setup.steps import KINDS

CATALOGUE = Path(__file__).parents[2] / "docs/protocols/zstack-events.json"

WANTED = Wanted(url="https://relay.example.com/zstack", user="zstack", name="Flashduty")
FIRST, SECOND, THIRD, *_ = own_uuids(WANTED)
TOPIC = "11111111111111111111111111111111"
OTHER_TOPIC = "22222222222222222222222222222222"


def endpoint(uuid: str = FIRST, **more: object) -> dict:
    """An endpoint as the tool makes it."""
    row = {"uuid": uuid, "name": WANTED.name, "type": "HTTP", "state": "Enabled", "url": WANTED.url}
    return {**row, "username": WANTED.user, **more}


def alarm(name: str, *topics: str, recovery: bool = True, **more: object) -> dict:
    """An alarm."""
    actions = [{"alarmUuid": name, "actionType": "sns", "actionUuid": it} for it in topics]
    row = {"uuid": f"alarm-{name}", "name": name, "state": "Enabled", "period": 300.0, "actions": actions}
    return {**row, "enableRecovery": recovery, "emergencyLevel": "Important", **more}


def event(name: str, *topics: str, namespace: str = "ZStack/Host", **more: object) -> dict:
    """An event subscription."""
    actions = [{"actionType": "sns", "actionUuid": it} for it in topics]
    row = {"uuid": f"event-{namespace}-{name}", "name": name, "eventName": name, "namespace": namespace}
    return {**row, "state": "Enabled", "actions": actions, **more}


def on(topic: str, uuid: str = FIRST) -> dict:
    """A subscriber."""
    return {"topicUuid": topic, "endpointUuid": uuid}


def state(**more: object) -> State:
    """What is there after a set-up: the endpoint works, and is on the system topic."""
    made = State(
        endpoints=[endpoint()],
        subscribers=[on(SYSTEM_TOPIC)],
        topics=[{"uuid": SYSTEM_TOPIC, "name": "system-alarm", "state": "Enabled"}],
        tested={FIRST: Tried("works")},
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


def steps(made: Plan) -> list[tuple]:
    """Kinds and names."""
    return [(it.kind, it.name) for it in made.steps]


def notes(made: Plan) -> dict[str, tuple]:
    """Texts and names."""
    return {it.text: it.names for it in made.notes}


def test_an_empty_zstack_gets_an_endpoint_on_the_system_topic():
    """One subscription covers all preset rules."""
    made = plan(State(), WANTED)
    assert steps(made) == [("create_endpoint", "Flashduty"), ("subscribe", "system-alarm")]
    assert (made.endpoint, made.topic, made.needs_password) == (FIRST, SYSTEM_TOPIC, True)
    assert made.steps[0]["url"] == WANTED.url
    assert made.steps[1]["endpoint"] == FIRST


def test_what_is_set_up_needs_nothing():
    """Neither steps nor notes."""
    alarms = [alarm("cpu", SYSTEM_TOPIC)]
    events = [event("HostDisconnected", SYSTEM_TOPIC), event("HostConnected", SYSTEM_TOPIC)]
    made = plan(state(alarms=alarms, subscriptions=events), WANTED)
    assert (made.steps, made.notes) == ([], [])


def test_of_each_alarm_the_action_comes_first():
    """What is told again when recovery notification is switched on, is told to us."""
    alarms = [alarm("cpu", recovery=False), alarm("disk", SYSTEM_TOPIC, recovery=False), alarm("net")]
    del alarms[2]["actions"]
    assert steps(plan(state(alarms=alarms), WANTED)) == [
        ("alarm_action", "cpu"),
        ("recovery", "cpu"),
        ("recovery", "disk"),
        ("alarm_action", "net"),
    ]


def test_an_endpoint_from_the_console_keeps_its_topic():
    """Rules get that topic, and the endpoint is not put on the system topic too."""
    found = state(
        endpoints=[endpoint("e" * 32, name="由控制台创建")],
        subscribers=[on(TOPIC, "e" * 32)],
        topics=[{"uuid": TOPIC, "name": "由控制台创建", "state": "Enabled"}],
        tested={"e" * 32: Tried("works")},
        alarms=[alarm("cpu", SYSTEM_TOPIC), alarm("disk", TOPIC)],
    )
    made = plan(found, WANTED)
    assert steps(made) == [("alarm_action", "cpu")]
    assert made.steps[0]["topic"] == TOPIC == made.topic


def test_others_on_the_topic_are_said():
    """They get what is added. Mail is in no list of endpoints; ZStack's own endpoint does not count."""
    mail, console, old = "a" * 32, "c" * 32, "d" * 32
    rows = [
        endpoint("e" * 32, name="pager", url="https://pager.example.com"),
        endpoint(console, name="console", type="SYSTEM_HTTP", url="http://localhost:5000/"),
    ]
    there = [on(SYSTEM_TOPIC, it) for it in ("e" * 32, mail, console)]
    alarms = [alarm("cpu")]
    new = {"endpoints": rows, "subscribers": there, "tested": {}}
    assert notes(plan(state(alarms=alarms, **new), WANTED)) == {"shared_topic": (mail, "pager")}
    own = Wanted(**{**vars(WANTED), "own_topic": True})
    assert notes(plan(state(alarms=alarms, **new), own)) == {}
    # Ours, and the one that it replaces, are on the topic already.
    more = [endpoint(), endpoint(old, url="https://old.example.com/zstack")]
    kept = {"endpoints": rows + more, "subscribers": [*there, on(SYSTEM_TOPIC), on(SYSTEM_TOPIC, old)]}
    for wanted in (WANTED, own):
        made = plan(state(alarms=alarms, **kept), wanted)
        assert notes(made) == {"shared_topic_stays": (mail, "pager")}
        assert dict(made.notes[0].fields) == {"name": "system-alarm"}
    # Nothing is added.
    assert notes(plan(state(alarms=[alarm("cpu", SYSTEM_TOPIC)], **kept), WANTED)) == {}
    # Enabling the topic sends them everything.
    off = {"uuid": SYSTEM_TOPIC, "name": "system-alarm", "state": "Disabled"}
    made = plan(state(topics=[off], **kept), WANTED)
    assert (steps(made)[0], notes(made)) == (
        ("enable_topic", "system-alarm"),
        {"shared_topic_stays": (mail, "pager")},
    )
    assert sorted(made.steps[0]["there"]) == sorted(it["endpointUuid"] for it in kept["subscribers"])
    back = event("HostDisconnected", SYSTEM_TOPIC)
    assert list(notes(plan(state(subscriptions=[back], **kept), WANTED))) == ["shared_topic_stays"]


@pytest.mark.parametrize(
    ("differs", "why"),
    [
        ({"url": "https://old.example.com/zstack?token=abc"}, "url_differs"),
        ({"username": "somebody"}, "user_differs"),
        ({}, "password_differs"),
    ],
)
def test_an_endpoint_that_differs_is_replaced(differs: dict, why: str):
    """The new one takes over its topics before it is unsubscribed. It is not deleted."""
    uuid = FIRST if not differs else "e" * 32
    found = state(
        endpoints=[endpoint(uuid, **differs)],
        subscribers=[on(TOPIC, uuid), on(SYSTEM_TOPIC, uuid)],
        tested={uuid: Tried("rejected")},
        topics=[{"uuid": TOPIC, "name": "Flashduty", "state": "Enabled"}],
    )
    made = plan(found, WANTED)
    assert [it.kind for it in made.steps] == ["create_endpoint", *["subscribe"] * 2, *["unsubscribe"] * 2]
    assert made.steps[0].uuid == (SECOND if not differs else FIRST)
    assert {it.uuid for it in made.steps[1:3]} == {it.uuid for it in made.steps[3:]} == {TOPIC, SYSTEM_TOPIC}
    assert {it["endpoint"] for it in made.steps[1:3]} == {made.endpoint}
    assert {(it["endpoint"], it["why"]) for it in made.steps[3:]} == {(uuid, why)}
    assert "abc" not in repr([it["url"] for it in made.steps[3:]])


def test_a_replacement_that_was_interrupted_is_completed():
    """The new endpoint is there, and works. Only what is missing is left."""
    found = state(
        endpoints=[endpoint(FIRST), endpoint(SECOND)],
        subscribers=[on(TOPIC, FIRST)],
        tested={SECOND: Tried("works")},
        topics=[{"uuid": TOPIC, "name": "Flashduty", "state": "Enabled"}],
    )
    made = plan(found, WANTED)
    assert [(it.kind, it["endpoint"]) for it in made.steps] == [("subscribe", SECOND), ("unsubscribe", FIRST)]


def test_the_newest_of_ours_is_tried_first():
    """An older one may still work, if it has an older token. Then those that are in use."""
    rows = [
        endpoint("e" * 32),
        endpoint("d" * 32),
        endpoint(FIRST),
        endpoint(SECOND),
        endpoint("c" * 32, url="x"),
    ]
    found = state(endpoints=rows, subscribers=[on(TOPIC, "e" * 32)])
    assert [it["uuid"] for it in fitting(found, WANTED)] == [SECOND, FIRST, "e" * 32, "d" * 32]


def test_a_new_password_replaces_an_endpoint_that_works():
    """ZStack does not tell whether two tokens are the same."""
    made = plan(state(), Wanted(**{**vars(WANTED), "new_password": True}))
    assert [it.kind for it in made.steps] == ["create_endpoint", "subscribe", "unsubscribe"]
    assert made.endpoint == SECOND


MINE = "e" * 32


def made_by_hand(**more: object) -> State:
    """An endpoint of another name with our URL and user name, on the system topic."""
    rows = [endpoint(MINE, name="my-webhook")]
    found = {"endpoints": rows, "subscribers": [on(SYSTEM_TOPIC, MINE)], "tested": {}}
    return state(alarms=[alarm("cpu", SYSTEM_TOPIC)], **{**found, **more})


REPLACED = [("create_endpoint", FIRST), ("subscribe", FIRST), ("unsubscribe", MINE)]


def whose(made: Plan) -> list[tuple]:
    """Kinds, and the endpoints that they concern."""
    return [(it.kind, it.uuid if it.kind == "create_endpoint" else it["endpoint"]) for it in made.steps]


def test_a_rejected_endpoint_of_another_name_is_replaced():
    """ZStack would try each message five times with it. Nothing comes twice, so that is not said."""
    made = plan(made_by_hand(tested={MINE: Tried("rejected")}), WANTED)
    assert (whose(made), notes(made)) == (REPLACED, {})
    assert made.steps[2]["why"] == "password_differs"
    again = made_by_hand(tested={MINE: Tried("rejected"), FIRST: Tried("works")})
    again.endpoints.append(endpoint())
    again.subscribers.append(on(SYSTEM_TOPIC))
    # As after a kill between two steps.
    assert to_test(again, WANTED) == [again.endpoints[1], again.endpoints[0]]
    assert whose(plan(again, WANTED)) == REPLACED[2:]


def test_a_disabled_endpoint_of_another_name_is_left_alone():
    """Somebody has switched its rules off with it. ZStack does not try to send, so it is in nobody's way."""
    rows = [endpoint(), endpoint(MINE, name="my-webhook", state="Disabled")]
    tested = {MINE: Tried("rejected"), FIRST: Tried("works")}
    found = state(endpoints=rows, subscribers=[on(SYSTEM_TOPIC), on(TOPIC, MINE)], tested=tested)
    assert not plan(found, WANTED).steps


def test_rules_go_to_our_topic_and_not_to_that_of_another_name():
    """Others may be on that. It is inherited all the same, since rules send to it."""
    found = made_by_hand(tested={MINE: Tried("rejected"), FIRST: Tried("works")})
    found.alarms = [alarm("cpu")]
    found.endpoints.append(endpoint())
    found.subscribers = [on(TOPIC, MINE), on(TOPIC, "mail"), on(SYSTEM_TOPIC)]
    found.topics.append({"uuid": TOPIC, "name": "team b", "state": "Enabled"})
    made = plan(found, WANTED)
    assert made.topic == SYSTEM_TOPIC
    assert [(it.kind, it.name) for it in made.steps] == [
        ("subscribe", "team b"),
        ("unsubscribe", "team b"),
        ("alarm_action", "cpu"),
    ]
    # With a topic that is off, nothing would be sent.
    found.topics[0]["state"] = "Disabled"
    assert plan(found, WANTED).topic == TOPIC


def test_an_endpoint_of_another_name_that_works_is_left_alone():
    """Nobody knows whether it is in nobody's way."""
    found = made_by_hand(tested={MINE: Tried("works"), FIRST: Tried("works")})
    found.endpoints.append(endpoint())
    found.subscribers.append(on(SYSTEM_TOPIC))
    made = plan(found, WANTED)
    assert (made.steps, notes(made)) == ([], {"other_endpoints": ("my-webhook",)})


def test_a_new_password_replaces_endpoints_of_other_names_too():
    """Their password is the one that was changed."""
    made = plan(made_by_hand(), Wanted(**{**vars(WANTED), "new_password": True}))
    assert (whose(made), notes(made)) == (REPLACED, {})


def test_endpoints_of_others_that_have_this_name_stop_it():
    """One can be of an administrator, as made in the console. Of several, at least one is another team's."""
    rows = [
        endpoint(it * 32, url=f"https://{it}.example.com/x?token=s", username="team", name="Flashduty")
        for it in "ab"
    ]
    found = state(
        endpoints=[endpoint(), *rows],
        subscribers=[on(SYSTEM_TOPIC), on(TOPIC, "a" * 32), on(OTHER_TOPIC, "b" * 32)],
        topics=[{"uuid": it, "name": it, "state": "Enabled"} for it in (SYSTEM_TOPIC, TOPIC, OTHER_TOPIC)],
    )
    # Ours is complete, and theirs are on topics of their own.
    assert not plan(found, WANTED).steps
    for ours in ([], [on(TOPIC), on(OTHER_TOPIC)]):
        with pytest.raises(Stop) as stop:
            plan(replace(found, subscribers=[*ours, *found.subscribers[1:]]), WANTED)
    found.subscribers[0] = on(TOPIC)
    urls = "https://a.example.com/x?..., https://b.example.com/x?..."
    assert (stop.value.text, stop.value.fields) == ("several_of_name", {"name": "Flashduty", "urls": urls})
    # Of one, it may be that an administrator made it for us. What has another topic is in nobody's way.
    steps = plan(found, WANTED).steps
    assert [(it.kind, it.uuid, it["endpoint"]) for it in steps] == [("unsubscribe", TOPIC, "a" * 32)]
    found.subscribers[0] = on(SYSTEM_TOPIC)
    assert not plan(found, WANTED).steps


def test_older_endpoints_of_ours_are_replaced_however_many_they_are():
    """Their UUIDs say that we made them. One of another name is not concerned."""
    urls = [f"https://{it}.example.com/zstack" for it in "abc"]
    uuids = [next(own_uuids(replace(WANTED, url=it))) for it in urls]
    rows = [endpoint(uuid, url=url) for uuid, url in zip(uuids, urls, strict=True)]
    rows[2]["name"] = "kept by its new name"
    found = state(
        endpoints=[endpoint(), *rows], subscribers=[on(SYSTEM_TOPIC), *(on(SYSTEM_TOPIC, it) for it in uuids)]
    )
    assert [it["endpoint"] for it in plan(found, WANTED).steps] == uuids[:2]


def test_a_new_endpoint_is_the_newest_of_ours():
    """A gap is one that somebody deleted. In it, the next run would take an older endpoint for the newest."""
    found = state(
        endpoints=[endpoint(SECOND)], subscribers=[on(SYSTEM_TOPIC, SECOND)], tested={SECOND: Tried("works")}
    )
    made = plan(found, Wanted(**{**vars(WANTED), "new_password": True}))
    assert made.endpoint == THIRD
    found.endpoints.append(endpoint(THIRD))
    found.subscribers = [on(SYSTEM_TOPIC, THIRD)]
    found.tested = {THIRD: Tried("works"), SECOND: Tried("works")}
    assert fitting(found, WANTED)[0]["uuid"] == THIRD
    assert plan(found, WANTED).steps == []


def test_an_endpoint_that_reaches_nobody_stops_it():
    """It is not the password, so a new endpoint would not help."""
    with pytest.raises(Stop) as stop:
        plan(state(tested={FIRST: Tried("fails", "no route")}), WANTED)
    assert (stop.value.text, stop.value.fields["words"]) == ("endpoint_fails", "no route")


def test_a_version_that_cannot_test_keeps_the_endpoint():
    """And says that the password is not known to be right."""
    made = plan(state(tested={FIRST: Tried("unknown")}), WANTED)
    assert (made.steps, list(notes(made))) == ([], ["password_unknown"])


def test_what_is_disabled_is_enabled():
    """Of the endpoint and its topic. Of rules it is only said."""
    found = state(
        endpoints=[endpoint(state="Disabled")], alarms=[alarm("off", SYSTEM_TOPIC, state="Disabled")]
    )
    found.topics[0]["state"] = "Disabled"
    made = plan(found, WANTED)
    assert steps(made) == [("enable_endpoint", "Flashduty"), ("enable_topic", "system-alarm")]
    assert notes(made) == {"disabled_alarms": ("off",)}


def test_a_choice_of_rules_needs_a_topic_of_its_own():
    """On the system topic, all preset rules would come."""
    chosen = Wanted(**{**vars(WANTED), "only": ("emergent", "cpu*"), "exclude": ("CPU of VMs",)})
    alarms = [alarm("cpu"), alarm("CPU of VMs"), alarm("disk"), alarm("x", emergencyLevel="Emergent")]
    events = [event("HostDisconnected", emergencyLevel="Emergent"), event("HostConnected"), event("VmCrash")]
    made = plan(State(alarms=alarms, subscriptions=events), chosen)
    assert steps(made) == [
        ("create_endpoint", "Flashduty"),
        ("create_topic", "Flashduty"),
        ("subscribe", "Flashduty"),
        ("alarm_action", "cpu"),
        ("alarm_action", "x"),
        ("event_action", "HostDisconnected"),
        # Its problem was chosen.
        ("event_action", "HostConnected"),
    ]
    assert {it["topic"] for it in made.steps[3:]} == {chosen_uuid("topic", "Flashduty")} == {made.topic}
    assert plan(State(), Wanted(**{**vars(WANTED), "own_topic": True})).topic == made.topic
    on_system = plan(state(alarms=[alarm("disk", recovery=False)]), chosen)
    assert (steps(on_system), list(notes(on_system))) == ([], ["system_topic_has_all"])


@pytest.mark.parametrize(
    ("exclude", "added", "left_out"),
    [
        (
            ("HostConnected", "vrouterh*"),
            [],
            ["HostDisconnected: HostConnected", "VRouterUnhealthy: VRouterHealthy"],
        ),
        (("HostConn*",), ["VRouterHealthy"], ["HostDisconnected: HostConnected"]),
        # A level chooses problems. Their ends are of the level Normal.
        (("normal",), ["HostConnected", "VRouterHealthy"], []),
        (("normal", "other name"), ["HostConnected", "VRouterHealthy"], []),
    ],
)
def test_a_way_back_is_left_out_by_its_name(exclude: tuple, added: list[str], left_out: list[str]):
    """And not by --only or a level. It is said that the alerts then stay open."""
    problems = [
        event("HostDisconnected", SYSTEM_TOPIC, emergencyLevel="Emergent"),
        event("VRouterUnhealthy", SYSTEM_TOPIC, emergencyLevel="Emergent"),
    ]
    back = event("HostConnected", emergencyLevel="Normal")
    found = state(subscriptions=[*problems, back])
    chosen = Wanted(**{**vars(WANTED), "only": ("Emergent",), "exclude": exclude})
    made = plan(found, chosen)
    assert [it.name for it in made.steps] == added
    assert list(notes(made).get("way_back_left_out", ())) == left_out
    assert unmatched(found, replace(chosen, exclude=("HostConn*", "VRouterHealthy"))) == []
    # Somebody else has subscribed it.
    told = state(subscriptions=[*problems, {**back, "actions": problems[0]["actions"]}])
    assert "HostDisconnected: HostConnected" not in notes(plan(told, chosen)).get("way_back_left_out", ())


def test_a_way_back_is_subscribed_to_beside_its_problem():
    """In the problem's namespace, and only where there is none."""
    events = [
        event("HostDisconnected", SYSTEM_TOPIC),
        event("HostDisconnected", SYSTEM_TOPIC, namespace="ZStack/KVMHost"),
        event("HostConnected", SYSTEM_TOPIC),
        event("VRouterDisconnected", SYSTEM_TOPIC, namespace="ZStack/VRouter"),
        event("VRouterPaused", SYSTEM_TOPIC, namespace="ZStack/VRouter"),
        event("ManagementNodeLeft", SYSTEM_TOPIC, namespace="ZStack/MN", state="Disabled"),
    ]
    made = plan(state(subscriptions=events), WANTED)
    assert [(it.kind, it["namespace"], it.name) for it in made.steps] == [
        ("subscribe_event", "ZStack/KVMHost", "HostConnected"),
        ("subscribe_event", "ZStack/VRouter", "VRouterConnected"),
    ]
    assert len({it.uuid for it in made.steps}) == 2
    known = {("ZStack/VRouter", "VRouterConnected"), ("ZStack/Host", "HostConnected")}
    less = plan(state(subscriptions=events[:5], events=known), WANTED)
    assert steps(less) == [("subscribe_event", "VRouterConnected")]
    assert notes(less) == {"no_way_back": ("HostDisconnected: HostConnected",)}
    noisy = state(subscriptions=[event("VMHAStarted", SYSTEM_TOPIC)], events=known)
    assert notes(plan(noisy, WANTED)) == {}
    asked = replace(WANTED, vm_states=True)
    assert notes(plan(noisy, asked)) == {"no_way_back": ("VMHAStarted: VMStateChangedOnHost",)}


def test_no_event_is_sent_twice():
    """A second subscription of an event gets no action, and one with labels is another thing."""
    label = {"labels": [{"key": "HostUuid", "op": "Equal", "value": "1"}]}
    twins = [event("VmCrash"), event("VmCrash", uuid="second"), event("VmCrash", uuid="third", **label)]
    assert [it.uuid for it in plan(state(subscriptions=twins), WANTED).steps] == [twins[0]["uuid"], "third"]
    both = [event("VmCrash", SYSTEM_TOPIC), event("VmCrash", SYSTEM_TOPIC, uuid="second")]
    made = plan(state(subscriptions=both), WANTED)
    assert (made.steps, notes(made)) == ([], {"event_twice": ("ZStack/Host VmCrash",)})


def test_a_disabled_subscription_does_not_stand_in_for_an_enabled_one():
    """It sends nothing, whatever its actions are. Of two disabled ones, one is prepared."""
    off = event("VmCrash", SYSTEM_TOPIC, uuid="off", state="Disabled")
    made = plan(state(subscriptions=[off, event("VmCrash")]), WANTED)
    assert [(it.kind, it.uuid) for it in made.steps] == [("event_action", "event-ZStack/Host-VmCrash")]
    made = plan(state(subscriptions=[{**off, "actions": []}, event("VmCrash")]), WANTED)
    assert [it.uuid for it in made.steps] == ["event-ZStack/Host-VmCrash"]
    made = plan(state(subscriptions=[off, event("VmCrash", SYSTEM_TOPIC)]), WANTED)
    assert (made.steps, list(notes(made))) == ([], ["disabled_events"])
    both = [{**off, "actions": []}, {**off, "uuid": "second", "actions": []}]
    assert [it.uuid for it in plan(state(subscriptions=both), WANTED).steps] == ["off"]


def test_an_enabled_way_back_is_preferred():
    """Also one with the problem's labels, before a disabled one that covers everything."""
    label = {"labels": [{"key": "HostUuid", "op": "Equal", "value": "1"}]}
    chosen = Wanted(**{**vars(WANTED), "only": ("HostDisconnected",)})
    off = event("HostConnected", uuid="off", state="Disabled")
    events = [event("HostDisconnected", SYSTEM_TOPIC), off, event("HostConnected")]
    made = plan(state(subscriptions=events), chosen)
    assert [it.uuid for it in made.steps] == ["event-ZStack/Host-HostConnected"]
    assert list(notes(made)) == ["system_topic_has_all"]
    events = [event("HostDisconnected", SYSTEM_TOPIC, **label), off, event("HostConnected", **label)]
    assert [it.uuid for it in plan(state(subscriptions=events), chosen).steps] == [
        "event-ZStack/Host-HostConnected"
    ]


def test_a_narrowed_problem_without_a_way_back_is_said():
    """The labels of its end could be others, so it is not made."""
    label = {"labels": [{"key": "HostUuid", "op": "Equal", "value": "1"}]}
    limited = event("HostDisconnected", SYSTEM_TOPIC, uuid="limited", **label)
    made = plan(state(subscriptions=[limited]), WANTED)
    assert (made.steps, notes(made)) == ([], {"narrowed": ("HostDisconnected: HostConnected",)})
    for more in (
        event("HostConnected", SYSTEM_TOPIC),
        event("HostConnected", SYSTEM_TOPIC, **label),
        event("HostDisconnected", SYSTEM_TOPIC),
    ):
        assert "narrowed" not in notes(plan(state(subscriptions=[limited, more]), WANTED))


def test_a_second_topic_that_is_disabled_does_not_count():
    """A rule that sends only there gets the other topic. It is not enabled: others could then send twice."""
    found = state(
        subscribers=[on(TOPIC), on(OTHER_TOPIC)],
        topics=[
            {"uuid": TOPIC, "name": "off", "state": "Disabled"},
            {"uuid": OTHER_TOPIC, "name": "on", "state": "Enabled"},
        ],
        alarms=[alarm("cpu", TOPIC), alarm("disk", TOPIC, OTHER_TOPIC)],
        subscriptions=[event("VmCrash", TOPIC)],
    )
    made = plan(found, WANTED)
    assert (steps(made), made.topic) == ([("alarm_action", "cpu"), ("event_action", "VmCrash")], OTHER_TOPIC)
    assert {it["topic"] for it in made.steps} == {OTHER_TOPIC}
    assert [(it.text, dict(it.fields)) for it in made.notes] == [
        ("disabled_topic", {"name": "off", "main": "on"})
    ]


def test_every_change_of_every_vm_only_when_asked_for():
    """VMStateChangedOnHost is noisy."""
    events = [event("VMHAStarted", SYSTEM_TOPIC, namespace="ZStack/VM")]
    assert plan(state(subscriptions=events), WANTED).steps == []
    asked = Wanted(**{**vars(WANTED), "vm_states": True})
    assert steps(plan(state(subscriptions=events), asked)) == [("subscribe_event", "VMStateChangedOnHost")]
    events.append(event("VMStateChangedOnHost", namespace="ZStack/VM"))
    assert plan(state(subscriptions=events), WANTED).steps == []
    assert steps(plan(state(subscriptions=events), asked)) == [("event_action", "VMStateChangedOnHost")]


def test_what_cannot_be_changed_is_said():
    """With the names of the rules."""
    found = state(
        endpoints=[endpoint(connectionStatus="DOWN"), endpoint("e" * 32, name="second")],
        alarms=[alarm("long", SYSTEM_TOPIC, period=float(LONG_PERIOD)), alarm("twice", SYSTEM_TOPIC, TOPIC)],
        subscribers=[on(SYSTEM_TOPIC), on(TOPIC), on(OTHER_TOPIC, "e" * 32)],
        topics=[{"uuid": TOPIC, "name": "t", "state": "Enabled"}],
        subscriptions=[
            event("HostDisconnected", TOPIC),
            event("HostConnected", TOPIC, state="Disabled"),
            event("VmCrash", TOPIC, state="Disabled"),
        ],
        templates=[
            {"name": "A", "type": "ALARM"},
            {"name": "B", "type": "EVENT"},
            {"name": "C", "type": "alarm", "recoveryTemplate": "x"},
        ],
    )
    made = plan(found, WANTED)
    assert made.steps == []
    assert [(it.text, it.names or it.fields) for it in made.notes] == [
        ("ping", (("name", "Flashduty"),)),
        ("other_endpoints", ("second",)),
        ("double_path", ("twice",)),
        ("disabled_ways_back", ("HostConnected",)),
        ("disabled_events", ("VmCrash",)),
        ("long_period", ("long",)),
        ("template_swallows", (("name", "A"),)),
        ("template", (("name", "B"),)),
        ("template", (("name", "C"),)),
    ]


def test_a_version_without_recovery_notification():
    """It would ignore the field, and be asked again each time."""
    row = alarm("cpu", SYSTEM_TOPIC)
    del row["enableRecovery"]
    made = plan(state(alarms=[row]), WANTED)
    assert (made.steps, list(notes(made))) == ([], ["no_recovery_field"])
    # A null is left out, beside others that have it.
    assert steps(plan(state(alarms=[row, alarm("disk", SYSTEM_TOPIC)]), WANTED)) == [("recovery", "cpu")]


def test_urls_are_shown_without_what_can_be_secret():
    """The cloud's name is no secret."""
    assert shown("https://u:p@h.example.com:8443/zstack?token=s") == "https://h.example.com:8443/zstack?..."
    assert shown("https://h/zstack?cloud=北京&token=s") == "https://h/zstack?cloud=北京"
    assert shown("http://[::1]:1/z") == "http://[::1]:1/z"
    assert shown("http://h:port/?token=s") == "..."


def test_levels_and_names_are_told_apart():
    """Without regard to case."""
    assert matches("normal", {"name": "x", "emergencyLevel": "Normal"})
    assert not matches("normal", {"name": "normal"})
    assert matches("主机*", {"name": "主机 CPU"})
    assert not matches("CPU", {"name": "CPU of VMs"})


def test_only_the_star_stands_for_anything():
    """[ and ? are characters of names."""
    assert matches("[prod] cpu?", {"name": "[Prod] CPU?"})
    assert not matches("[prod] cpu", {"name": "p cpu"})
    assert not matches("cp?", {"name": "cpu"})
    assert matches("[*", {"name": "[prod] cpu\nsecond line"})


def test_names_that_no_rule_has():
    """A misspelt name would choose nothing, or leave out nothing. A level may be of no rule."""
    rules = state(alarms=[alarm("cpu")], subscriptions=[event("HostDisconnected")])
    chosen = {"only": ("CPU*", "hostdisconnected", "Normal", "cpv"), "exclude": ("emergent", "disk*")}
    assert unmatched(rules, Wanted(**{**vars(WANTED), **chosen})) == ["cpv", "disk*"]


def test_odd_uuids():
    """Some of ZStack's own are none."""
    assert odd("uhgfoh0soh6e1qai005elfa9c6h2s2y0")
    assert odd("65e8f1a4892231b692cc7a88158f3da")
    assert not odd(FIRST)
    assert not odd(SYSTEM_TOPIC)


def test_ways_back_are_the_catalogues():
    """All pairs of docs/protocols/zstack-events.json."""
    catalogue = json.loads(CATALOGUE.read_text())
    pairs = {(it["name"], back) for it in catalogue for back in it["undone_by"]}
    assert {*WAYS_BACK.items(), *VM_STATES.items()} == pairs


def test_every_text_is_there_twice():
    """In English, which is ASCII, and in Chinese, with the same fields."""
    for name, (english, chinese) in texts.TEXTS.items():
        assert english.isascii(), name
        assert not chinese.isascii() or name in ("progress", "progress_line"), name
        fields = [{it.split("}")[0] for it in text.split("{")[1:]} for text in (english, chinese)]
        assert fields[0] == fields[1], name
    for kind in KINDS:
        for prefix in ("", "did_", "undo_", "hand_"):
            assert prefix + kind in texts.TEXTS
