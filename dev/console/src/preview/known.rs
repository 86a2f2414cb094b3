//! What ZStack's catalogue of events tells of an event.

use serde::Serialize;
use zstack_flashduty::zstack::{Entry, Message, StateSource, events};

/// What is known of an event.
#[derive(Debug, Serialize)]
pub(crate) struct Known {
    #[serde(flatten)]
    event: Named,
    /// The events that it ends.
    ends: Vec<Named>,
    /// The events that end it.
    ended_by: Vec<Named>,
    /// Where it says itself whether it is trouble.
    state: Option<State>,
    /// The labels that tell two of it apart on one resource.
    told_apart_by: &'static [&'static str],
    /// Whether nothing ever says that it is over.
    never_over: bool,
}

/// An event's names.
#[derive(Debug, Serialize)]
struct Named {
    name: &'static str,
    chinese: &'static str,
    /// Empty where the English console has none of its own.
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
    /// Trouble where there is an error, over where there is none.
    Error,
}

impl Known {
    /// Of a message that is an event of the catalogue.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let Message::Event(event) = message else { return None };
        let entry = event.entry()?;
        Some(Self {
            event: Named::of(entry),
            ends: events().filter(|other| entry.undoes.contains(&other.name)).map(Named::of).collect(),
            ended_by: entry.undone_by().map(Named::of).collect(),
            state: entry.state.as_ref().map(State::of),
            told_apart_by: entry.told_apart_by,
            never_over: !entry.ends(),
        })
    }
}

impl Named {
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
