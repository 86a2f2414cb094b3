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
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

pub(crate) use error::SecretError;
pub use error::SecretErrors;
pub(crate) use secret::{Secret, Secrets};
use ssm::{ParameterStore, Tries};

use crate::config::Config;
use crate::deadline::{Deadline, NoTimeLeft};

/// How long one read of SSM may take, with all the SDK's tries.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(6);

/// The longest pause before a throttled first read is repeated. The pauses are random, so that many processes that
/// start together do not come back together. They double from [`FIRST_THROTTLE_PAUSE`] up to this.
const LONGEST_THROTTLE_PAUSE: Duration = Duration::from_secs(4);
/// The longest that the first of these pauses may be.
const FIRST_THROTTLE_PAUSE: Duration = Duration::from_millis(500);

/// How old the secrets must be before a wrong token has them read again. It is shorter than ZStack's five tries, so
/// that a rotated token is found in time.
const FIRST_TOKEN_PAUSE: Duration = Duration::from_secs(2);
/// With each such read that changes nothing the pause at least doubles, up to this, so that guessing does not keep SSM busy:
/// its quota of calls is for all of the account.
const LONGEST_TOKEN_PAUSE: Duration = Duration::from_mins(5);

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
    /// How old the secrets must be before a wrong token has them read again.
    token_pause: Duration,
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
            _ => Ok(self.refresh(&mut kept, deadline, Tries::Several).await),
        }
    }

    /// The secrets, read again unless that was done since `seen` was read. For when Flashduty refuses the push URL's
    /// key.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn reread(&self, seen: &Arc<Secrets>, deadline: Deadline) -> Result<Arc<Secrets>, NoTimeLeft> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if !Arc::ptr_eq(seen, &kept.secrets) => Ok(kept.secrets.clone()),
            _ => Ok(self.refresh(&mut kept, deadline, Tries::Several).await),
        }
    }

    /// The secrets, read again unless that was done since `seen` was read, or a short while ago. For when a caller
    /// shows a wrong token: it may have been rotated. Each such read that does not change the token doubles the pause
    /// before the next one.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn reread_token(
        &self,
        seen: &Arc<Secrets>,
        deadline: Deadline,
    ) -> Result<Arc<Secrets>, NoTimeLeft> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if !Arc::ptr_eq(seen, &kept.secrets) || kept.asked.elapsed() < kept.token_pause => {
                Ok(kept.secrets.clone())
            }
            _ => {
                let secrets = self.refresh(&mut kept, deadline, Tries::One).await;
                if let Some(kept) = kept.as_mut().filter(|kept| kept.secrets.has_values_of(seen)) {
                    // The random part keeps many processes apart.
                    let longer = kept.token_pause.mul_f64(2.0 + fastrand::f64() / 2.0);
                    kept.token_pause = longer.min(LONGEST_TOKEN_PAUSE);
                }
                Ok(secrets)
            }
        }
    }

    /// The secrets, read again in one call, whenever that was done before. For the self-check. They are in force from now
    /// on.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn read_now(&self, deadline: Deadline) -> Result<Arc<Secrets>, NoTimeLeft> {
        let mut kept = self.lock(deadline).await?;
        Ok(self.refresh(&mut kept, deadline, Tries::One).await)
    }

    /// Returns how many reads did not give both secrets since the last call, and starts again from zero.
    pub(crate) fn take_failures(&self) -> u64 {
        self.failures.swap(0, Ordering::Relaxed)
    }

    /// The lock is held while SSM is read, so that all who wait share one call.
    async fn lock(&self, deadline: Deadline) -> Result<MutexGuard<'_, Option<Kept>>, NoTimeLeft> {
        timeout_at(deadline.at(), self.kept.lock()).await.map_err(|_| NoTimeLeft)
    }

    async fn refresh(&self, kept: &mut Option<Kept>, deadline: Deadline, tries: Tries) -> Arc<Secrets> {
        let before = kept.as_ref().map(|kept| &*kept.secrets);
        let secrets = Arc::new(self.read(before, deadline, tries).await);
        let token_pause = match kept.as_ref() {
            Some(kept) if secrets.has_values_of(&kept.secrets) => kept.token_pause,
            _ => FIRST_TOKEN_PAUSE,
        };
        let asked = Instant::now();
        let errors = secrets.check();
        if let Err(errors) = &errors {
            self.failures.fetch_add(1, Ordering::Relaxed);
            if secrets.are_kept() {
                warn!("the settings could not be read again; the last good values stay in use: {errors}");
            }
        }
        let pause = match errors {
            Ok(()) => self.ttl,
            Err(_) if secrets.are_known() => REFRESH_PAUSE,
            Err(_) => Duration::ZERO,
        };
        *kept = Some(Kept { secrets: secrets.clone(), asked, refresh: asked + pause, token_pause });
        secrets
    }

    /// Reads both secrets. While SSM throttles and there are no values yet, repeats it until shortly before `deadline`:
    /// without them the request can only be answered 503. Then there is time for one more read, and for the alert. At
    /// the start of a function there is no time for a repetition.
    async fn read(&self, before: Option<&Secrets>, deadline: Deadline, tries: Tries) -> Secrets {
        let (mut throttled, mut longest) = (0, FIRST_THROTTLE_PAUSE);
        let secrets = loop {
            // Half of the time that is left, so that some remains for the alert.
            let limit = READ_TIMEOUT.min(deadline.left() / 2);
            let (push_url, token) = self.parameters.read(limit, tries).await;
            let is_throttled = matches!(push_url, Err(SecretError::Throttled { .. }));
            let secrets = Secrets::new(push_url, token, before);
            throttled += u32::from(is_throttled);
            let pause = longest.mul_f64(f64::midpoint(fastrand::f64(), 1.0));
            if !is_throttled || secrets.are_known() || deadline.before(READ_TIMEOUT).left() <= pause {
                break secrets;
            }
            sleep(pause).await;
            longest = (longest * 2).min(LONGEST_THROTTLE_PAUSE);
        };
        if throttled > 0 {
            warn!(throttled, "SSM throttled reads of the two parameters");
        }
        secrets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_processes_under_a_flood_of_wrong_tokens_read_less_than_five_times_a_second() {
        let (mut at, mut pause, mut reads) = (Duration::ZERO, FIRST_TOKEN_PAUSE, Vec::new());
        while at < Duration::from_hours(1) {
            at += pause;
            // The shortest pauses.
            pause = (pause * 2).min(LONGEST_TOKEN_PAUSE);
            reads.push(at);
        }
        let minute = Duration::from_mins(1);
        for start in 1..59 {
            let within = reads.iter().filter(|read| (minute * start..minute * (start + 1)).contains(*read)).count();
            assert!(100 * within < 5 * 60, "minute {start}");
        }
        assert_eq!(LONGEST_TOKEN_PAUSE, pause);
    }
}
