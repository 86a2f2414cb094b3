//! The state that all connections share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::alerts::Alerts;
use crate::flashduty::Flashduty;
use crate::options::Options;
use crate::received::Recorded;

/// The state, behind a lock.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Flashduty>>);

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        Self(Arc::new(Mutex::new(Flashduty {
            keys: options.keys,
            rate_limit: options.rate_limit,
            on_push: options.on_push,
            alerts: Alerts::new(options.memory),
            received: Recorded::new(options.memory),
            ..Flashduty::default()
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Flashduty> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
