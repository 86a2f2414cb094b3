//! Event alarms.

use super::{
    Draft, Kind, Source, canonical, error_line, first, labels_of, other_labels, resource_id, resource_labels,
    resource_name, severity, unknown_level, whereabouts,
};
use crate::flashduty::{AlertKey, Labels, Status, label_name};
use crate::zstack::{Entry, Event, EventState, Level, Shape, StateSource, dimension_values, events};

/// What becomes of an event: the alert that it opens or passes by, or one for each problem that it ends.
pub(super) fn drafts(event: &Event<'_>, source: &Source<'_>) -> Vec<Draft> {
    problems(event).into_iter().map(|problem| problem.draft(source)).collect()
}

/// The status and the title of each alert that an event makes.
pub(super) fn summaries(event: &Event<'_>) -> Vec<(Status, String)> {
    let summary = |problem: Problem<'_>| (problem.status(), format!("{} / {}", problem.resource(), problem.check()));
    problems(event).into_iter().map(summary).collect()
}

/// What an event says of each problem that it tells of. There is one at least.
fn problems<'a>(event: &'a Event<'a>) -> Vec<Problem<'a>> {
    let problem = |entry, told| Problem { event, entry, told };
    let Some(entry) = event.entry() else { return vec![problem(None, Told::Opens)] };
    let undone = events().filter(|other| entry.undoes.contains(&other.name));
    let undone = undone.map(|other| problem(Some(other), Told::Ends));
    match event.state(entry) {
        EventState::Over => std::iter::once(problem(Some(entry), Told::Ends)).chain(undone).collect(),
        EventState::Step => vec![problem(Some(entry), Told::Passes)],
        EventState::Unknown if entry.state.is_none() && !entry.undoes.is_empty() => undone.collect(),
        EventState::Trouble | EventState::Unknown => vec![problem(Some(entry), Told::Opens)],
    }
}

/// What an event says of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// It is there: as bad as its level.
    Opens,
    /// It is over.
    Ends,
    /// It may come or go: people see the step, and no alert is opened or changed by it.
    Passes,
}

/// A problem that an event tells of. Problem and way back bear one title and one key.
struct Problem<'a> {
    event: &'a Event<'a>,
    /// What is known of the problem's event.
    entry: Option<&'static Entry>,
    told: Told,
}

/// What is said of an event that nothing ends.
const NEVER_OVER: &str =
    "ZStack never says when this is over: close it by hand, or let the auto-close of Flashduty's channel do it.";
/// What is said of facts where labels would tell two problems apart, or trouble from its end.
const NOT_TOLD_APART: &str =
    "This message template has no event labels, so two of these problems on one resource are one alert.";
const STATE_NOT_TOLD: &str =
    "This message template has no event labels, so nothing tells whether this is trouble or its end.";

impl Problem<'_> {
    fn draft(&self, source: &Source<'_>) -> Draft {
        let Self { event, entry, told } = self;
        let status = self.status();
        let told_of = match told {
            Told::Opens => vec![(status, self.described())],
            Told::Ends => vec![(status, self.description(&self.ending()))],
            Told::Passes => vec![
                (status, self.described()),
                (Status::Ok, "A step on the way: neither trouble nor its end. It closes by itself.".to_owned()),
            ],
        };
        let is_facts = source.shape == Shape::Facts && event.labels.is_empty();
        let told_apart = entry.is_some_and(|entry| !entry.told_apart_by.is_empty());
        let has_state = entry.is_some_and(|entry| matches!(entry.state, Some(StateSource::Label { .. })));
        let notes = [
            unknown_level(&event.level),
            source.broken_line(),
            (is_facts && told_apart).then(|| NOT_TOLD_APART.to_owned()),
            (is_facts && has_state && *told == Told::Opens).then(|| STATE_NOT_TOLD.to_owned()),
            entry.is_some_and(|entry| !entry.ends()).then(|| NEVER_OVER.to_owned()),
        ];
        Draft {
            kind: Kind::Event,
            key: self.key(source),
            id: event.data.to_string(),
            labels: self.labels(),
            states: told_of,
            notes: notes.into_iter().flatten().collect(),
        }
    }

    fn status(&self) -> Status {
        match (self.told, Level::read(&self.event.level)) {
            (Told::Ends, _) => Status::Ok,
            (Told::Passes, _) => Status::Info,
            (Told::Opens, Some(Level::Recovery)) if !self.entry.is_some_and(Entry::ends) => Status::Info,
            (Told::Opens, level) => severity(level),
        }
    }

    /// What ended the problem.
    fn ending(&self) -> String {
        let check = self.check();
        match self.state() {
            _ if !self.is_of_its_own() => format!("{check} is over: {}", self.event.name),
            Some((label, value)) => format!("{check} is over: {label} is {value}"),
            None => format!("{check} is over: it came without an error"),
        }
    }

    /// The name of the problem's event.
    fn name(&self) -> &str {
        self.entry.map_or(&*self.event.name, |entry| entry.name)
    }

    fn check(&self) -> &str {
        let metric = if self.event.is_third_party() { self.event.label("Metric") } else { "" };
        first(&[metric, self.name(), "Event"])
    }

    fn resource(&self) -> String {
        let dimensions = self.event.is_third_party().then(|| dimension_values(self.event.label("Dimensions")));
        dimensions
            .filter(|values| !values.is_empty())
            .unwrap_or_else(|| resource_name(&self.event.resource, &self.event.namespace).to_owned())
    }

    /// Whether the event itself is the problem's, and not one that ends it.
    fn is_of_its_own(&self) -> bool {
        self.name().eq_ignore_ascii_case(&self.event.name)
    }

    /// The label that says how it is.
    fn state(&self) -> Option<(&'static str, &str)> {
        match self.entry?.state {
            Some(StateSource::Label { name, .. }) => Some((name, self.event.label(name))),
            _ => None,
        }
    }

    /// The problem, the resource, and what tells two of these problems apart. The names stand in for ids that a
    /// template left out, the subscription where there is no resource. The namespace is no part of it: it differs from
    /// subscription to subscription. An event without a name is known by its text alone.
    fn key(&self, source: &Source<'_>) -> AlertKey {
        let Self { event, entry, told } = self;
        if self.name().is_empty() {
            return source.raw_key();
        }
        let resource = first(&[resource_id(&event.resource), &event.subscription]);
        let told_apart_by = entry.map_or(&[][..], |entry| entry.told_apart_by);
        let values: Vec<_> = told_apart_by.iter().map(|label| event.label(label)).collect();
        // Printed so that none of them can be found.
        let printed = event.unnamed_labels();
        let values = if values.concat().is_empty() && !printed.is_empty() && !values.is_empty() {
            vec![printed.as_str()]
        } else {
            values
        };
        let behind: &[&str] = if *told == Told::Passes { &["step"] } else { &[] };
        source.key(&[&["event", self.name(), resource], &values[..], behind].concat())
    }

    fn labels(&self) -> Labels {
        let event = self.event;
        let mut labels = labels_of(Kind::Event);
        for (name, value) in [
            ("resource", self.resource().as_str()),
            ("check", self.check()),
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

    fn told_apart_by(&self, label: &str) -> bool {
        self.entry.is_some_and(|entry| entry.told_apart_by.iter().any(|name| name.eq_ignore_ascii_case(label)))
    }

    /// A problem in words: another system's own, or the event's name in the languages of ZStack's console.
    fn described(&self) -> String {
        let message = if self.event.is_third_party() { self.event.label("Message") } else { "" };
        if !message.is_empty() {
            return message.to_owned();
        }
        self.description(&match self.entry {
            None => self.check().to_owned(),
            Some(Entry { name, chinese, english: "", .. }) => format!("{name} ({chinese})"),
            Some(Entry { name, chinese, english, .. }) => format!("{name} ({chinese}, {english})"),
        })
    }

    fn description(&self, first: &str) -> String {
        let event = self.event;
        let mut lines = vec![first.to_owned()];
        lines.extend(whereabouts(&self.resource(), &event.resource));
        lines.extend(error_line(&event.error));
        for (name, value) in &event.labels {
            if name.is_empty() {
                lines.push(value.to_string());
            } else if self.told_apart_by(name) || !changes_at_every_repeat(name) {
                lines.push(format!("{name}: {value}"));
            }
        }
        lines.join("\n")
    }
}

/// Whether an event label is likely to differ in every message, so that in a description it would add
/// a line to the alert's history at each.
fn changes_at_every_repeat(name: &str) -> bool {
    let name = label_name(name);
    matches!(name.rsplit('_').next(), Some("uuid" | "id" | "time" | "date" | "timestamp"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::{Context, translate};
    use crate::zstack::split;

    /// Status, key without its beginning, and description of each event of a message.
    fn told(fields: &str) -> Vec<(String, String, String)> {
        let body = format!(r#"{{"EVENT_RESOURCE_ID":"1f2e",{fields}}}"#);
        let alerts = split(body.as_bytes()).into_iter().flat_map(|part| translate(&part, &Context::default()));
        let events = alerts.flat_map(|alert| alert.events);
        let events = events.map(|event| serde_json::from_slice::<serde_json::Value>(&event.to_json()).unwrap());
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let events =
            events.map(|event| (text(&event["event_status"]), text(&event["alert_key"]), text(&event["description"])));
        events.map(|(status, key, told)| (status, key.replace("zstack:event:", ""), told)).collect()
    }

    fn status_and_key(fields: &str) -> Vec<(String, String)> {
        told(fields).into_iter().map(|(status, key, _)| (status, key)).collect()
    }

    fn expected(events: &[(&str, &str)]) -> Vec<(String, String)> {
        events.iter().map(|(status, key)| ((*status).to_owned(), (*key).to_owned())).collect()
    }

    #[test]
    fn an_event_is_as_bad_as_its_level() {
        for (name, level, status) in [
            ("HostDisconnected", "Emergent", "Critical"),
            ("HostDisconnected", "严重", "Warning"),
            ("HostDisconnected", "Normal", "Info"),
            ("HostDisconnected", "", "Warning"),
            // Something ends it, so it is a problem: a level of recovery is somebody's mistake.
            ("HostDisconnected", "Recovery", "Warning"),
            ("HostStatusChanged", "Recovery", "Warning"),
            // Nobody knows what this is; ZStack says that it is good.
            ("HostOnFireNoMore", "Recovery", "Info"),
            ("HostOnFire", "Emergent", "Critical"),
        ] {
            let fields = format!(r#""EVENT_NAME":"{name}","EVENT_EMERGENCY_LEVEL":"{level}""#);
            assert_eq!(status_and_key(&fields), expected(&[(status, &format!("{name}:1f2e"))]), "{name} {level}");
        }
    }

    #[test]
    fn one_message_ends_all_that_it_undoes() {
        let running = r#""EVENT_NAME":"VMStateChangedOnHost","EVENT_LABELS":{"NewState":"Running"}"#;
        let both = [("Ok", "VMStateChangedOnHost:1f2e"), ("Ok", "VMHAStarted:1f2e")];
        assert_eq!(status_and_key(running), expected(&both));
        let stopped = r#""EVENT_NAME":"VMStateChangedOnHost","EVENT_LABELS":{"NewState":"Stopped"}"#;
        assert_eq!(status_and_key(stopped), expected(&[("Warning", "VMStateChangedOnHost:1f2e")]));
        // What it says of itself is not known: it ends nothing.
        let untold = r#""EVENT_NAME":"VMStateChangedOnHost""#;
        assert_eq!(status_and_key(untold), expected(&[("Warning", "VMStateChangedOnHost:1f2e")]));

        let connected = r#""EVENT_NAME":"vrouterconnected","EVENT_EMERGENCY_LEVEL":"Emergent""#;
        let both = [("Ok", "VRouterDisconnected:1f2e"), ("Ok", "VRouterPaused:1f2e")];
        assert_eq!(status_and_key(connected), expected(&both));
    }

    #[test]
    fn a_step_opens_and_closes_an_alert_of_its_own() {
        for fields in [
            r#""EVENT_NAME":"HostStatusChanged","EVENT_LABELS":{"NewStatus":"Connecting"},"EVENT_EMERGENCY_LEVEL":"Emergent""#,
            r#""EVENT_NAME":"VMStateChangedOnHost","EVENT_LABELS":{"NewState":"Migrating"}"#,
        ] {
            let steps = status_and_key(fields);
            let name = fields.split('"').nth(3).unwrap();
            let key = format!("{name}:1f2e:step");
            assert_eq!(steps, expected(&[("Info", &key), ("Ok", &key)]));
        }
    }

    #[test]
    fn what_tells_apart_stands_in_the_key_in_the_tables_order() {
        let insert = r#""EVENT_NAME":"HostPhysicalDiskInsertTriggered","EVENT_LABELS":{"SlotNumber":7,"EnclosureId":"252","SerialNumber":"n"}"#;
        assert_eq!(status_and_key(insert), expected(&[("Ok", "HostPhysicalDiskRemoveTriggered:1f2e:252:7")]));
        for (labels, key) in [
            (r#"{"EnclosureId":"None"}"#, "-:-"),
            (r#"{"SlotNumber":"7"}"#, "-:7"),
            // Printed in somebody's own way: the whole of it.
            (r#""slot 7""#, "slot 7"),
            (r#"["slot","7"]"#, "7,slot"),
        ] {
            let fields = format!(r#""EVENT_NAME":"HostPhysicalDiskStatusAbnormal","EVENT_LABELS":{labels}"#);
            let key = format!("HostPhysicalDiskStatusAbnormal:1f2e:{key}");
            assert_eq!(status_and_key(&fields), expected(&[("Warning", &key)]), "{labels}");
        }
    }

    #[test]
    fn the_last_lines_are_kept_where_the_rest_is_cut() {
        let long = "长".repeat(3_000);
        let fields =
            format!(r#""EVENT_NAME":"VmCrash","EVENT_EMERGENCY_LEVEL":"P0","EVENT_LABELS":{{"Details":"{long}"}}"#);
        let [(_, _, description)] = &told(&fields)[..] else { panic!("{fields}") };
        assert_eq!(description.chars().count(), 2_048);
        let ending = format!("\nLevel: P0 (not a level of ZStack's; shown as Warning)\n{NEVER_OVER}");
        assert!(description.starts_with("VmCrash (虚拟机崩溃, VM Crashed)\n") && description.ends_with(&ending));
    }

    #[test]
    fn facts_say_what_they_cannot_tell() {
        let facts = |name: &str| format!(r#""facts":[{{"name":"Event Details"}},{{"name":"Name","value":"{name}"}}]"#);
        let body = |name: &str| format!("{{{}}}", facts(name));
        let notes = |name: &str| {
            let alerts = translate(&split(body(name).as_bytes()).remove(0), &Context::default());
            let json = String::from_utf8(alerts[0].events[0].to_json()).unwrap();
            [NOT_TOLD_APART, STATE_NOT_TOLD, NEVER_OVER].map(|note| json.contains(note))
        };
        assert_eq!(notes("HostPhysicalNicStatusDown"), [true, false, false]);
        assert_eq!(notes("HostPhysicalNicStatusUp"), [true, false, false]);
        assert_eq!(notes("HostPhysicalFanStatusAbnormal"), [true, false, true]);
        assert_eq!(notes("HostStatusChanged"), [false, true, false]);
        assert_eq!(notes("HostDisconnected"), [false, false, false]);
        assert_eq!(notes("VmCrash"), [false, false, true]);
    }
}
