//! A list that keeps only its newest items, and can say what was added since a reader last looked.

use std::collections::VecDeque;

/// The newest items, at most `limit` of them, oldest first.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    items: VecDeque<T>,
    limit: usize,
    /// How many items were ever added.
    added: u64,
}

impl<T: Clone> Recent<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { items: VecDeque::new(), limit, added: 0 }
    }

    pub(crate) fn push(&mut self, item: T) {
        self.items.push_back(item);
        self.added += 1;
        self.items.drain(..self.items.len().saturating_sub(self.limit));
    }

    /// Removes all items. [`added`](Self::added) stays.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }

    /// How many items were ever added, including those that are no longer kept.
    pub(crate) fn added(&self) -> u64 {
        self.added
    }

    /// The kept items that were added after [`added`](Self::added) was `seen`.
    pub(crate) fn since(&self, seen: u64) -> Vec<T> {
        let new = usize::try_from(self.added - seen).unwrap_or(usize::MAX);
        self.items.range(self.items.len().saturating_sub(new)..).cloned().collect()
    }
}
