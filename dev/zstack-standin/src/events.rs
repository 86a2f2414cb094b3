//! The events that ZStack knows, from docs/protocols/zstack-events.json.

use std::sync::LazyLock;

use serde::Deserialize;

/// An event.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) name: String,
    namespaces: Vec<String>,
    pub(crate) en: Option<String>,
    /// None if only Cloud has the event.
    pub(crate) default_level: Option<String>,
    pub(crate) labels: Vec<String>,
    undoes: Vec<String>,
}

static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(|| {
    // A test reads it.
    serde_json::from_str(include_str!("../../../docs/protocols/zstack-events.json")).unwrap_or_default()
});

/// The events of this version, with the namespaces that can be subscribed to.
///
/// Which of the namespaces a version knows is inferred: the first of each event, and that of disaster recovery.
pub(crate) fn known(cloud: bool) -> impl Iterator<Item = (&'static str, &'static Event)> {
    let events = EVENTS.iter().filter(move |it| cloud || it.default_level.is_some());
    events.flat_map(|event| {
        let namespaces = event.namespaces.iter().enumerate();
        let known = namespaces.filter(|(place, it)| *place == 0 || *it == "ZStack/DisasterRecoveryStorage");
        known.map(move |(_, namespace)| (namespace.as_str(), event))
    })
}

pub(crate) fn find(namespace: &str, name: &str, cloud: bool) -> Option<&'static Event> {
    known(cloud).find(|(it, event)| *it == namespace && event.name == name).map(|(_, event)| event)
}

impl Event {
    /// Whether ZStack tells it only while the problem that it undoes is remembered.
    pub(crate) fn needs_problem(&self) -> bool {
        self.default_level.as_deref() == Some("Recovery")
    }

    /// Whether it ends the problem of this name.
    pub(crate) fn undoes(&self, problem: &str) -> bool {
        self.undoes.iter().any(|it| it == problem)
    }

    /// Whether ZStack tells it once, until it is undone.
    pub(crate) fn is_barrier(&self) -> bool {
        EVENTS.iter().any(|it| it.needs_problem() && it.undoes(&self.name))
    }

    /// Whether it takes the memory of its resource's problem away by mistake, so that the way back is never told.
    pub(crate) fn forgets_problem(&self) -> bool {
        ["HostPhysicalNicStatusUp", "HostPhysicalNicStatusDown", "VRouterPaused"].contains(&self.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_knows_more() {
        assert_eq!(EVENTS.len(), 75);
        assert!(find("ZStack/SlbVmInstance", "SlbVmInstanceConnected", true).is_some());
        assert!(find("ZStack/SlbVmInstance", "SlbVmInstanceConnected", false).is_none());
        assert!(find("ZStack/KVMHost", "HostConnected", true).is_none());
        assert!(find("ZStack/DisasterRecoveryStorage", "BackupStorageConnected", false).is_some());
    }

    #[test]
    fn which_events_need_a_problem() {
        let event = |namespace, name| find(namespace, name, true).unwrap();
        assert!(event("ZStack/Host", "HostConnected").needs_problem());
        assert!(event("ZStack/Host", "HostDisconnected").is_barrier());
        assert!(!event("ZStack/MN", "ManagementNodeJoin").needs_problem());
        assert!(!event("ZStack/MN", "ManagementNodeLeft").is_barrier());
    }
}
