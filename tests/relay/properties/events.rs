//! Every event of the catalogue: its end closes its alert, and events of different devices have different keys.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::messages::{FACTS, device, event, fact, is_no_value, name, shape, shape_with_labels, uuid};
use super::{Pushed, pushed, text};
use crate::catalogue::Fact;
use crate::support::shapes::{Message, Shape};

/// A problem and its end, on one resource, each with its shape.
type Pair = (Message, Shape, Message, Shape);

fn has_two_sides(fact: &Fact) -> bool {
    fact.state.as_ref().is_some_and(|state| !state.problem.is_empty() && !state.over.is_empty())
}

/// The labels that distinguish devices, with these values.
fn device_labels(fact: &Fact, values: &[String]) -> Map<String, Value> {
    fact.tells_apart.iter().cloned().zip(values.iter().map(|value| json!(value))).collect()
}

/// Adds a label with the state of a problem, or of its end if `over`.
fn with_state(fact: &Fact, mut labels: Map<String, Value>, over: bool, at: Index) -> Map<String, Value> {
    if let Some(state) = fact.state.as_ref().filter(|state| state.label != "EVENT_ERROR") {
        let values = if over && !state.over.is_empty() { &state.over } else { &state.problem };
        if !values.is_empty() {
            labels.insert(state.label.clone(), json!(at.get(values)));
        }
    }
    labels
}

/// Sets `EVENT_ERROR` if it is the event's state.
fn with_error(fact: &Fact, message: &Message, over: bool, error: &str) -> Message {
    let is_state = fact.state.as_ref().is_some_and(|state| state.label == "EVENT_ERROR");
    match (is_state, over) {
        // With an error ZStack sends no labels.
        (true, false) => message.with("EVENT_ERROR", format!("no: {error}")).with("EVENT_LABELS", json!({})),
        (true, true) => message.with("EVENT_ERROR", Value::Null),
        _ => message.clone(),
    }
}

fn pair(problem: &'static Fact, end: &'static Fact) -> impl Strategy<Value = Pair> {
    let by_labels = |fact: &Fact| {
        !fact.tells_apart.is_empty() || fact.state.as_ref().is_some_and(|state| state.label != "EVENT_ERROR")
    };
    let shapes = if by_labels(problem) || by_labels(end) {
        (shape_with_labels().boxed(), shape_with_labels().boxed())
    } else {
        (shape().boxed(), shape().boxed())
    };
    (vec(device(), problem.tells_apart.len()), any::<Index>(), uuid(), name(), text(), shapes).prop_flat_map(
        move |(values, at, id, name, error, (opens, closes))| {
            let labels = |fact, over| Value::from(with_state(fact, device_labels(problem, &values), over, at));
            let both = (event(problem, labels(problem, false)), event(end, labels(end, true)));
            both.prop_map(move |(one, other)| {
                let on = |message: Message| message.with("EVENT_RESOURCE_ID", &*id).with("EVENT_RESOURCE_NAME", &*name);
                let one = with_error(problem, &on(one), false, &error);
                (one, opens, with_error(end, &on(other), true, &error), closes)
            })
        },
    )
}

/// An event that another event ends, and that event.
fn ended_by_another() -> impl Strategy<Value = Pair> {
    let pairs = FACTS.iter().flat_map(|problem| {
        problem.undone_by.iter().map(move |name| (problem, FACTS.iter().find(|fact| fact.name == *name).unwrap()))
    });
    select(pairs.collect::<Vec<_>>()).prop_flat_map(|(problem, end)| pair(problem, end))
}

/// An event with a state, and the same event with the state of its end.
fn ended_by_itself() -> impl Strategy<Value = Pair> {
    fact(has_two_sides).prop_flat_map(|fact| pair(fact, fact))
}

fn closes((problem, opens, end, closes): &Pair) {
    let events = pushed(problem.body(*opens).as_bytes(), &[]);
    let [opened] = &events[..] else { panic!("{events:?}") };
    assert_ne!(opened.event_status, "Ok", "{opened:?}");
    let ends = pushed(end.body(*closes).as_bytes(), &[]);
    assert!(ends.iter().all(|end| end.event_status == "Ok"), "{ends:?}");
    let end = ends.iter().find(|end| end.alert_key == opened.alert_key);
    let end = end.unwrap_or_else(|| panic!("{opened:?} is not closed by {ends:?}"));
    assert_eq!([&opened.labels["resource"], &opened.labels["check"]], [&end.labels["resource"], &end.labels["check"]]);
}

proptest! {
    #[test]
    fn every_event_that_ends_another_closes_its_alert(pair in ended_by_another()) {
        closes(&pair);
    }

    #[test]
    fn every_state_that_is_over_closes_the_alert_of_the_problem(pair in ended_by_itself()) {
        closes(&pair);
    }

    #[test]
    fn different_values_of_a_device_label_never_share_a_key(
        (fact, labels) in fact(|fact| !fact.tells_apart.is_empty())
            .prop_flat_map(|fact| (Just(fact), vec(text(), fact.tells_apart.len()))),
        at in any::<Index>(),
        other in text(),
        wrapped in any::<bool>(),
    ) {
        let (others, same) = with_one_replaced(&labels, at, &other);
        let shape = if wrapped { Shape::WrappedEverything } else { Shape::Plain };
        prop_assert_eq!(key(fact, &labels, shape) == key(fact, &others, shape), same);
    }

    #[test]
    fn different_devices_never_share_a_key_in_any_shape(
        (fact, devices) in fact(|fact| !fact.tells_apart.is_empty())
            .prop_flat_map(|fact| (Just(fact), vec(device(), fact.tells_apart.len()))),
        at in any::<Index>(),
        other in device(),
        shapes in (shape_with_labels(), shape_with_labels()),
    ) {
        let (others, same) = with_one_replaced(&devices, at, &other);
        prop_assert_eq!(key(fact, &devices, shapes.0) == key(fact, &others, shapes.1), same, "{:?}", shapes);
    }
}

/// The values with one of them replaced, and whether they still mean the same.
fn with_one_replaced(values: &[String], at: Index, by: &str) -> (Vec<String>, bool) {
    let at = at.index(values.len());
    let same = values[at].trim() == by.trim() || is_no_value(&values[at]) && is_no_value(by);
    let mut replaced = values.to_vec();
    by.clone_into(&mut replaced[at]);
    (replaced, same)
}

fn key(fact: &Fact, values: &[String], shape: Shape) -> String {
    let message = Message::of(json!({
        "EVENT_NAME": fact.name, "EVENT_RESOURCE_ID": "c0ffee", "EVENT_LABELS": device_labels(fact, values),
    }));
    let events: Vec<Pushed> = pushed(message.body(shape).as_bytes(), &[]);
    events[0].alert_key.clone()
}
