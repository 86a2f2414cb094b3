//! The descriptions of event alarms.

use super::{Effect, Problem};
use crate::flashduty::label_name;
use crate::translate::Source;
use crate::translate::lines::{error_line, resource_lines, unknown_level};
use crate::zstack::{Entry, StateSource};

/// The note for an event that never ends.
pub(super) const NEVER_OVER: &str =
    "ZStack never says when this is over: close it by hand, or let the auto-close of Flashduty's channel do it.";
/// The note for a message without labels if they would distinguish two problems.
pub(super) const NOT_TOLD_APART: &str =
    "This message has no event labels, so two of these problems on one resource are one alert.";
/// The note for a message without labels if one of them would hold the state.
pub(super) const STATE_NOT_TOLD: &str =
    "This message has no event labels, so nothing tells whether this is trouble or its end.";

/// The description of a problem, or of a step. It begins with the event's name in the languages of ZStack's console. A
/// third-party alert has a text of its own.
pub(super) fn described(problem: &Problem<'_>) -> String {
    let message = problem.third_party_label("Message");
    if !message.is_empty() {
        return message.to_owned();
    }
    description(
        problem,
        &match problem.entry {
            None => problem.check().to_owned(),
            Some(Entry { name, chinese, english: "", .. }) => format!("{name} ({chinese})"),
            Some(Entry { name, chinese, english, .. }) => format!("{name} ({chinese}, {english})"),
        },
    )
}

/// The description of the end of a problem. It begins with what ended the problem.
pub(super) fn ending(problem: &Problem<'_>) -> String {
    let (check, event) = (problem.check(), problem.event);
    let is_of_the_event = problem.name().eq_ignore_ascii_case(&event.name);
    let first_line = match problem.entry.and_then(|entry| entry.state.as_ref()) {
        _ if !is_of_the_event => format!("{check} is over: {}", event.name),
        Some(StateSource::Label { name, .. }) => format!("{check} is over: {name} is {}", event.label(name)),
        Some(StateSource::Error) | None => format!("{check} is over: it came without an error"),
    };
    description(problem, &first_line)
}

fn description(problem: &Problem<'_>, first_line: &str) -> String {
    let event = problem.event;
    let mut lines = vec![first_line.to_owned()];
    lines.extend(resource_lines(&problem.resource(), &event.resource));
    lines.extend(error_line(&event.error));
    for (name, value) in &event.labels {
        if name.is_empty() {
            lines.push(value.to_string());
        } else if is_told_apart_by(problem, name) || !changes_at_every_repeat(name) {
            lines.push(format!("{name}: {value}"));
        }
    }
    lines.join("\n")
}

fn is_told_apart_by(problem: &Problem<'_>, label: &str) -> bool {
    problem.entry.is_some_and(|entry| entry.told_apart_by.iter().any(|name| name.eq_ignore_ascii_case(label)))
}

/// Whether an event label probably differs in every message. In a description, it would add an event to the alert's
/// history each time (`docs/protocols/flashduty.md`, "The standard alert event").
fn changes_at_every_repeat(name: &str) -> bool {
    let name = label_name(name);
    matches!(name.rsplit('_').next(), Some("uuid" | "id" | "time" | "date" | "timestamp"))
}

/// The lines at the end of each description.
pub(super) fn notes(problem: &Problem<'_>, source: &Source<'_>) -> Vec<String> {
    let Problem { event, entry, effect } = problem;
    let has_no_labels = event.labels.is_empty() && event.error.is_empty();
    let told_apart = entry.is_some_and(|entry| !entry.told_apart_by.is_empty());
    let has_state = entry.is_some_and(|entry| matches!(entry.state, Some(StateSource::Label { .. })));
    let notes = [
        unknown_level(problem.level()),
        source.broken_line(),
        (has_no_labels && told_apart).then(|| NOT_TOLD_APART.to_owned()),
        (has_no_labels && has_state && *effect == Effect::Opens).then(|| STATE_NOT_TOLD.to_owned()),
        entry.is_some_and(|entry| !entry.ends()).then(|| NEVER_OVER.to_owned()),
    ];
    notes.into_iter().flatten().collect()
}
