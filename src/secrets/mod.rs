//! The secrets: Flashduty's push URL and the webhook token, of the stack and of each channel. They are read from SSM
//! Parameter Store and kept for a while.
//!
//! The environment says where they are ([`Config`]). Their values never leave the process, except to Flashduty.

mod error;
mod guesses;
mod pair;
mod secret;
mod ssm;
mod token;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;

pub use error::SecretErrors;
pub(crate) use error::{ParameterNames, SecretError};
use guesses::Guesses;
pub(crate) use pair::Pair;
use pair::Reader;
pub(crate) use secret::{Secret, Secrets};
use ssm::{Names, ParameterStore};
pub(crate) use token::InvalidToken;

use crate::channel::Channel;
use crate::clock::Moment;
use crate::config::Config;
use crate::deadline::{Deadline, NoTimeLeft};

/// How long one read of SSM may take, with all the SDK's tries.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(6);

/// From this many channels on, those that do not exist are forgotten before another one is added.
const MANY_CHANNELS: usize = 100;

/// The secrets of the stack and of its channels.
#[derive(Debug)]
pub struct SecretStore {
    reader: Arc<Reader>,
    own_names: Names,
    own: Arc<Pair>,
    /// The channels that somebody asked for, whether they exist or not.
    channels: Mutex<HashMap<Channel, Arc<Pair>>>,
    guesses: Guesses,
}

impl SecretStore {
    /// A store that reads from SSM of the account and region in `aws`. Nothing is read yet.
    #[must_use]
    pub fn connect(aws: &SdkConfig, config: &Config) -> Self {
        let parameters = ParameterStore::connect(aws);
        let reader = Arc::new(Reader { parameters, ttl: config.settings_ttl, failures: AtomicU64::new(0) });
        let own_names = Names::of_stack(config);
        let own = Arc::new(Pair::new(reader.clone(), own_names.clone()));
        Self { reader, own_names, own, channels: Mutex::default(), guesses: Guesses::default() }
    }

    /// The stack's own push URL and token.
    pub(crate) fn own(&self) -> &Pair {
        &self.own
    }

    /// Push URL and token of a channel; without one, the stack's own.
    #[must_use]
    pub(crate) fn of(&self, channel: Option<&Channel>) -> Arc<Pair> {
        let Some(channel) = channel else { return self.own.clone() };
        let mut channels = self.channels();
        if let Some(pair) = channels.get(channel) {
            return pair.clone();
        }
        if channels.len() >= MANY_CHANNELS {
            channels.retain(|_, pair| !pair.is_empty());
        }
        let pair = Arc::new(Pair::new(self.reader.clone(), self.own_names.of_channel(channel)));
        channels.insert(channel.clone(), pair.clone());
        pair
    }

    /// The secrets of a channel, if SSM need not be asked for them, or only now and then.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn remembered(
        &self,
        channel: &Channel,
        deadline: Deadline,
    ) -> Result<Option<Arc<Secrets>>, NoTimeLeft> {
        let remembered = self.channels().get(channel).cloned().filter(|pair| pair.is_remembered());
        match remembered {
            Some(pair) => pair.get(deadline).await.map(Some),
            None => Ok(None),
        }
    }

    /// The secrets of a channel, for a caller at this address who did not show the stack's token. `opens` says whether the
    /// caller showed the channel's. `None` if this process would have to ask SSM for them, and it did so for too many
    /// callers lately who showed neither.
    ///
    /// # Errors
    ///
    /// If `deadline` comes first.
    pub(crate) async fn guess(
        &self,
        channel: &Channel,
        source: Option<&str>,
        opens: impl Fn(&Secrets) -> bool,
        deadline: Deadline,
    ) -> Result<Option<Arc<Secrets>>, NoTimeLeft> {
        if let Some(secrets) = self.remembered(channel, deadline).await? {
            return Ok(Some(secrets));
        }
        if !self.guesses.take(source, Moment::now()) {
            return Ok(None);
        }
        let secrets = self.of(Some(channel)).get(deadline).await?;
        if opens(&secrets) {
            self.guesses.take_back(source);
        }
        Ok(Some(secrets))
    }

    /// Returns how many reads did not give both secrets since the last call, and starts again from zero. A channel that
    /// does not exist is none.
    pub(crate) fn take_failures(&self) -> u64 {
        self.reader.failures.swap(0, Ordering::Relaxed)
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<Channel, Arc<Pair>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
