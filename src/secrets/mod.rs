//! The two secrets, read from SSM Parameter Store and kept for a while.

mod secret;
mod ssm;
pub mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

pub use secret::{Secret, Secrets};
use ssm::Store;

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;

/// How long one read of SSM may take, all the SDK's tries together.
pub const READ_TIMEOUT: Duration = Duration::from_secs(6);

/// How long after a refresh that failed the next one is tried, while the last good values serve.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// The secrets, read in one call, kept for the configured time and refreshed after it. Each is kept or replaced on
/// its own: a useless push URL does not keep an old token in force, nor the other way round.
#[derive(Debug)]
pub struct Settings {
    store: Store,
    ttl: Duration,
    kept: Mutex<Option<Kept>>,
    /// Reads that did not give both secrets, since [`Settings::take_failures`] was called.
    failures: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    secrets: Arc<Secrets>,
    /// When SSM was last asked, whatever it answered.
    asked: Instant,
    /// When to ask it again.
    refresh: Instant,
}

impl Settings {
    /// Settings that nothing has been read of yet.
    #[must_use]
    pub fn new(ssm: aws_sdk_ssm::Client, config: &Config) -> Self {
        let store = Store::new(ssm, config.push_url_parameter.clone(), config.token_parameter.clone());
        Self { store, ttl: config.settings_ttl, kept: Mutex::new(None), failures: AtomicU64::new(0) }
    }

    /// The secrets: those that were read last, or fresh ones where their time is over. What SSM does not give keeps
    /// its last good value, with a warning in the log; where there is none, the next call asks SSM again.
    ///
    /// # Errors
    ///
    /// [`Error::NoTimeLeft`] where `deadline` comes first.
    pub async fn get(&self, deadline: Deadline) -> Result<Arc<Secrets>, Error> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if Instant::now() < kept.refresh => Ok(kept.secrets.clone()),
            _ => Ok(self.refresh(&mut kept, deadline).await),
        }
    }

    /// The secrets, read again unless somebody did so since `seen` was read, or less than `pause` ago.
    /// For when Flashduty or a caller makes it likely that they were rotated.
    ///
    /// # Errors
    ///
    /// As [`Settings::get`].
    pub async fn reread(
        &self,
        seen: &Arc<Secrets>,
        pause: Duration,
        deadline: Deadline,
    ) -> Result<Arc<Secrets>, Error> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if !Arc::ptr_eq(seen, &kept.secrets) || kept.asked.elapsed() < pause => Ok(kept.secrets.clone()),
            _ => Ok(self.refresh(&mut kept, deadline).await),
        }
    }

    /// Whether SSM gave both secrets when it was last asked.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where it did not, also while the last good values serve on; and as [`Settings::get`].
    pub async fn check(&self, deadline: Deadline) -> Result<(), Error> {
        match self.get(deadline).await?.trouble() {
            None => Ok(()),
            Some(what) => Err(Error::Settings { what }),
        }
    }

    /// How many reads did not give both secrets, since this was asked last.
    pub fn take_failures(&self) -> u64 {
        self.failures.swap(0, Ordering::Relaxed)
    }

    /// Holding the lock while reading makes all who wait share one call.
    async fn lock(&self, deadline: Deadline) -> Result<MutexGuard<'_, Option<Kept>>, Error> {
        timeout_at(deadline.at(), self.kept.lock()).await.map_err(|_| Error::NoTimeLeft)
    }

    async fn refresh(&self, kept: &mut Option<Kept>, deadline: Deadline) -> Arc<Secrets> {
        // Half of what is left, so that there is time for the alert, too.
        let limit = READ_TIMEOUT.min(deadline.left() / 2);
        let (push_url, token) = self.store.read(limit).await;
        let secrets = Arc::new(Secrets::new(push_url, token, kept.as_ref().map(|kept| &*kept.secrets)));
        let asked = Instant::now();
        let trouble = secrets.trouble();
        if let Some(what) = &trouble {
            self.failures.fetch_add(1, Ordering::Relaxed);
            if secrets.are_kept() {
                warn!("the settings could not be refreshed, and the last good ones serve on: {what}");
            }
        }
        let pause = match trouble {
            None => self.ttl,
            Some(_) if secrets.are_known() => REFRESH_PAUSE,
            Some(_) => Duration::ZERO,
        };
        *kept = Some(Kept { secrets: secrets.clone(), asked, refresh: asked + pause });
        secrets
    }
}
