//! The two secrets: Flashduty's push URL and the webhook token. They are read from SSM Parameter Store and kept for a
//! while.
//!
//! The environment says where they are ([`Config`]). Their values never leave the process, except to Flashduty.

mod error;
mod secret;
mod ssm;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

pub(crate) use error::SecretError;
pub use error::SecretErrors;
pub(crate) use secret::{Secret, Secrets};
use ssm::ParameterStore;

use crate::config::Config;
use crate::deadline::{Deadline, NoTimeLeft};

/// How long one read of SSM may take, with all the SDK's tries.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(6);

/// The pause after a read that failed, while older values are in force.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// Reads the secrets in one call, keeps them for [`Config::settings_ttl`], and reads them again after it.
///
/// Each secret is kept or replaced on its own: an invalid push URL does not keep an old token in force, nor an invalid
/// token an old push URL.
#[derive(Debug)]
pub struct SecretStore {
    parameters: ParameterStore,
    ttl: Duration,
    kept: Mutex<Option<Kept>>,
    /// Reads that did not give both secrets, since [`SecretStore::take_failures`] was called.
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

impl SecretStore {
    /// A store that reads from SSM of the account and region in `aws`. Nothing is read yet.
    #[must_use]
    pub fn connect(aws: &SdkConfig, config: &Config) -> Self {
        Self {
            parameters: ParameterStore::connect(aws, config),
            ttl: config.settings_ttl,
            kept: Mutex::new(None),
            failures: AtomicU64::new(0),
        }
    }

    /// The secrets in force. They are read again if their time is over.
    ///
    /// If SSM does not give one of them, its last good value stays in force, and the log has a warning. If there is no
    /// such value, the next call asks SSM again.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn get(&self, deadline: Deadline) -> Result<Arc<Secrets>, NoTimeLeft> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if Instant::now() < kept.refresh => Ok(kept.secrets.clone()),
            _ => Ok(self.refresh(&mut kept, deadline).await),
        }
    }

    /// The secrets, read again unless that was done since `seen` was read, or less than `pause` ago.
    ///
    /// For callers that have a reason to believe that the secrets were rotated.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn reread(
        &self,
        seen: &Arc<Secrets>,
        pause: Duration,
        deadline: Deadline,
    ) -> Result<Arc<Secrets>, NoTimeLeft> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if !Arc::ptr_eq(seen, &kept.secrets) || kept.asked.elapsed() < pause => Ok(kept.secrets.clone()),
            _ => Ok(self.refresh(&mut kept, deadline).await),
        }
    }

    /// Returns how many reads did not give both secrets since the last call, and starts again from zero.
    pub(crate) fn take_failures(&self) -> u64 {
        self.failures.swap(0, Ordering::Relaxed)
    }

    /// The lock is held while SSM is read, so that all who wait share one call.
    async fn lock(&self, deadline: Deadline) -> Result<MutexGuard<'_, Option<Kept>>, NoTimeLeft> {
        timeout_at(deadline.at(), self.kept.lock()).await.map_err(|_| NoTimeLeft)
    }

    async fn refresh(&self, kept: &mut Option<Kept>, deadline: Deadline) -> Arc<Secrets> {
        // Half of the time that is left, so that some remains for the alert.
        let limit = READ_TIMEOUT.min(deadline.left() / 2);
        let (push_url, token) = self.parameters.read(limit).await;
        let secrets = Arc::new(Secrets::new(push_url, token, kept.as_ref().map(|kept| &*kept.secrets)));
        let asked = Instant::now();
        let errors = secrets.check();
        if let Err(errors) = &errors {
            self.failures.fetch_add(1, Ordering::Relaxed);
            if secrets.are_kept() {
                warn!("the settings could not be refreshed, and the last good ones serve on: {errors}");
            }
        }
        let pause = match errors {
            Ok(()) => self.ttl,
            Err(_) if secrets.are_known() => REFRESH_PAUSE,
            Err(_) => Duration::ZERO,
        };
        *kept = Some(Kept { secrets: secrets.clone(), asked, refresh: asked + pause });
        secrets
    }
}
