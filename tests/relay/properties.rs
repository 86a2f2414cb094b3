//! Properties of every message, tested with generated messages.

mod clouds;
mod events;
mod languages;
mod messages;
mod salvage;

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::translated;

/// An event as Flashduty documents it. Other members are an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pushed {
    title_rule: String,
    event_status: String,
    alert_key: String,
    #[serde(default)]
    description: String,
    labels: BTreeMap<String, String>,
}

fn pushed(body: &[u8], url_labels: &[(String, String)]) -> Vec<Pushed> {
    translated(body, url_labels).into_iter().map(|event| serde_json::from_value(event).unwrap()).collect()
}

fn one(message: &Value) -> Pushed {
    let mut events = pushed(message.to_string().as_bytes(), &[]);
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// Fails if an event breaks a limit of `docs/protocols/flashduty.md`, "The standard alert event".
fn keeps_every_limit(event: &Pushed) {
    assert!(event.title_rule.chars().count() <= 512 && !event.title_rule.is_empty());
    assert!(["Critical", "Warning", "Info", "Ok"].contains(&event.event_status.as_str()));
    assert!(!event.alert_key.is_empty() && event.alert_key.chars().count() <= 255);
    assert!(event.description.chars().count() <= 2_048);
    assert!(event.labels.len() <= 50, "{}", event.labels.len());
    for (name, value) in &event.labels {
        let mut bytes = name.bytes();
        assert!(bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_'), "{name}");
        assert!(bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') && name.len() <= 128, "{name}");
        assert!(!value.is_empty() && value.chars().count() <= 2_048, "{name}");
    }
    assert!(event.labels.contains_key("resource") && event.labels.contains_key("check"));
    assert_eq!(event.labels["source"], "zstack");
    assert!(["alarm", "event", "test", "raw"].contains(&event.labels["kind"].as_str()));
}

/// Text as people and machines write it: with difficult characters, empty, or long.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "\\PC{0,20}",
        3 => "[磁盘使用率过高：\"\\\\\n$\\{\\}%-]{0,30}",
        1 => Just("-".to_owned()),
        1 => Just(String::new()),
        1 => ("\\PC", 100..2_200_usize).prop_map(|(c, n)| c.repeat(n)),
    ]
}

/// Any JSON value, in most cases a string.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        8 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(1, 8, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-z]{1,3}", inner, 0..60).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A field's name, in most cases one of ZStack's.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "ALARM_NAME",
        "ALARM_UUID",
        "ALARM_NAMESPACE",
        "ALARM_METRIC",
        "ALARM_COMPARISON_OPERATOR",
        "ALARM_THRESHOLD",
        "ALARM_CURRENT_VALUE",
        "ALARM_DURATION",
        "ALARM_LABELS",
        "ALARM_PREVIOUS_STATUS",
        "ALARM_CURRENT_STATUS",
        "ALARM_EMERGENCY_LEVEL",
        "ALARM_TIME",
        "ALARM_RESOURCE_ID",
        "ALARM_RESOURCE_NAME",
        "EVENT_NAME",
        "EVENT_NAMESPACE",
        "EVENT_LABELS",
        "EVENT_EMERGENCY_LEVEL",
        "EVENT_RESOURCE_ID",
        "EVENT_ERROR",
        "EVENT_TIME",
        "EVENT_SUBSCRIPTION_UUID",
        "sections",
        "Source",
        "kind",
        "product",
        "metric",
    ];
    prop_oneof![5 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => text()]
}

fn message() -> impl Strategy<Value = Value> {
    btree_map(name(), value(), 0..12).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

/// An id as ZStack makes it, or as a template may print it.
fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9a-f]{32}", "[a-z:%名]{1,8}", "\\PC{1,300}"].prop_filter("an id", |id| {
        let id = id.trim();
        !id.is_empty() && id != "-"
    })
}

fn alarm(rule: &str, resource: &str) -> Map<String, Value> {
    let fields = json!({
        "ALARM_UUID": rule, "ALARM_RESOURCE_ID": resource, "ALARM_NAME": "磁盘", "ALARM_CURRENT_STATUS": "Alarm",
        "ALARM_EMERGENCY_LEVEL": "Emergent", "ALARM_METRIC": "DiskUsed", "ALARM_TIME": 1_720_144_800_000_u64,
    });
    fields.as_object().unwrap().clone()
}

proptest! {
    #[test]
    fn any_bytes_make_events_within_the_limits(body in vec(any::<u8>(), 0..2_000)) {
        let events = pushed(&body, &[]);
        prop_assert!(!events.is_empty());
        events.iter().for_each(keeps_every_limit);
    }

    #[test]
    fn any_message_makes_events_within_the_limits(
        message in message(),
        wrap in 0..4,
        cut in any::<proptest::sample::Index>(),
        url in vec((text(), text()), 0..60),
    ) {
        let body = match wrap {
            0 => message.to_string(),
            1 => json!([message]).to_string(),
            2 => json!({"sections": [message], "title": "T"}).to_string(),
            _ => Value::from(message.to_string()).to_string(),
        };
        let events = pushed(body.as_bytes(), &url);
        prop_assert!(!events.is_empty());
        events.iter().for_each(keeps_every_limit);
        // The same body, cut off anywhere.
        let broken = &body.as_bytes()[..cut.index(body.len())];
        pushed(broken, &url).iter().for_each(keeps_every_limit);
    }

    #[test]
    fn any_template_makes_events_within_the_limits(
        alarm in messages::alarm(),
        event in messages::fact(|_| true).prop_flat_map(|fact| messages::event(fact, json!({}))),
        shape in messages::shape(),
        cut in any::<proptest::sample::Index>(),
    ) {
        for body in [alarm.body(shape), event.body(shape)] {
            for body in [&body.as_bytes()[..cut.index(body.len())], body.as_bytes()] {
                let events = pushed(body, &[]);
                prop_assert!(!events.is_empty());
                events.iter().for_each(keeps_every_limit);
            }
        }
    }

    #[test]
    fn trigger_repeat_and_recovery_share_a_key_and_a_title(
        rule in id(), resource in id(), level in text(), value in value(), data in text(), previous in text(),
    ) {
        let trigger = alarm(&rule, &resource);
        let mut repeat = trigger.clone();
        repeat.extend([
            ("ALARM_EMERGENCY_LEVEL".to_owned(), json!(level)),
            ("ALARM_CURRENT_VALUE".to_owned(), value),
            ("ALARM_DATA_UUID".to_owned(), json!(data)),
            ("ALARM_PREVIOUS_STATUS".to_owned(), json!(previous)),
            ("ALARM_TIME".to_owned(), json!(1_720_148_400_000_u64)),
        ]);
        let mut recovery = repeat.clone();
        recovery.insert("ALARM_CURRENT_STATUS".to_owned(), json!("OK"));
        let [trigger, repeat, recovery] = [trigger, repeat, recovery].map(|fields| one(&Value::Object(fields)));
        prop_assert_eq!(&trigger.alert_key, &repeat.alert_key);
        prop_assert_eq!(&trigger.alert_key, &recovery.alert_key);
        prop_assert_eq!(recovery.event_status, "Ok");
        for label in ["resource", "check"] {
            prop_assert_eq!(&trigger.labels[label], &recovery.labels[label]);
        }
    }

    #[test]
    fn different_alarms_and_resources_never_share_a_key(a in id(), b in id(), x in id(), y in id()) {
        let key = |rule: &str, resource: &str| one(&Value::Object(alarm(rule, resource))).alert_key;
        for ((a, x), (b, y)) in [((&a, &x), (&a, &y)), ((&a, &x), (&b, &x)), ((&a, &x), (&b, &y)), ((&a, &b), (&b, &a))] {
            let same = a.trim() == b.trim() && x.trim() == y.trim();
            prop_assert_eq!(key(a, x) == key(b, y), same, "{:?} {:?} / {:?} {:?}", a, x, b, y);
        }
    }

    #[test]
    fn the_urls_labels_never_override_the_messages(name in text(), value in text(), message in message()) {
        let body = message.to_string();
        let url = [(name.clone(), value.clone()), ("resource".to_owned(), value.clone()), ("source".to_owned(), value)];
        for (with, without) in pushed(body.as_bytes(), &url).iter().zip(pushed(body.as_bytes(), &[])) {
            for (name, value) in &without.labels {
                // If there are too many labels, some of the message's own are left out. None is changed.
                if let Some(now) = with.labels.get(name) {
                    prop_assert_eq!(now, value, "{}", name);
                } else {
                    prop_assert_eq!(with.labels.len(), 50);
                }
            }
        }
    }
}
