//! Events that undo another one.
//!
//! Events have no status: a way back, where there is one, is another event on the same resource
//! (`zstack-webhook.md`, "Event alarm").

/// A problem event and the event that ends it.
#[derive(Debug)]
pub struct Recovery {
    /// The event that tells of the problem.
    pub problem: &'static str,
    /// The event that tells that it is over.
    pub way_back: &'static str,
    /// The event label that tells one problem from another on the same resource, if there is one.
    pub told_apart_by: Option<&'static str>,
}

const fn recovery(problem: &'static str, way_back: &'static str) -> Recovery {
    Recovery { problem, way_back, told_apart_by: None }
}

/// Every pair ZStack documents.
pub const RECOVERIES: [Recovery; 7] = [
    recovery("HostDisconnected", "HostConnected"),
    recovery("PrimaryStorageDisconnected", "PrimaryStorageConnected"),
    recovery("BackupStorageDisconnected", "BackupStorageConnected"),
    recovery("VRouterDisconnected", "VRouterConnected"),
    recovery("VRouterUnhealthy", "VRouterHealthy"),
    recovery("ManagementNodeLeft", "ManagementNodeJoin"),
    Recovery {
        told_apart_by: Some("PhysicalNicName"),
        ..recovery("HostPhysicalNicStatusDown", "HostPhysicalNicStatusUp")
    },
];

impl Recovery {
    /// The pair that the event `name` belongs to, at either end.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        RECOVERIES.iter().find(|pair| [pair.problem, pair.way_back].iter().any(|end| end.eq_ignore_ascii_case(name)))
    }

    /// Whether the event `name` is the way back.
    #[must_use]
    pub fn ends_with(&self, name: &str) -> bool {
        self.way_back.eq_ignore_ascii_case(name)
    }
}
