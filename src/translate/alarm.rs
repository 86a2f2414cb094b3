//! Resource alarms.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::labels::{canonical, labels_of, other_labels, resource_id, resource_labels, resource_name};
use super::lines::{add_resource, unknown_level};
use super::texts::Line;
use super::{Draft, Kind, Source, first, severity};
use crate::flashduty::{AlertKey, Labels, Status};
use crate::language::Language;
use crate::zstack::{Alarm, Level, Operator, State};

pub(super) fn draft(alarm: &Alarm<'_>, source: &Source<'_>) -> Draft {
    let resource = resource_name(&alarm.resource, &alarm.namespace);
    let condition = condition(alarm).unwrap_or_default();
    let language = source.language;
    let check = check(alarm, &condition, language);
    let status = status(alarm);
    let notes = [
        unknown_state(language, &alarm.status),
        unknown_level(language, &alarm.level),
        source.broken_line(),
        (status != Status::Ok && never_recovers(alarm)).then(|| language.never_over().to_owned()),
    ];
    Draft {
        kind: Kind::Alarm,
        key: key(alarm, source),
        id: alarm.data.to_string(),
        labels: labels(alarm, resource, check, &condition),
        states: vec![(status, description(language, alarm, resource, check, &condition))],
        notes: notes.into_iter().flatten().collect(),
    }
}

/// The status and the title of an alarm's alert.
pub(super) fn summary(alarm: &Alarm<'_>, language: Language) -> (Status, String) {
    let resource = resource_name(&alarm.resource, &alarm.namespace);
    let condition = condition(alarm).unwrap_or_default();
    (status(alarm), format!("{resource} / {}", check(alarm, &condition, language)))
}

fn check<'a>(alarm: &'a Alarm<'_>, condition: &'a str, language: Language) -> &'a str {
    first(&[&alarm.name, condition, &alarm.metric, &alarm.uuid, language.alarm()])
}

/// Whether ZStack never sends the recovery: it remembers a state for 30 minutes, and the rule's duration is as long
/// (`docs/protocols/zstack.md`, "Resource alarm").
fn never_recovers(alarm: &Alarm<'_>) -> bool {
    alarm.duration.trim().parse().is_ok_and(|seconds: u64| seconds >= 1_800)
}

/// A state that is missing or unknown counts as `Alarm`: a needless alert is better than a missing one.
fn state(alarm: &Alarm<'_>) -> State {
    State::read(&alarm.status).unwrap_or(State::Alarm)
}

fn status(alarm: &Alarm<'_>) -> Status {
    let level = Level::read(&alarm.level);
    match state(alarm) {
        State::Ok => Status::Ok,
        State::Alarm => severity(level),
        // The alert is open and keeps its severity.
        State::InsufficientData if State::read(&alarm.previous_status) == Some(State::Alarm) => severity(level),
        State::InsufficientData => Status::Info,
    }
}

/// The rule and the resource. If a template leaves out their ids, their names are used instead.
fn key(alarm: &Alarm<'_>, source: &Source<'_>) -> AlertKey {
    source.key(&["alarm", first(&[&alarm.uuid, &alarm.name, &alarm.metric]), resource_id(&alarm.resource)])
}

fn labels(alarm: &Alarm<'_>, resource: &str, check: &str, condition: &str) -> Labels {
    let mut labels = labels_of(Kind::Alarm);
    for (name, value) in [
        ("resource", resource),
        ("check", check),
        ("namespace", &alarm.namespace),
        ("emergency_level", canonical(&alarm.level, Level::read(&alarm.level).map(Level::as_str))),
        ("status", state_word(&alarm.status)),
        ("previous_status", state_word(&alarm.previous_status)),
        ("account_id", &alarm.account),
        ("alarm_id", &alarm.uuid),
        ("metric", &alarm.metric),
        ("condition", condition),
        ("threshold", &alarm.threshold),
        ("current_value", &alarm.current_value),
        ("duration", &duration(&alarm.duration)),
        ("alarm_labels", &alarm_labels(alarm)),
        ("data_id", &alarm.data),
        ("time", &time(&alarm.time)),
    ] {
        labels.put_own(name, value);
    }
    resource_labels(&mut labels, &alarm.resource);
    other_labels(&mut labels, &alarm.other, "unnamed");
    labels
}

fn state_word(text: &str) -> &str {
    canonical(text, State::read(text).map(State::as_str))
}

/// `CPUAverageUsedUtilization >= 80.00%`, if the message has all parts of it.
fn condition(alarm: &Alarm<'_>) -> Option<String> {
    let complete = ![&alarm.metric, &alarm.operator, &alarm.threshold].iter().any(|text| text.is_empty());
    let operator = canonical(&alarm.operator, Operator::read(&alarm.operator).map(Operator::symbol));
    complete.then(|| format!("{} {operator} {}", alarm.metric, alarm.threshold))
}

/// ZStack's duration is a number of seconds, with or without a word for the unit. It becomes `300s`.
fn duration(text: &str) -> String {
    let number = ["seconds", "秒", "s"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text);
    integer(number.trim_end()).map_or_else(|| text.to_owned(), |seconds| format!("{seconds}s"))
}

/// A whole number in any of the forms in which JSON has it: `300`, `300.0`, `3.0E2`.
fn integer(text: &str) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number this small is exact")]
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    text.parse().ok().or_else(|| whole(text.parse().ok()?))
}

/// `key operator value, …` as ZStack writes them, or `key = value, …` if they come as an object.
fn alarm_labels(alarm: &Alarm<'_>) -> String {
    let labels = alarm.labels.iter().map(|(name, value)| match &**name {
        "" => value.to_string(),
        name => format!("{name} = {value}"),
    });
    labels.collect::<Vec<_>>().join(", ")
}

/// Milliseconds or seconds since 1970, as RFC 3339. Any other text is returned as it came.
fn time(text: &str) -> String {
    let nanoseconds = |number: i64| match number {
        SECONDS_OF_2001..SECONDS_OF_5138 => Some(i128::from(number) * 1_000_000_000),
        SECONDS_OF_5138.. => Some(i128::from(number) * 1_000_000),
        _ => None,
    };
    let time = integer(text).and_then(nanoseconds);
    let time = time.and_then(|time| OffsetDateTime::from_unix_timestamp_nanos(time).ok()?.format(&Rfc3339).ok());
    time.unwrap_or_else(|| text.to_owned())
}

/// Numbers from here to [`SECONDS_OF_5138`] are seconds: as milliseconds, they would be times of 1970 to 1973.
const SECONDS_OF_2001: i64 = 1_000_000_000;
/// Numbers from here on are milliseconds, which are times since March 1973.
const SECONDS_OF_5138: i64 = 100_000_000_000;

fn description(language: Language, alarm: &Alarm<'_>, resource: &str, check: &str, condition: &str) -> String {
    let value = &alarm.current_value;
    let mut lines = vec![match state(alarm) {
        State::Alarm => language.triggered(check),
        State::Ok => language.recovered(check),
        State::InsufficientData => language.no_data(check),
    }];
    match (condition, duration(&alarm.duration)) {
        ("", _) if alarm.metric.is_empty() => {}
        ("", _) => lines.push(language.line(Line::Metric, &alarm.metric)),
        (condition, held) => lines.push(language.condition(condition, &held)),
    }
    if !value.is_empty() {
        lines.push(language.line(Line::CurrentValue, value));
    }
    add_resource(&mut lines, language, resource, &alarm.resource);
    lines.join("\n")
}

/// The note for an unknown state: that the alert is open is then not ZStack's word.
fn unknown_state(language: Language, status: &str) -> Option<String> {
    let known = status.is_empty() || State::read(status).is_some();
    (!known).then(|| language.unknown_state(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_can_be_read_become_rfc_3339() {
        assert_eq!(time("1720144800000"), "2024-07-05T02:00:00Z");
        assert_eq!(time("1720144800123"), "2024-07-05T02:00:00.123Z");
        assert_eq!(time("1720144800000.0"), "2024-07-05T02:00:00Z");
        assert_eq!(time("1.7201448E12"), "2024-07-05T02:00:00Z");
        assert_eq!(time("1720144800"), "2024-07-05T02:00:00Z", "seconds");
        for seconds in ["300", "300.0", "300 seconds", "300seconds", "300 秒", "300s"] {
            assert_eq!(duration(seconds), "300s", "{seconds}");
        }
        assert_eq!(duration("5 minutes"), "5 minutes");
        for text in ["", "0", "1111", "07-05 10:00", "Jul 5, 2024 10:00:00 AM", "9223372036854775807"] {
            assert_eq!(time(text), text);
        }
    }

    #[test]
    fn unknown_words_are_named_at_the_end() {
        use crate::translate::{Context, translate};

        let event_of = |status: &str, level: &str, metric: &str| {
            let body = format!(
                r#"{{"ALARM_UUID":"1f2e","ALARM_CURRENT_STATUS":"{status}","ALARM_EMERGENCY_LEVEL":"{level}","ALARM_METRIC":"{metric}"}}"#
            );
            let alert = translate(&body, &[], &Context::default()).remove(0);
            let event: serde_json::Value = serde_json::from_slice(&alert.events[0].to_json()).unwrap();
            (event["event_status"].as_str().unwrap().to_owned(), event["description"].as_str().unwrap().to_owned())
        };
        let state = "State: 不明 (not a state of ZStack's; taken for Alarm)";
        let level = "Level: P0 (not a level of ZStack's; shown as Warning)";
        let (status, description) = event_of("不明", "紧急", "CPU");
        assert_eq!((status.as_str(), description.lines().next()), ("Critical", Some("CPU triggered")));
        assert!(description.ends_with(&format!("\n{state}")), "{description}");

        let (status, description) = event_of("不明", "P0", &"长".repeat(3_000));
        assert_eq!((status.as_str(), description.chars().count()), ("Warning", 2_048));
        assert!(description.ends_with(&format!("\n{state}\n{level}")), "{description}");

        for known in ["", "-", "Alarm", "恢复正常"] {
            assert!(!event_of(known, "", "CPU").1.contains("State:"), "{known}");
        }
    }

    #[test]
    fn an_alarm_that_never_recovers_says_so() {
        use crate::translate::{Context, translate};

        for (duration, status, says) in [
            ("1800", "Alarm", true),
            (r#""3600""#, "Alarm", true),
            ("3600", "InsufficientData", true),
            ("1799", "Alarm", false),
            ("3600", "OK", false),
            (r#""""#, "Alarm", false),
            (r#""30 m""#, "Alarm", false),
        ] {
            let body =
                format!(r#"{{"ALARM_UUID":"1f2e","ALARM_CURRENT_STATUS":"{status}","ALARM_DURATION":{duration}}}"#);
            let alert = translate(&body, &[], &Context::default()).remove(0);
            let event: serde_json::Value = serde_json::from_slice(&alert.events[0].to_json()).unwrap();
            let description = event["description"].as_str().unwrap();
            assert_eq!(description.contains("ZStack never says when this is over"), says, "{body}: {description}");
        }
    }

    #[test]
    fn every_state_and_level_has_its_status() {
        use Status::{Critical, Info, Ok, Warning};
        let levels = [
            ("Emergent", Critical),
            (" EMERGENT ", Critical),
            ("紧急", Critical),
            ("Important", Warning),
            ("major", Warning),
            ("严重", Warning),
            ("Normal", Info),
            ("Info", Info),
            (" 提示", Info),
            ("", Warning),
            ("P0", Warning),
            ("Recovery", Warning),
        ];
        let states = ["Alarm", "alarm ", "已触发", "", "Unheard"];
        for (level, expected) in levels {
            let of = |now: &str, before: &str| {
                let mut alarm = Alarm { level: level.into(), ..Alarm::default() };
                (alarm.status, alarm.previous_status) = (now.to_owned().into(), before.to_owned().into());
                status(&alarm)
            };
            for state in states {
                assert_eq!(of(state, "OK"), expected, "{level} {state}");
            }
            for ok in [
                "OK",
                "ok",
                " Ok\n",
                "监控中",
                "監控中",
                "已恢复",
                "恢复正常",
                "正常",
                "Recovered",
                "resolved",
                "Normal",
            ] {
                assert_eq!(of(ok, "Alarm"), Ok, "{level}");
            }
            for no_data in ["InsufficientData", "数据不足"] {
                assert_eq!(of(no_data, "Alarm"), expected, "{level}");
                assert_eq!(of(no_data, "已触发"), expected, "{level}");
                assert_eq!(of(no_data, "OK"), Info, "{level}");
                assert_eq!(of(no_data, ""), Info, "{level}");
            }
        }
    }
}
