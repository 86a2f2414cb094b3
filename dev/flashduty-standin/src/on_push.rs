//! A callback for every push.

use std::fmt;
use std::sync::Arc;

use crate::received::Received;

/// Called with every request that is recorded, before it is answered. The stand-in is locked meanwhile: the callback
/// must be quick and must not call the stand-in.
#[derive(Clone)]
pub struct OnPush(pub(crate) Arc<dyn Fn(&Received) + Send + Sync>);

impl OnPush {
    /// Wraps a function.
    pub fn new(what: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        Self(Arc::new(what))
    }
}

impl fmt::Debug for OnPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnPush(…)")
    }
}
