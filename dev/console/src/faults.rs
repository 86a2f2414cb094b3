//! The faults that the page makes the stand-in simulate.

use flashduty_standin::{Fault, Lasts, RateLimit, Standin};
use serde::{Deserialize, Serialize};
use zstack_flashduty::channel::Channel;

use crate::state::Stack;
use crate::url::channel;

/// Low enough that people can watch the limit take effect.
const TIGHT: RateLimit = RateLimit { per_second: Some(1), per_minute: 10, account_per_minute: None };

const MAX_DELAY_MILLIS: u64 = 600_000;

const NO_CHANNEL: &str = "channel must be one that this run deployed, or empty";

/// The fault and the rate limit that are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Faults {
    fault: Kind,
    /// The status that [`Kind::Refuse`] answers.
    status: u16,
    /// The delay of [`Kind::Slow`].
    millis: u64,
    /// The fault concerns only pushes to this channel. `None` means every push.
    channel: Option<Channel>,
    /// Applies to each push URL, whatever the fault concerns.
    rate_limit: Limit,
    /// The limits of [`Limit::Documented`].
    #[serde(skip)]
    documented: RateLimit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    None,
    /// Every push is refused.
    Refuse,
    /// Every push is accepted, and answered after a delay.
    Slow,
    /// Every connection is closed without an answer.
    Unavailable,
}

/// Which rate limit applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Limit {
    Documented,
    Tight,
    None,
}

/// A change of the faults. A missing field stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    fault: Option<Kind>,
    status: Option<u16>,
    millis: Option<u64>,
    /// Empty means every push.
    channel: Option<String>,
    rate_limit: Option<Limit>,
}

impl Faults {
    /// No fault. `rate_limit` is the one that the console was started with.
    pub(crate) fn new(rate_limit: Option<RateLimit>) -> Self {
        Self {
            fault: Kind::None,
            status: 503,
            millis: 3_000,
            channel: None,
            rate_limit: rate_limit.map_or(Limit::None, |_| Limit::Documented),
            documented: rate_limit.unwrap_or_default(),
        }
    }

    /// The faults after a change.
    ///
    /// # Errors
    ///
    /// A message for the person who asked for the change, if a value is out of range, or `stack` has no such channel.
    pub(crate) fn changed(&self, change: &Change, stack: &Stack) -> Result<Self, &'static str> {
        let changed = Self {
            fault: change.fault.unwrap_or(self.fault),
            status: change.status.unwrap_or(self.status),
            millis: change.millis.unwrap_or(self.millis),
            channel: match &change.channel {
                Some(name) => channel(name).map_err(|_| NO_CHANNEL)?,
                None => self.channel.clone(),
            },
            rate_limit: change.rate_limit.unwrap_or(self.rate_limit),
            documented: self.documented,
        };
        if !(400..600).contains(&changed.status) {
            return Err("status must be from 400 to 599");
        }
        if changed.millis > MAX_DELAY_MILLIS {
            return Err("millis must be at most 600000");
        }
        if changed.channel.as_ref().is_some_and(|channel| stack.integration_key(channel).is_none()) {
            return Err(NO_CHANNEL);
        }
        Ok(changed)
    }

    /// Makes the stand-in simulate these faults, and no others. The channels are those of `stack`.
    pub(crate) fn apply_to(&self, standin: &Standin, stack: &Stack) {
        standin.clear_faults();
        let fault = match self.fault {
            Kind::None => None,
            Kind::Refuse => Some(Fault::status(self.status)),
            Kind::Slow => Some(Fault::Delay { millis: self.millis }),
            Kind::Unavailable => Some(Fault::Close),
        };
        let key = self.channel.as_ref().and_then(|channel| stack.integration_key(channel));
        match (fault, key) {
            (Some(fault), Some(key)) => standin.fault_of(key, fault, Lasts::Standing),
            (Some(fault), None) => standin.fault(fault, Lasts::Standing),
            (None, _) => {}
        }
        standin.set_rate_limit(match self.rate_limit {
            Limit::Documented => Some(self.documented),
            Limit::Tight => Some(TIGHT),
            Limit::None => None,
        });
    }
}
