//! What ZStack's catalogue of events says about an event.

use serde::Serialize;
use zstack_flashduty::zstack::{Entry, Message, StateSource, events};

/// The catalogue's information about an event.
#[derive(Debug, Serialize)]
pub(super) struct Known {
    #[serde(flatten)]
    event: EventName,
    /// The events that this event closes.
    ends: Vec<EventName>,
    /// The events that close this event.
    ended_by: Vec<EventName>,
    /// Where the event itself says whether there is a problem or it is over. `None` if it does not say.
    state: Option<State>,
    /// The labels that distinguish several such events of one resource.
    told_apart_by: &'static [&'static str],
    /// Whether no message ever says that the event is over.
    never_over: bool,
}

#[derive(Debug, Serialize)]
struct EventName {
    /// The name in messages.
    name: &'static str,
    /// The name in ZStack's Chinese console.
    chinese: &'static str,
    /// The name in ZStack's English console. Empty if that shows the name as in messages.
    english: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "in", rename_all = "snake_case")]
enum State {
    Label {
        name: &'static str,
        trouble: &'static [&'static str],
        over: &'static [&'static str],
        steps: &'static [&'static str],
    },
    /// A problem if the event has an error, over if it has none.
    Error,
}

impl Known {
    /// `None` if the message is not an event of the catalogue.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let Message::Event(event) = message else { return None };
        let entry = event.entry()?;
        Some(Self {
            event: EventName::of(entry),
            ends: events().filter(|other| entry.undoes.contains(&other.name)).map(EventName::of).collect(),
            ended_by: entry.undone_by().map(EventName::of).collect(),
            state: entry.state.as_ref().map(State::of),
            told_apart_by: entry.told_apart_by,
            never_over: !entry.ends(),
        })
    }
}

impl EventName {
    fn of(entry: &'static Entry) -> Self {
        Self { name: entry.name, chinese: entry.chinese, english: entry.english }
    }
}

impl State {
    fn of(source: &'static StateSource) -> Self {
        match *source {
            StateSource::Label { name, trouble, over, steps } => Self::Label { name, trouble, over, steps },
            StateSource::Error => Self::Error,
        }
    }
}
