//! Two secrets that are read together, and kept for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{sleep, timeout_at};
use tracing::warn;

use super::READ_TIMEOUT;
use super::error::SecretError;
use super::secret::Secrets;
use super::ssm::{Names, ParameterStore, Tries};
use crate::clock::Moment;
use crate::deadline::{Deadline, NoTimeLeft};

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
/// The pause after a read that failed because of the parameters, if there are no older values. Such a read may be three calls,
/// and every alert of a storm would repeat it. ZStack's next try, a second later, reads again.
const DENIED_PAUSE: Duration = Duration::from_millis(900);
/// How long it is remembered that there is no such channel.
const MISSING_LASTS: Duration = Duration::from_secs(30);

/// How secrets are read.
#[derive(Debug)]
pub(super) struct Reader {
    pub parameters: ParameterStore,
    /// How long they are kept.
    pub ttl: Duration,
    /// Reads that did not give both secrets, since this was taken.
    pub failures: AtomicU64,
}

/// A push URL and a token: the stack's own, or those of a channel. They are read in one call, kept for
/// [`Config::settings_ttl`](crate::config::Config::settings_ttl), and read again after it.
///
/// Each secret is kept or replaced on its own: an invalid push URL does not keep an old token in force, nor an invalid
/// token an old push URL.
#[derive(Debug)]
pub struct Pair {
    reader: Arc<Reader>,
    names: Names,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    secrets: Arc<Secrets>,
    /// When SSM was last asked, whatever it answered.
    asked: Moment,
    /// How long after that it is not asked again.
    lasts: Duration,
    /// How old the secrets must be before a wrong token has them read again.
    token_pause: Duration,
}

impl Kept {
    fn is_fresh(&self) -> bool {
        self.asked.elapsed() < self.lasts
    }
}

impl Pair {
    /// The secrets in these parameters. Nothing is read yet.
    pub(super) fn new(reader: Arc<Reader>, names: Names) -> Self {
        Self { reader, names, kept: Mutex::new(None) }
    }

    /// The secrets in force. They are read again if their time is over.
    ///
    /// If SSM does not give one of them, its last good value stays in force, and the log has a warning. If there is no
    /// such value, the next call asks SSM again; after [`DENIED_PAUSE`] if the parameters are the reason, and after
    /// [`MISSING_LASTS`] for a channel that does not exist.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn get(&self, deadline: Deadline) -> Result<Arc<Secrets>, NoTimeLeft> {
        let mut kept = self.lock(deadline).await?;
        match &*kept {
            Some(kept) if kept.is_fresh() => Ok(kept.secrets.clone()),
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

    /// Whether [`get`](Self::get) costs no call of SSM, or only one now and then.
    pub(super) fn is_remembered(&self) -> bool {
        let remembered = |kept: &Kept| kept.secrets.are_known() || kept.is_fresh();
        self.kept.try_lock().is_ok_and(|kept| kept.as_ref().is_some_and(remembered))
    }

    /// Whether nothing is lost if it is forgotten: SSM was never asked, or there is no such channel.
    pub(super) fn is_empty(&self) -> bool {
        let is_missing = |kept: &Kept| kept.secrets.missing_channel().is_some();
        self.kept.try_lock().is_ok_and(|kept| kept.as_ref().is_none_or(is_missing))
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
        // A caller may have misspelt its name, so this is no failure.
        let is_no_channel = self.names.of_channel && secrets.missing_channel().is_some();
        let lasts = match secrets.check() {
            Ok(()) => self.reader.ttl,
            Err(_) if is_no_channel => MISSING_LASTS,
            Err(errors) => {
                self.reader.failures.fetch_add(1, Ordering::Relaxed);
                if secrets.are_kept() {
                    warn!("the settings could not be read again; the last good values stay in use: {errors}");
                }
                match (secrets.are_known(), errors.are_about_parameters()) {
                    (true, _) => REFRESH_PAUSE,
                    (false, true) => DENIED_PAUSE,
                    (false, false) => Duration::ZERO,
                }
            }
        };
        *kept = Some(Kept { secrets: secrets.clone(), asked: Moment::now(), lasts, token_pause });
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
            let (push_url, token) = self.reader.parameters.read(&self.names, limit, tries).await;
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
