//! Event alarms.

mod description;

use self::description::{described, ending, notes};
use super::labels::{canonical, labels_of, other_labels, resource_id, resource_labels, resource_name};
use super::{Draft, Kind, Source, first, severity};
use crate::flashduty::{AlertKey, Labels, Status};
use crate::language::Language;
use crate::zstack::{Entry, Event, EventState, Level, dimension_values, events};

/// The alerts of an event. There is at least one; an event that ends several problems has one alert for each.
pub(super) fn drafts(event: &Event<'_>, source: &Source<'_>) -> Vec<Draft> {
    problems(event, source.language).into_iter().map(|problem| problem.draft(source)).collect()
}

/// The status and the title of each alert of an event.
pub(super) fn summaries(event: &Event<'_>, language: Language) -> Vec<(Status, String)> {
    let summary = |problem: Problem<'_>| (problem.status(), format!("{} / {}", problem.resource(), problem.check()));
    problems(event, language).into_iter().map(summary).collect()
}

/// The problems that an event is about, at least one. An event may begin or end its own problem, and may end those of
/// other events.
fn problems<'a>(event: &'a Event<'a>, language: Language) -> Vec<Problem<'a>> {
    let problem = |entry, effect| Problem { event, entry, effect, language };
    let Some(entry) = event.entry() else { return vec![problem(None, Effect::Opens)] };
    let undone = events().filter(|other| entry.undoes.contains(&other.name));
    let undone = undone.map(|other| problem(Some(other), Effect::Closes));
    match event.state(entry) {
        EventState::Over => std::iter::once(problem(Some(entry), Effect::Closes)).chain(undone).collect(),
        EventState::Step => vec![problem(Some(entry), Effect::OpensAndCloses)],
        EventState::Unknown if entry.state.is_none() && !entry.undoes.is_empty() => undone.collect(),
        EventState::Trouble | EventState::Unknown => vec![problem(Some(entry), Effect::Opens)],
    }
}

/// What an event does to the alert of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// The problem is there: the alert is as severe as the event's level.
    Opens,
    /// The problem is over.
    Closes,
    /// A step such as `Connecting`, neither trouble nor its end. It has an alert of its own, which is closed at once: it
    /// shows the step, and does not change the alert of the problem.
    OpensAndCloses,
}

/// A problem that an event is about. The events that begin and end a problem make one title and one alert key.
struct Problem<'a> {
    event: &'a Event<'a>,
    /// The catalogue's entry for the event that begins the problem.
    entry: Option<&'static Entry>,
    effect: Effect,
    language: Language,
}

impl Problem<'_> {
    fn draft(&self, source: &Source<'_>) -> Draft {
        let status = self.status();
        let events = match self.effect {
            Effect::Opens => vec![(status, described(self))],
            Effect::Closes => vec![(status, ending(self))],
            Effect::OpensAndCloses => vec![(status, described(self)), (Status::Ok, self.language.step().to_owned())],
        };
        Draft {
            kind: Kind::Event,
            key: self.key(source),
            id: self.event.data.to_string(),
            labels: self.labels(),
            states: events,
            notes: notes(self, source),
        }
    }

    fn status(&self) -> Status {
        match (self.effect, Level::read(self.level())) {
            (Effect::Closes, _) => Status::Ok,
            (Effect::OpensAndCloses, _) => Status::Info,
            (Effect::Opens, Some(Level::Recovery)) if !self.entry.is_some_and(Entry::ends) => Status::Info,
            (Effect::Opens, level) => severity(level),
        }
    }

    /// The level. A third-party alert may have it in its labels only.
    fn level(&self) -> &str {
        first(&[&self.event.level, self.third_party_label("AlertLevel")])
    }

    /// The name of the event that begins the problem.
    fn name(&self) -> &str {
        self.entry.map_or(&*self.event.name, |entry| entry.name)
    }

    fn check(&self) -> &str {
        let name = self.language.event_check(self.name(), self.entry);
        first(&[self.third_party_label("Metric"), name, self.language.event()])
    }

    /// The first line of a description.
    fn title(&self) -> String {
        self.language.event_name(self.name(), self.entry)
    }

    fn resource(&self) -> String {
        let dimensions = self.third_party_label("Dimensions");
        let values = if dimensions.is_empty() { String::new() } else { dimension_values(dimensions) };
        if values.is_empty() { resource_name(&self.event.resource, &self.event.namespace).to_owned() } else { values }
    }

    /// A label of an alert of another system; empty for ZStack's own events.
    fn third_party_label(&self, name: &str) -> &str {
        if self.event.is_third_party() { self.event.label(name) } else { "" }
    }

    /// The alert key: the problem, its resource, and the labels that distinguish two of these problems.
    ///
    /// If a template leaves out the resource's id, its name is used instead; without any resource, the subscription. The
    /// namespace is not part of the key, because it differs between subscriptions.
    fn key(&self, source: &Source<'_>) -> AlertKey {
        let resource = first(&[resource_id(&self.event.resource), &self.event.subscription]);
        let labels = self.entry.map_or(&[][..], |entry| entry.told_apart_by);
        let values: Vec<_> = labels.iter().map(|label| self.event.label(label)).collect();
        // A template may print the labels in a form in which no single label is found.
        let unnamed = self.event.unnamed_labels();
        let values = if values.concat().is_empty() && !unnamed.is_empty() && !values.is_empty() {
            vec![unnamed.as_str()]
        } else {
            values
        };
        let step: &[&str] = if self.effect == Effect::OpensAndCloses { &["step"] } else { &[] };
        source.key(&[&["event", self.name(), resource], &values[..], step].concat())
    }

    fn labels(&self) -> Labels {
        let event = self.event;
        let mut labels = labels_of(Kind::Event);
        for (name, value) in [
            ("resource", self.resource().as_str()),
            ("check", self.check()),
            ("namespace", &*event.namespace),
            ("emergency_level", canonical(self.level(), Level::read(self.level()).map(Level::as_str))),
            ("account_id", &event.account),
            ("event", &event.name),
            ("problem", self.name()),
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
}

#[cfg(test)]
mod tests {
    use crate::language::Language;
    use crate::translate::{Context, translate};
    use crate::zstack::split;

    /// Status, key without its beginning, and description of each event of a message.
    fn events_of(fields: &str) -> Vec<(String, String, String)> {
        let body = format!(r#"{{"EVENT_RESOURCE_ID":"1f2e",{fields}}}"#);
        let alerts = split(body.as_bytes())
            .into_iter()
            .flat_map(|part| translate(&part.text, &part.around, &Context::default()));
        let events = alerts.flat_map(|alert| alert.events);
        let events = events.map(|event| serde_json::from_slice::<serde_json::Value>(&event.to_json()).unwrap());
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let events =
            events.map(|event| (text(&event["event_status"]), text(&event["alert_key"]), text(&event["description"])));
        events.map(|(status, key, text)| (status, key.replace("zstack:event:", ""), text)).collect()
    }

    fn status_and_key(fields: &str) -> Vec<(String, String)> {
        events_of(fields).into_iter().map(|(status, key, _)| (status, key)).collect()
    }

    fn expected(events: &[(&str, &str)]) -> Vec<(String, String)> {
        events.iter().map(|(status, key)| ((*status).to_owned(), (*key).to_owned())).collect()
    }

    #[test]
    fn the_severity_of_an_event_is_its_level() {
        for (name, level, status) in [
            ("HostDisconnected", "Emergent", "Critical"),
            ("HostDisconnected", "严重", "Warning"),
            ("HostDisconnected", "Normal", "Info"),
            ("HostDisconnected", "", "Warning"),
            // Another event ends it, so it is a problem. The level `Recovery` is then a mistake in ZStack's settings.
            ("HostDisconnected", "Recovery", "Warning"),
            ("HostStatusChanged", "Recovery", "Warning"),
            // Not in the catalogue. ZStack's level says that it is a recovery.
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
        // Without a state, it ends nothing.
        let without_state = r#""EVENT_NAME":"VMStateChangedOnHost""#;
        assert_eq!(status_and_key(without_state), expected(&[("Warning", "VMStateChangedOnHost:1f2e")]));

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
    fn the_key_has_the_distinguishing_labels_in_the_catalogues_order() {
        let insert = r#""EVENT_NAME":"HostPhysicalDiskInsertTriggered","EVENT_LABELS":{"SlotNumber":7,"EnclosureId":"252","SerialNumber":"n"}"#;
        assert_eq!(status_and_key(insert), expected(&[("Ok", "HostPhysicalDiskRemoveTriggered:1f2e:252:7")]));
        for (labels, key) in [
            (r#"{"EnclosureId":"None"}"#, "-:-"),
            (r#"{"SlotNumber":"7"}"#, "-:7"),
            // In a form of the template's own: the whole text.
            (r#""slot 7""#, "slot 7"),
            (r#"["slot","7"]"#, "7,slot"),
        ] {
            let fields = format!(r#""EVENT_NAME":"HostPhysicalDiskStatusAbnormal","EVENT_LABELS":{labels}"#);
            let key = format!("HostPhysicalDiskStatusAbnormal:1f2e:{key}");
            assert_eq!(status_and_key(&fields), expected(&[("Warning", &key)]), "{labels}");
        }
    }

    #[test]
    fn the_last_lines_are_kept_if_the_rest_is_cut() {
        let long = "长".repeat(3_000);
        let fields =
            format!(r#""EVENT_NAME":"VmCrash","EVENT_EMERGENCY_LEVEL":"P0","EVENT_LABELS":{{"Details":"{long}"}}"#);
        let [(_, _, description)] = &events_of(&fields)[..] else { panic!("{fields}") };
        assert_eq!(description.chars().count(), 2_048);
        let ending =
            format!("\nLevel: P0 (not a level of ZStack's; shown as Warning)\n{}", Language::English.never_over());
        assert!(description.starts_with("VmCrash (VM Crashed)\n") && description.ends_with(&ending));
    }

    #[test]
    fn a_list_of_facts_says_what_it_does_not_tell() {
        let facts = |name: &str| format!(r#""facts":[{{"name":"Event Details"}},{{"name":"Name","value":"{name}"}}]"#);
        let body = |name: &str| format!("{{{}}}", facts(name));
        let notes = |name: &str| {
            let alerts = translate(&body(name), &[], &Context::default());
            let json = String::from_utf8(alerts[0].events[0].to_json()).unwrap();
            [Language::not_told_apart, Language::state_not_told, Language::never_over]
                .map(|note| json.contains(note(Language::English)))
        };
        assert_eq!(notes("HostPhysicalNicStatusDown"), [true, false, false]);
        assert_eq!(notes("HostPhysicalNicStatusUp"), [true, false, false]);
        assert_eq!(notes("HostPhysicalFanStatusAbnormal"), [true, false, true]);
        assert_eq!(notes("HostStatusChanged"), [false, true, false]);
        assert_eq!(notes("HostDisconnected"), [false, false, false]);
        assert_eq!(notes("VmCrash"), [false, false, true]);
    }
}
