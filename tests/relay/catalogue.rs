//! Compares the catalogue of events with the facts it was made from, `docs/protocols/zstack-events.json`.

mod goldens;

use std::fs;
use std::path::Path;

use serde::Deserialize;
use zstack_flashduty::zstack::{Entry, StateSource, events};

/// The facts about one event.
#[derive(Debug, Deserialize)]
pub struct Fact {
    pub name: String,
    pub namespaces: Vec<String>,
    pub default_level: Option<String>,
    pub labels: Vec<String>,
    pub zh: String,
    pub en: Option<String>,
    pub tells_apart: Vec<String>,
    pub state: Option<FactState>,
    pub undone_by: Vec<String>,
    pub undoes: Vec<String>,
}

/// The label that contains an event's state, and its values.
#[derive(Debug, Deserialize)]
pub struct FactState {
    pub label: String,
    pub problem: Vec<String>,
    pub over: Vec<String>,
}

/// The facts about every event.
pub fn facts() -> Vec<Fact> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocols/zstack-events.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Labels that only some versions of ZStack send.
const MORE_LABELS: [&str; 1] = ["PhysicalNicHostUuid"];

/// States between a problem and its end. The facts describe them in words only.
pub const STEPS: [(&str, &[&str]); 4] = [
    ("HostCheckAlive", &["checking"]),
    ("HostStatusChanged", &["Connecting"]),
    ("VMHAProcess", &["checking", "starting"]),
    (
        "VMStateChangedOnHost",
        &[
            "Created",
            "Starting",
            "Stopping",
            "Rebooting",
            "Destroying",
            "Destroyed",
            "Migrating",
            "Expunging",
            "Pausing",
            "Resuming",
            "VolumeMigrating",
            "VolumeRecovering",
            "Registering",
        ],
    ),
];

#[test]
fn the_catalogue_agrees_with_the_facts_about_every_event() {
    let facts = facts();
    assert_eq!(facts.len(), 75);
    assert_eq!(events().count(), facts.len());
    for fact in &facts {
        let entry = Entry::of(&fact.name).unwrap_or_else(|| panic!("{} is missing", fact.name));
        assert_eq!(entry.name, fact.name);
        assert_eq!(
            (entry.chinese, entry.english),
            (&*fact.zh, fact.en.as_deref().unwrap_or_default()),
            "{}",
            fact.name
        );
        let labels: Vec<_> = entry.labels.iter().filter(|label| !MORE_LABELS.contains(label)).collect();
        assert_eq!(labels, fact.labels.iter().collect::<Vec<_>>(), "{}", fact.name);
        assert_eq!(entry.told_apart_by, fact.tells_apart, "{}", fact.name);
        assert_eq!(entry.undoes, fact.undoes, "{}", fact.name);
        let undone_by: Vec<_> = entry.undone_by().map(|entry| entry.name).collect();
        assert_eq!(undone_by, fact.undone_by, "{}", fact.name);
        assert!(entry.told_apart_by.iter().all(|label| entry.labels.contains(label)), "{}", fact.name);

        // A state is of use only if both a problem and its end have values.
        let state = fact.state.as_ref().filter(|state| !state.problem.is_empty() && !state.over.is_empty());
        match (&entry.state, state) {
            (None, None) => {}
            (Some(StateSource::Error), Some(state)) => assert_eq!(state.label, "EVENT_ERROR"),
            (Some(StateSource::Label { name, trouble, over, steps }), Some(state)) => {
                assert_eq!(*name, state.label, "{}", fact.name);
                assert!(*trouble == state.problem && *over == state.over, "{}", fact.name);
                assert!(entry.labels.contains(name), "{}", fact.name);
                let expected = STEPS.iter().find(|(event, _)| *event == fact.name).map_or(&[][..], |(_, steps)| steps);
                assert_eq!(*steps, expected, "{}", fact.name);
            }
            (entry, fact) => panic!("{entry:?} is not {fact:?}"),
        }
    }
}

#[test]
fn event_names_are_unique_and_found_in_any_case() {
    let mut names: Vec<_> = events().map(|entry| entry.name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 75);
    assert_eq!(Entry::of("hostdisconnected").map(|entry| entry.name), Some("HostDisconnected"));
    assert!(Entry::of("").is_none() && Entry::of("HostOnFire").is_none());
}
