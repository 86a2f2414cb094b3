//! Event alarms.

use super::{
    Draft, Kind, canonical, error_line, first, labels_of, other_labels, resource_id, resource_labels, resource_name,
    severity, unknown_level, whereabouts,
};
use crate::flashduty::{AlertKey, Labels, Status, hash, label_name};
use crate::zstack::{Event, Level, Recovery};

pub(super) fn draft(event: &Event<'_>, text: &str) -> Draft {
    let recovery = event.recovery();
    // Problem and way back bear one title and one key.
    let problem = recovery.map_or(&*event.name, |recovery| recovery.problem);
    let ends = recovery.is_some_and(|recovery| recovery.ends_with(&event.name));

    let about = resource_name(&event.resource, &event.namespace);
    let (resource, check) = if event.is_third_party() {
        (first(&[event.label("Dimensions"), about]), first(&[event.label("Metric"), problem]))
    } else {
        (about, first(&[problem, "Event"]))
    };
    let status = match Level::read(&event.level) {
        _ if ends => Status::Ok,
        Some(Level::Recovery) if recovery.is_none() => Status::Info,
        level => severity(level),
    };
    Draft {
        kind: Kind::Event,
        key: key(event, problem, recovery, text),
        id: event.data.to_string(),
        labels: labels(event, resource, check),
        states: vec![(status, description(event, resource, check, ends))],
    }
}

/// Namespace, problem and resource, and whatever else tells one problem from another. The names stand
/// in for ids that a template left out, the subscription where there is no resource. An event without a
/// name is known by its text alone.
fn key(event: &Event<'_>, problem: &str, recovery: Option<&Recovery>, text: &str) -> AlertKey {
    if problem.is_empty() {
        return super::other::raw_key(text);
    }
    let resource = first(&[resource_id(&event.resource), &event.subscription]);
    let parts = ["event", &*event.namespace, problem, resource];
    let all = event.labels_as_text();
    if event.is_third_party() {
        let alert = ["Product", "Service", "Metric", "Dimensions"].map(|name| event.label(name));
        let hash = if alert.concat().is_empty() { hash(&[&all]) } else { hash(&alert) };
        AlertKey::new(&[&parts[..], &[&hash]].concat())
    } else if let Some(label) = recovery.and_then(|recovery| recovery.told_apart_by) {
        AlertKey::new(&[&parts[..], &[first(&[event.label(label), &all])]].concat())
    } else {
        AlertKey::new(&parts)
    }
}

fn labels(event: &Event<'_>, resource: &str, check: &str) -> Labels {
    let mut labels = labels_of(Kind::Event);
    for (name, value) in [
        ("resource", resource),
        ("check", check),
        ("namespace", &*event.namespace),
        ("emergency_level", canonical(&event.level, Level::read(&event.level).map(Level::as_str))),
        ("account_id", &event.account),
        ("event", &event.name),
        ("subscription_id", &event.subscription),
        ("error", &event.error),
        ("data_id", &event.data),
        ("time", &event.time),
    ] {
        labels.put_own(name, value);
    }
    resource_labels(&mut labels, &event.resource);
    other_labels(&mut labels, &event.labels, "event_labels");
    other_labels(&mut labels, &event.other, "unnamed");
    labels
}

fn description(event: &Event<'_>, resource: &str, check: &str, ends: bool) -> String {
    let message = if event.is_third_party() { event.label("Message") } else { "" };
    let mut lines = vec![if ends {
        format!("{check} is over: {}", event.name)
    } else {
        first(&[message, &event.name, check]).to_owned()
    }];
    lines.extend(whereabouts(resource, &event.resource));
    lines.extend(error_line(&event.error));
    for (name, value) in &event.labels {
        if name.is_empty() {
            lines.push(value.to_string());
        } else if !changes_at_every_repeat(name) && value != message {
            lines.push(format!("{name}: {value}"));
        }
    }
    lines.extend(unknown_level(&event.level));
    lines.join("\n")
}

/// Whether an event label is likely to differ in every message, so that in a description it would add
/// a line to the alert's history at each.
fn changes_at_every_repeat(name: &str) -> bool {
    let name = label_name(name);
    matches!(name.rsplit('_').next(), Some("uuid" | "id" | "time" | "date" | "timestamp"))
}
