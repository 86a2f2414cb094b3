//! The alerts that Flashduty would show.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;

use crate::alert::{Alert, HistoryEntry};
use crate::check::EventStatus;

/// One alert may use a hundredth of the memory. So an alert that changes all the time does not displace the others.
const SHARE: usize = 100;

/// Every alert that the stand-in keeps.
#[derive(Debug, Default)]
pub struct Alerts {
    by_id: BTreeMap<u64, Alert>,
    /// The open ones, by their keys.
    open: HashMap<String, u64>,
    /// The closed ones, in the order in which they closed.
    closed: VecDeque<u64>,
    /// The last change of each alert: its number, and the id of the alert.
    changes: BTreeMap<u64, u64>,
    last_id: u64,
    last_change: u64,
    cleared: u64,
    weight: usize,
    /// Roughly how many bytes all of them may take.
    memory: Option<usize>,
}

impl Alerts {
    pub(crate) fn new(memory: Option<usize>) -> Self {
        Self { memory, ..Self::default() }
    }

    /// Applies an event: it opens, changes or closes the alert of its key. An `Ok` without an open alert does nothing.
    pub(crate) fn apply(&mut self, alert_key: &str, entry: HistoryEntry) {
        let status = entry.status;
        let id = match self.open.get(alert_key) {
            Some(id) => *id,
            None if status == EventStatus::Ok => return,
            None => self.last_id + 1,
        };
        let mut weight = None;
        if let Some(alert) = self.by_id.get_mut(&id) {
            weight = self.memory.map(|_| alert.weight());
            alert.update(entry);
        } else {
            self.last_id = id;
            self.open.insert(alert_key.to_owned(), id);
            self.by_id.insert(id, Alert::new(id, alert_key.to_owned(), entry));
        }
        if status == EventStatus::Ok {
            self.open.remove(alert_key);
            self.closed.push_back(id);
        }
        self.note_change(id);
        self.weight -= weight.unwrap_or_default();
        self.keep_to_memory(id);
    }

    fn note_change(&mut self, id: u64) {
        let Some(alert) = self.by_id.get_mut(&id) else { return };
        self.changes.remove(&alert.change);
        self.last_change += 1;
        alert.change = self.last_change;
        self.changes.insert(alert.change, id);
    }

    /// Adds the size of the alert `id`, and drops old entries and alerts until all fit into the memory. Closed alerts
    /// are dropped first.
    fn keep_to_memory(&mut self, id: u64) {
        let (Some(memory), Some(alert)) = (self.memory, self.by_id.get_mut(&id)) else { return };
        while alert.history.len() > 1 && alert.weight() > memory / SHARE {
            alert.history.remove(0);
            alert.forgotten += 1;
        }
        self.weight += alert.weight();
        while self.weight > memory {
            let closed = self.closed.iter().find(|closed| **closed != id);
            let Some(oldest) = closed.or_else(|| self.by_id.keys().find(|other| **other != id)).copied() else { break };
            self.forget(oldest);
        }
    }

    fn forget(&mut self, id: u64) {
        let Some(alert) = self.by_id.remove(&id) else { return };
        self.weight -= alert.weight();
        if alert.open {
            self.open.remove(&alert.alert_key);
        } else {
            self.closed.retain(|closed| *closed != id);
        }
        self.changes.remove(&alert.change);
    }

    /// Drops all of them. Ids are not used again.
    pub(crate) fn clear(&mut self) {
        let Self { last_id, last_change, cleared, memory, .. } = *self;
        *self = Self { last_id, last_change, cleared: cleared + 1, memory, ..Self::default() };
    }

    /// The alert with this id.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&Alert> {
        self.by_id.get(&id)
    }

    /// All of them, the last opened first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Alert> {
        self.by_id.values().rev()
    }

    /// The alerts that changed after the change with this number, in the order of their last changes, with the numbers of
    /// these. The first change has the number 1.
    #[must_use]
    pub fn changed_after(&self, change: u64) -> impl DoubleEndedIterator<Item = (u64, &Alert)> {
        let later = self.changes.range((Bound::Excluded(change), Bound::Unbounded));
        later.filter_map(|(change, id)| Some((*change, self.by_id.get(id)?)))
    }

    /// The number of the last change; 0 before the first.
    #[must_use]
    pub fn last_change(&self) -> u64 {
        self.last_change
    }

    /// How often all alerts were dropped.
    #[must_use]
    pub fn cleared(&self) -> u64 {
        self.cleared
    }
}
