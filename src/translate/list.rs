//! Messages that are not read one by one.

use super::labels::labels_of;
use super::other::MAX_HEADLINE;
use super::{Draft, Kind, NAMELESS, Source, alarm, event};
use crate::flashduty::{Status, shorten};
use crate::language::Language;
use crate::zstack::{Message, Text};

/// How many messages have a line of their own in the description.
const NAMED: usize = 25;

/// One alert for all messages, with the highest severity of any of them.
pub(super) fn draft(messages: &[Text<'_>], source: &Source<'_>) -> Draft {
    let mut summaries: Vec<_> = messages.iter().flat_map(|message| summaries(message, source.language)).collect();
    summaries.sort_by_key(|(status, _)| *status);
    // A recovery has no alert of its own here, so it must not close this one.
    let worst = summaries.first().map_or(Status::Warning, |(status, _)| (*status).min(Status::Info));
    let language = source.language;
    let check = language.messages(messages.len());
    let mut lines = vec![language.not_taken_apart(messages.len())];
    let named = summaries.iter().take(NAMED);
    lines.extend(named.map(|(status, title)| language.of_list(*status, &shorten(title, MAX_HEADLINE))));
    let recoveries = summaries.iter().filter(|(status, _)| *status == Status::Ok).count();
    let mut labels = labels_of(Kind::Raw);
    labels.put_own("resource", NAMELESS);
    labels.put_own("check", &check);
    Draft {
        kind: Kind::Raw,
        key: source.raw_key(),
        id: String::new(),
        labels,
        states: vec![(worst, lines.join("\n"))],
        notes: (recoveries > 0).then(|| language.recoveries_in_list(recoveries)).into_iter().collect(),
    }
}

/// The status and the title of each alert that the message would have.
fn summaries(text: &str, language: Language) -> Vec<(Status, String)> {
    match Message::read(text) {
        Message::Alarm(alarm) => vec![alarm::summary(&alarm, language)],
        Message::Event(event) => event::summaries(&event, language),
        Message::Test(_) => vec![(Status::Info, language.test().to_owned())],
        Message::List(_) | Message::Raw(_) => vec![(Status::Warning, text.to_owned())],
    }
}
