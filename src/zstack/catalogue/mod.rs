//! What is known of each event: what ends it, where it says how it is, and what tells two of it apart.
//!
//! An event alarm has no status of its own. Some events are ended by another event, some say in a label
//! whether they are trouble or its end, and most are never ended (`docs/protocols/zstack.md`, "Event alarm").

mod host;
mod named;
mod platform;
mod storage;
mod vm;

/// What is known of one event.
#[derive(Debug)]
pub struct Entry {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its name in the Chinese console.
    pub chinese: &'static str,
    /// Its name in the English console; empty where that has none of its own.
    pub english: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The labels that tell two of it apart on one resource: two values are two problems.
    pub told_apart_by: &'static [&'static str],
    /// Where it says whether it is trouble, where it does.
    pub state: Option<StateSource>,
    /// The events that it ends, on the same resource.
    pub undoes: &'static [&'static str],
}

/// Where an event says whether it is trouble.
#[derive(Debug)]
pub enum StateSource {
    /// In a label.
    Label {
        /// The label's name.
        name: &'static str,
        /// The values that are trouble.
        trouble: &'static [&'static str],
        /// The values that end it.
        over: &'static [&'static str],
        /// The values that are neither, and on the way to one of the two.
        steps: &'static [&'static str],
    },
    /// In the field `EVENT_ERROR`: trouble where it is there, over where it is not.
    Error,
}

/// Every event that is known, by namespace.
pub fn events() -> impl Iterator<Item = &'static Entry> {
    [host::EVENTS, vm::EVENTS, storage::EVENTS, platform::EVENTS, named::EVENTS].into_iter().flatten()
}

impl Entry {
    /// The event of this name, in any case.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        events().find(|event| event.name.eq_ignore_ascii_case(name))
    }

    /// The events that end this one.
    pub fn undone_by(&self) -> impl Iterator<Item = &'static Self> {
        events().filter(|event| event.undoes.contains(&self.name))
    }

    /// Whether any message says that this event is over.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.state.is_some() || !self.undoes.is_empty() || self.undone_by().next().is_some()
    }
}

/// An event that only tells that something happened. The methods below add what else is known.
const fn event(name: &'static str, chinese: &'static str, english: &'static str) -> Entry {
    Entry { name, chinese, english, labels: &[], told_apart_by: &[], state: None, undoes: &[] }
}

impl Entry {
    const fn labels(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    const fn told_apart_by(self, told_apart_by: &'static [&'static str]) -> Self {
        Self { told_apart_by, ..self }
    }

    const fn state(
        self,
        name: &'static str,
        trouble: &'static [&'static str],
        over: &'static [&'static str],
        steps: &'static [&'static str],
    ) -> Self {
        Self { state: Some(StateSource::Label { name, trouble, over, steps }), ..self }
    }

    const fn with_error_as_state(self) -> Self {
        Self { state: Some(StateSource::Error), ..self }
    }

    const fn undoes(self, undoes: &'static [&'static str]) -> Self {
        Self { undoes, ..self }
    }
}
