//! The state that all connections share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Client;

use crate::zstack::ZStack;

/// The state, behind a lock, and what sends messages.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    state: Arc<Mutex<ZStack>>,
    pub(crate) client: Client,
    /// A management node sends one message at a time.
    pub(crate) sending: Arc<tokio::sync::Mutex<()>>,
}

impl Shared {
    pub(crate) fn new(zstack: ZStack, client: Client) -> Self {
        Self { state: Arc::new(Mutex::new(zstack)), client, sending: Arc::default() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, ZStack> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
