//! What goes wrong with pushes, as the page has it.

use flashduty_standin::{Fault, Lasts, RateLimit, Standin};
use serde::{Deserialize, Serialize};

/// A limit at which everybody can watch it at work.
const TIGHT: RateLimit = RateLimit { per_second: Some(1), per_minute: 10, account_per_minute: None };

/// The weather.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Weather {
    fault: Kind,
    /// What [`Kind::Refuse`] answers.
    status: u16,
    /// How late [`Kind::Slow`] answers.
    millis: u64,
    rate_limit: Limit,
    /// What [`Limit::Documented`] is.
    #[serde(skip)]
    documented: RateLimit,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Nothing.
    Fair,
    /// Every push is refused.
    Refuse,
    /// Every push is taken, and answered late.
    Slow,
    /// There is no answer: connections are closed.
    Away,
}

/// How many pushes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Limit {
    Documented,
    Tight,
    None,
}

/// What shall be otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    fault: Option<Kind>,
    status: Option<u16>,
    millis: Option<u64>,
    rate_limit: Option<Limit>,
}

impl Weather {
    /// Fair weather; `rate_limit` is the one that the console started with.
    pub(crate) fn new(rate_limit: Option<RateLimit>) -> Self {
        Self {
            fault: Kind::Fair,
            status: 503,
            millis: 3_000,
            rate_limit: rate_limit.map_or(Limit::None, |_| Limit::Documented),
            documented: rate_limit.unwrap_or_default(),
        }
    }

    /// The weather after a change, or what is wrong with the change.
    pub(crate) fn changed(&self, change: &Change) -> Result<Self, &'static str> {
        let changed = Self {
            fault: change.fault.unwrap_or(self.fault),
            status: change.status.unwrap_or(self.status),
            millis: change.millis.unwrap_or(self.millis),
            rate_limit: change.rate_limit.unwrap_or(self.rate_limit),
            documented: self.documented,
        };
        if !(400..600).contains(&changed.status) {
            return Err("a refusal's status is from 400 to 599");
        }
        if changed.millis > 600_000 {
            return Err("an answer is at most 600000 milliseconds late");
        }
        Ok(changed)
    }

    /// Has the stand-in make this weather.
    pub(crate) fn make(&self, standin: &Standin) {
        standin.clear_faults();
        let fault = match self.fault {
            Kind::Fair => None,
            Kind::Refuse => Some(Fault::status(self.status)),
            Kind::Slow => Some(Fault::Delay { millis: self.millis }),
            Kind::Away => Some(Fault::Close),
        };
        if let Some(fault) = fault {
            standin.fault(fault, Lasts::Standing);
        }
        standin.set_rate_limit(match self.rate_limit {
            Limit::Documented => Some(self.documented),
            Limit::Tight => Some(TIGHT),
            Limit::None => None,
        });
    }
}
