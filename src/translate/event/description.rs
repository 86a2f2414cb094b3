//! The descriptions of event alarms.

use super::{Effect, Problem};
use crate::flashduty::label_name;
use crate::translate::Source;
use crate::translate::lines::{USUAL_LINES, add_resource, error_line, unknown_level};
use crate::zstack::StateSource;

/// The description of a problem, or of a step. It begins with the event's name. A third-party alert has a text of its
/// own.
pub(super) fn described(problem: &Problem<'_>) -> String {
    let message = problem.third_party_label("Message");
    if !message.is_empty() {
        return message.to_owned();
    }
    description(problem, problem.title())
}

/// The description of the end of a problem. It begins with what ended the problem.
pub(super) fn ending(problem: &Problem<'_>) -> String {
    let (check, event, language) = (problem.check(), problem.event, problem.language);
    let is_of_the_event = problem.name().eq_ignore_ascii_case(&event.name);
    let first_line = match problem.entry.and_then(|entry| entry.state.as_ref()) {
        _ if !is_of_the_event => language.over_by(check, &language.event_name(&event.name, event.entry())),
        Some(StateSource::Label { name, .. }) => language.over_by_label(check, name, event.label(name)),
        Some(StateSource::Error) | None => language.over_without_error(check),
    };
    description(problem, first_line)
}

fn description(problem: &Problem<'_>, first_line: String) -> String {
    let (event, language) = (problem.event, problem.language);
    let mut lines = Vec::with_capacity(USUAL_LINES);
    lines.push(first_line);
    add_resource(&mut lines, language, &problem.resource(), &event.resource);
    lines.extend(error_line(language, &event.error));
    for (name, value) in &event.labels {
        if name.is_empty() {
            lines.push(value.to_string());
        } else if is_told_apart_by(problem, name) || !changes_at_every_repeat(name) {
            lines.push(language.named(name, value));
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
    let Problem { event, entry, effect, language } = problem;
    let has_no_labels = event.labels.is_empty() && event.error.is_empty();
    let told_apart = entry.is_some_and(|entry| !entry.told_apart_by.is_empty());
    let has_state = entry.is_some_and(|entry| matches!(entry.state, Some(StateSource::Label { .. })));
    let notes = [
        unknown_level(*language, problem.level()),
        source.broken_line(),
        (has_no_labels && told_apart).then(|| language.not_told_apart().to_owned()),
        (has_no_labels && has_state && *effect == Effect::Opens).then(|| language.state_not_told().to_owned()),
        entry.is_some_and(|entry| !entry.ends()).then(|| language.never_over().to_owned()),
    ];
    notes.into_iter().flatten().collect()
}
