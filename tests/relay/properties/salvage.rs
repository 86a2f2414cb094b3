//! A message with broken JSON becomes the same alert as the message with valid JSON.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::messages::{alarm, device, event, fact, template, uuid};
use super::{pushed, text};
use crate::catalogue::{Fact, STEPS};
use crate::support::shapes::{Message, Shape};

/// A message, and the names of its fields and labels that may contain any text.
type Free = (Message, Vec<String>);

fn any_alarm() -> impl Strategy<Value = Free> {
    let free =
        ["NAME", "METRIC", "THRESHOLD", "CURRENT_VALUE", "RESOURCE_NAME", "RESOURCE_CLUSTER_NAME", "RESOURCE_IP"];
    alarm().prop_map(move |message| (message, free.iter().map(|name| format!("ALARM_{name}")).collect()))
}

/// An event of the catalogue with any state.
fn any_event() -> impl Strategy<Value = Free> {
    fact(|_| true).prop_flat_map(|fact| {
        let apart = vec(device(), fact.tells_apart.len());
        (Just(fact), apart, state(fact), uuid(), text(), text()).prop_flat_map(
            |(fact, apart, state, id, name, error)| {
                let labels = fact.tells_apart.iter().cloned().zip(apart).chain(state.clone());
                let labels: Value = labels.map(|(name, value)| (name, json!(value))).collect();
                let kept: Vec<_> = labels.as_object().unwrap().keys().cloned().collect();
                event(fact, labels).prop_map(move |message| {
                    let fixed = fact.state.is_some();
                    let message = message.with("EVENT_RESOURCE_ID", &*id).with("EVENT_RESOURCE_NAME", &*name);
                    // An error that is the event's state is not changed.
                    let message = message.with("EVENT_ERROR", if fixed { Value::Null } else { json!(error) });
                    let labels = fact.labels.iter().filter(|label| !kept.contains(label)).cloned();
                    let fields = ["EVENT_NAMESPACE", "EVENT_RESOURCE_NAME", "EVENT_TIME"].into_iter();
                    let fields = fields.chain((!fixed).then_some("EVENT_ERROR")).map(str::to_owned);
                    (message, fields.chain(labels).collect())
                })
            },
        )
    })
}

/// The label with the state and a value of it, if the event has one.
fn state(fact: &Fact) -> impl Strategy<Value = Option<(String, String)>> + use<> {
    let Some(state) = fact.state.as_ref().filter(|state| state.label != "EVENT_ERROR") else {
        return Just(None).boxed();
    };
    let steps = STEPS.iter().find(|(event, _)| *event == fact.name).map_or(&[][..], |(_, steps)| steps);
    let values = state.problem.iter().chain(&state.over).cloned();
    let values: Vec<_> =
        values.chain(steps.iter().map(|step| (*step).to_owned())).chain(["Unheard".to_owned()]).collect();
    let label = state.label.clone();
    select(values).prop_map(move |value| Some((label.clone(), value))).boxed()
}

/// Key and status of each event that is pushed.
fn keys_and_statuses(body: &str) -> Vec<(String, String)> {
    pushed(body.as_bytes(), &[]).into_iter().map(|event| (event.alert_key, event.event_status)).collect()
}

/// The message with `what` inserted into one of its values.
fn put_into(message: &Message, name: &str, at: Index, what: &str) -> Message {
    let put = |value: &Value| {
        let text = value.as_str().unwrap();
        let places: Vec<_> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
        let (before, behind) = text.split_at(*at.get(&places));
        format!("{before}{what}{behind}")
    };
    if let Some(value) = message.0.get(name) {
        return message.with(name, put(value));
    }
    let mut labels = message.0["EVENT_LABELS"].clone();
    labels[name] = json!(put(&labels[name]));
    message.with("EVENT_LABELS", labels)
}

fn without_labels(message: &Message, shape: Shape) -> Message {
    if message.is_event() && !shape.has_labels() { message.with("EVENT_LABELS", json!({})) } else { message.clone() }
}

proptest! {
    #[test]
    fn a_mark_in_any_value_changes_neither_key_nor_status(
        (message, free) in prop_oneof![any_alarm(), any_event()],
        shape in template(),
        name in any::<Index>(),
        at in any::<Index>(),
        what in select(vec!["\"", "\n", "\r\n", "\"\"", "\"\n"]),
    ) {
        // The same message as valid JSON.
        let expected = keys_and_statuses(&without_labels(&message, shape).body(Shape::Plain));
        prop_assert_eq!(&keys_and_statuses(&message.body(shape)), &expected, "{}", message.body(shape));
        let broken = put_into(&message, &free[name.index(free.len())], at, what).body(shape);
        prop_assert_eq!(keys_and_statuses(&broken), expected, "{}", broken);
    }
}
