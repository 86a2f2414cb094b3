//! Makes an alarm or an event of facts.

use super::condition::condition_fields;
use super::is_list;
use super::names::{Fact, Reported};
use super::title::CardTitle;
use crate::zstack::alarm::Alarm;
use crate::zstack::catalogue::Entry;
use crate::zstack::event::Event;
use crate::zstack::fields::{Members, Text, Value};
use crate::zstack::message::{Message, begins_with};
use crate::zstack::words::{Level, State};

/// The message that facts make, with the members `beside` their list. None if they report nothing.
pub(in crate::zstack) fn message<'a>(facts: Members<'a>, beside: Members<'a>) -> Option<Message<'a>> {
    let facts = Facts::recognised(facts);
    if facts.are_of_two_messages() || facts.have_names_of_fields() {
        return None;
    }
    let beside = beside.into_iter().filter(|(name, _)| !is_list(name));
    let (title, beside): (Members<'a>, Members<'a>) =
        beside.partition(|(name, _)| name.eq_ignore_ascii_case("activityTitle"));
    let card = title.first().and_then(|(_, title)| CardTitle::read(&title.text(), &facts.field("RESOURCE_NAME")));
    let reported = facts.reported(card.as_ref());

    let mut members = beside;
    if reported == Some(Reported::Event) {
        if facts.field("NAME").is_empty() {
            return None;
        }
        members.extend(title);
        facts.add_to(&mut members, reported);
        return Some(Message::Event(Box::new(Event::read(members))));
    }
    if !facts.hold_an_alarm(card.as_ref(), reported) {
        return None;
    }
    members.push(("ALARM_CURRENT_STATUS".into(), Value::Text(status(reported, card.as_ref()).into())));
    members.extend(card.map(|card| ("ALARM_NAME".into(), Value::Text(card.rule.into()))));
    members.extend(title);
    facts.add_to(&mut members, reported);
    Some(Message::Alarm(Box::new(Alarm::read(members))))
}

/// The alarm's status in ZStack's own word. If the facts do not say it, the card's title may.
fn status(reported: Option<Reported>, card: Option<&CardTitle>) -> String {
    match reported {
        Some(Reported::Recovery) => State::Ok.as_str().to_owned(),
        Some(_) => State::Alarm.as_str().to_owned(),
        None => card.map(|card| card.status.clone()).unwrap_or_default(),
    }
}

/// The facts of one list, each with its meaning if that is known.
struct Facts<'a>(Vec<(Option<Fact>, Text<'a>, Value<'a>)>);

impl<'a> Facts<'a> {
    fn recognised(facts: Members<'a>) -> Self {
        Self(facts.into_iter().map(|(name, value)| (Fact::of(&name), name, value)).collect())
    }

    /// The value of the first fact with this meaning; empty if there is none.
    fn field(&self, field: &'static str) -> Text<'a> {
        let found = self.0.iter().find(|(fact, ..)| *fact == Some(Fact::Field(field)));
        found.map(|(.., value)| value.text()).unwrap_or_default()
    }

    /// Whether a field has two values. One message has each field once, so the list then holds two messages.
    fn are_of_two_messages(&self) -> bool {
        let mut fields: Vec<(&str, Text<'_>)> = Vec::new();
        self.0.iter().any(|(fact, _, value)| {
            let Some(Fact::Field(field)) = fact else { return false };
            let value = value.text();
            if let Some((_, known)) = fields.iter().find(|(known, _)| known == field) {
                return *known != value;
            }
            fields.push((*field, value));
            false
        })
    }

    /// Whether a fact has a name that only ZStack's own JSON has. The templates do not escape, so a resource's name can
    /// add a fact, which would then change the status.
    fn have_names_of_fields(&self) -> bool {
        self.0.iter().any(|(_, name, _)| ["ALARM_", "EVENT_"].iter().any(|prefix| begins_with(name, prefix)))
    }

    /// What the list reports, as far as it or the title of its card says so.
    fn reported(&self, card: Option<&CardTitle>) -> Option<Reported> {
        let by_title = card.and_then(CardTitle::reported);
        let reported = self
            .by_head()
            .or_else(|| self.by_condition())
            .or_else(|| by_title.filter(|_| self.has_condition()))
            .or_else(|| Entry::of(&self.field("NAME")).map(|_| Reported::Event));
        match (by_title, reported) {
            // Head and title contradict each other.
            (Some(Reported::Alarm), Some(Reported::Recovery)) => Some(Reported::Alarm),
            _ => reported,
        }
    }

    fn by_head(&self) -> Option<Reported> {
        let heads = self.0.iter().filter_map(|(fact, ..)| match fact {
            Some(Fact::Head(reported)) => Some(*reported),
            _ => None,
        });
        heads.reduce(one_of)
    }

    fn by_condition(&self) -> Option<Reported> {
        let both = |one: Option<_>, other| one.zip(other).map_or(Reported::Alarm, |(one, other)| one_of(one, other));
        self.conditions().reduce(|one, other| Some(both(one, other))).flatten()
    }

    fn has_condition(&self) -> bool {
        self.conditions().next().is_some()
    }

    /// What the name of each condition reports.
    fn conditions(&self) -> impl Iterator<Item = Option<Reported>> {
        self.0.iter().filter_map(|(fact, ..)| match fact {
            Some(Fact::Condition(reported)) => Some(*reported),
            _ => None,
        })
    }

    /// Whether the list holds enough for an alarm or a recovery: a condition, or both what it reports and its rule.
    fn hold_an_alarm(&self, card: Option<&CardTitle>, reported: Option<Reported>) -> bool {
        let has_rule = || card.is_some() || ["UUID", "NAME"].iter().any(|name| !self.field(name).is_empty());
        self.has_condition() || reported.is_some() && has_rule()
    }

    /// Adds the facts under ZStack's names for the fields. A fact without such a name keeps its own.
    fn add_to(self, members: &mut Members<'a>, reported: Option<Reported>) {
        let is_event = reported == Some(Reported::Event);
        let prefix = if is_event { "EVENT_" } else { "ALARM_" };
        for (fact, name, value) in self.0 {
            let field = match fact {
                Some(Fact::Head(_)) if value.text().is_empty() => continue,
                Some(Fact::Condition(own)) if !is_event => {
                    let is_recovery = own.or(reported) == Some(Reported::Recovery);
                    members.extend(condition_fields(&value.text(), is_recovery));
                    continue;
                }
                Some(Fact::Head(_) | Fact::Condition(_)) | None => {
                    members.push((name, value));
                    continue;
                }
                Some(Fact::CurrentValue) if Level::read(&value.text()).is_some() => "EMERGENCY_LEVEL",
                Some(Fact::CurrentValue) => "CURRENT_VALUE",
                Some(Fact::Field(field)) => field,
            };
            members.push((format!("{prefix}{field}").into(), value));
        }
    }
}

/// Of two that contradict each other, the alarm: a needless alert is better than a missing one.
fn one_of(one: Reported, other: Reported) -> Reported {
    if one == other { one } else { Reported::Alarm }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_without_a_head_is_read_by_its_title() {
        for (status, condition, reversed) in [("OK", "<", ">="), ("Alarm", ">=", ">=")] {
            let text = format!(
                r#"{{"activityTitle":"Alarm CPU changes status to {status}","facts":[{{"name":"Condition","value":"CPU {condition} 8"}}]}}"#
            );
            let Message::Alarm(alarm) = Message::read(&text) else { panic!("{text}") };
            assert_eq!((&*alarm.name, &*alarm.status, &*alarm.operator), ("CPU", status, reversed));
        }
    }

    #[test]
    fn a_broken_card_whose_title_contradicts_its_head_is_an_alarm() {
        for name in [r#"""#, r#":{""#, r#"":{""#, r#"",{""#, r#""[["a"#] {
            for status in ["OK", "Alarm"] {
                let text = format!(
                    r#"{{"sections":[{{"activityTitle":"Alarm {name} changes status to {status}","facts":[{{"name":"Recovery Details:","value":null}},{{"name":"UUID","value":"u"}}],"markdown":true}}]}}"#
                );
                let Message::Alarm(alarm) = Message::read(&text) else { panic!("{text}") };
                assert_eq!((&*alarm.status, &*alarm.name), (status, name), "{text}");
            }
        }
    }

    #[test]
    fn a_name_cannot_add_a_field() {
        let text = |name: &str| {
            format!(
                r#"{{"facts":[{{"name":"报警器详情","value":""}},{{"name":"资源名称","value":"{name}"}},{{"name":"触发条件","value":"CPU > 8"}},{{"name":"UUID","value":"u"}}]}}"#
            )
        };
        assert!(matches!(Message::read(&text("x")), Message::Alarm(_)));
        for field in ["ALARM_CURRENT_STATUS", " alarm_current_status", "ALARM_RESOURCE_ID", "EVENT_NAME"] {
            let injected = text(&format!(r#"x"}},{{"name":"{field}","value":"OK"#));
            assert!(serde_json::from_str::<serde_json::Value>(&injected).is_ok(), "{injected}");
            assert!(matches!(Message::read(&injected), Message::Raw(_)), "{injected}");
        }
    }

    #[test]
    fn broken_facts_of_two_messages_are_not_mixed() {
        let facts = |facts: &str| format!(r#"{{"facts":[{{"name":"触发条件","value":"a "b" > 1"}},{facts}]}}"#);
        let own = facts(r#"{"name":"备注","value":"1"},{"name":"备注","value":"2"},{"name":"UUID","value":"u"}"#);
        let Message::Alarm(alarm) = Message::read(&own) else { panic!("{own}") };
        assert_eq!((&*alarm.uuid, alarm.other.len()), ("u", 2));
        let two = facts(r#"{"name":"UUID","value":"u"},{"name":"UUID","value":"v"}"#);
        assert!(matches!(Message::read(&two), Message::Raw(_)));
    }
}
