//! The catalogue of events: which event ends which, which field holds the state, and which labels distinguish problems
//! (`docs/protocols/zstack.md`, "Event alarm" and "The catalogue of events").
//!
//! An event alarm has no status. Some events are ended by another event. Some have a label that says whether they report
//! trouble or its end. Most never end.

mod host;
mod named;
mod platform;
mod storage;
mod vm;

/// One event of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// `EVENT_NAME`, such as `HostDisconnected`.
    pub name: &'static str,
    /// The name in the Chinese console.
    pub chinese: &'static str,
    /// The name in the English console; empty if that has none of its own.
    pub english: &'static str,
    /// The names of all event labels that the event may have.
    pub labels: &'static [&'static str],
    /// The labels that distinguish two problems on one resource, such as two disks of a host.
    pub told_apart_by: &'static [&'static str],
    /// The field that holds the state. None if the event has no state.
    pub state: Option<StateSource>,
    /// The events that this one ends, on the same resource.
    pub undoes: &'static [&'static str],
}

/// The field in which an event reports whether it is trouble or its end.
#[derive(Debug)]
pub enum StateSource {
    /// An event label.
    Label {
        /// The label's name.
        name: &'static str,
        /// The values that mean trouble.
        trouble: &'static [&'static str],
        /// The values that mean that the trouble is over.
        over: &'static [&'static str],
        /// The values that mean a step between the two.
        steps: &'static [&'static str],
    },
    /// The field `EVENT_ERROR`. An error means trouble. An empty field means that it is over.
    Error,
}

/// All events of the catalogue, in groups: hosts, virtual machines, storages, the platform, other products.
pub fn events() -> impl Iterator<Item = &'static Entry> {
    [host::EVENTS, vm::EVENTS, storage::EVENTS, platform::EVENTS, named::EVENTS].into_iter().flatten()
}

impl Entry {
    /// Finds an event by its name, in upper or lower case.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        events().find(|event| event.name.eq_ignore_ascii_case(name))
    }

    /// The events that end this one.
    pub fn undone_by(&self) -> impl Iterator<Item = &'static Self> {
        events().filter(|event| event.undoes.contains(&self.name))
    }

    /// Whether this event ever ends: by its own state or by another event. An event that ends others counts as well.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.state.is_some() || !self.undoes.is_empty() || self.undone_by().next().is_some()
    }
}

/// An event without labels, without a state and without an end. The methods below add them.
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
