//! Generated messages: an alarm, and an event of the catalogue with a state or without.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::text;
use crate::catalogue::{Fact, facts};
use crate::support::shapes::{Labels, Language, Message, Shape};

pub static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(facts);

/// An event of the catalogue that `is_wanted`.
pub fn fact(is_wanted: fn(&Fact) -> bool) -> impl Strategy<Value = &'static Fact> {
    select(FACTS.iter().filter(|fact| is_wanted(fact)).collect::<Vec<_>>())
}

pub fn uuid() -> impl Strategy<Value = String> {
    "[0-9a-f]{32}"
}

/// A device's name that is not empty, and that a card for Teams does not change. It does not end with a comma or a
/// semicolon, which could be the separator in a list of lines.
pub fn device() -> impl Strategy<Value = String> {
    r"[A-Za-z0-9:./_%{}()\[\],;= 磁盘-]{1,16}"
        .prop_filter("a device", |device| !is_no_value(device) && !device.trim_end().ends_with([',', ';']))
}

/// Whether a text counts as no value.
pub fn is_no_value(text: &str) -> bool {
    ["", "-", "null", "None", "[]", "[:]", "{}"].contains(&text.trim())
}

/// A text without a backslash. Templates change the character after a backslash.
pub fn name() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace('\\', "/"))
}

/// One of ZStack's levels, none, or another word.
pub fn level() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(vec!["Emergent", "Important", "Normal", "Recovery", ""]).prop_map(str::to_owned), 1 => "[a-z]{1,8}"]
}

pub fn shape() -> impl Strategy<Value = Shape> {
    select(crate::support::shapes::ALL.to_vec())
}

pub fn shape_with_labels() -> impl Strategy<Value = Shape> {
    shape().prop_filter("labels", |shape| shape.has_labels())
}

/// An event with these labels, and with any values of its other labels.
pub fn event(fact: &Fact, labels: Value) -> impl Strategy<Value = Message> + use<> {
    let (name_on_wire, namespaces) = (fact.name.clone(), fact.namespaces.clone());
    let others: Vec<_> = fact.labels.iter().filter(|label| labels.get(label.as_str()).is_none()).cloned().collect();
    let count = others.len();
    let namespace = prop_oneof![4 => select(namespaces), 1 => text()];
    let others = proptest::collection::vec(text(), count).prop_map(move |values| (others.clone(), values));
    (namespace, level(), uuid(), uuid(), text(), others).prop_map(
        move |(namespace, level, subscription, data, time, (names, values))| {
            let mut labels = labels.clone();
            for (name, value) in names.into_iter().zip(values) {
                labels[name] = json!(value);
            }
            Message::of(json!({
                "EVENT_NAME": name_on_wire,
                "EVENT_NAMESPACE": namespace,
                "EVENT_LABELS": labels,
                "EVENT_EMERGENCY_LEVEL": level,
                "EVENT_SUBSCRIPTION_UUID": subscription,
                "EVENT_DATA_UUID": data,
                "EVENT_TIME": time,
            }))
        },
    )
}

/// An alarm or its recovery.
pub fn alarm() -> impl Strategy<Value = Message> {
    let texts = (text(), text(), text(), text(), text(), text(), text());
    let status = select(vec!["OK", "Alarm", "InsufficientData"]);
    (uuid(), uuid(), level(), status, texts).prop_map(|(rule, resource, level, status, texts)| {
        let (name, metric, threshold, value, resource_name, cluster, label) = texts;
        Message::of(json!({
            "ALARM_UUID": rule,
            "ALARM_NAME": name,
            "ALARM_NAMESPACE": "ZStack/VM",
            "ALARM_METRIC": metric,
            "ALARM_COMPARISON_OPERATOR": "LessThan",
            "ALARM_COMPARISON_OPERATOR_REVERSE": "GreaterThanOrEqualTo",
            "ALARM_THRESHOLD": threshold,
            "ALARM_CURRENT_VALUE": value,
            "ALARM_DURATION": 300,
            "ALARM_LABELS": [label],
            "ALARM_PREVIOUS_STATUS": "Alarm",
            "ALARM_CURRENT_STATUS": status,
            "ALARM_EMERGENCY_LEVEL": level,
            "ALARM_TIME": 1_720_144_800_000_u64,
            "ALARM_RESOURCE_ID": resource,
            "ALARM_RESOURCE_NAME": resource_name,
            "ALARM_RESOURCE_IP": "-",
            "ALARM_RESOURCE_CLUSTER_NAME": cluster,
        }))
    })
}

/// A shape of a template that inserts values without escaping them.
pub fn template() -> impl Strategy<Value = Shape> {
    let language = || select(vec![Language::English, Language::Chinese]);
    let labels = select(vec![Labels::Groovy, Labels::Json, Labels::List, Labels::Lines]);
    prop_oneof![
        2 => (language(), labels).prop_map(|(language, labels)| Shape::Named(language, labels)),
        1 => language().prop_map(Shape::Console),
        1 => language().prop_map(Shape::WrappedConsole),
        1 => language().prop_map(Shape::Feishu),
        1 => language().prop_map(Shape::Teams),
    ]
}
