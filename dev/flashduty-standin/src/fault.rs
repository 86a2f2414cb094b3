//! Faults that a test injects.

use std::iter::repeat_n;

use serde::{Deserialize, Serialize};

/// How a push fails. The push makes no alert, except with [`Fault::Delay`] and [`Fault::Cut`].
///
/// In JSON: `{"refuse": {"status": 429, "retry_after": "2"}}`, `{"delay": {"millis": 500}}`,
/// `"hang"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A refusal in Flashduty's own shape.
    Refuse {
        /// The HTTP status; with 200 the body carries `error` all the same.
        status: u16,
        /// The error's code. Without one, it is the code that Flashduty usually gives with the status.
        code: Option<String>,
        /// The error's message.
        message: Option<String>,
        /// The header `Retry-After`.
        retry_after: Option<String>,
    },
    /// An answer that Flashduty would not give, such as a proxy's page.
    Garbage {
        /// The HTTP status.
        status: u16,
        /// The whole body.
        body: String,
    },
    /// A 400 whose message repeats the whole URL of the request, integration key included.
    Echo,
    /// The push is accepted, but its answer is late.
    Delay {
        /// How late, in milliseconds.
        millis: u64,
    },
    /// The push is accepted, but the connection is closed in the middle of the answer.
    Cut,
    /// The connection is closed without an answer.
    Close,
    /// There is never an answer.
    Hang,
}

impl Fault {
    /// A refusal with `status`, and its usual code.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Refuse { status, code: None, message: None, retry_after: None }
    }
}

/// How long a fault lasts.
///
/// In JSON: `{"next": 3}`, `"standing"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// For the next pushes, this many. It waits until earlier faults of this kind are used up.
    Next(usize),
    /// Until the faults are cleared. It applies while no [`Lasts::Next`] waits. Of several that concern a push, the
    /// newest applies.
    Standing,
}

/// A fault, how long it lasts, and which pushes it concerns.
///
/// In JSON: `{"fault": "hang", "lasts": {"next": 1}}`, `{"fault": "close", "lasts": "standing", "alert_keys": ["a"]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectedFault {
    /// How pushes fail.
    pub fault: Fault,
    /// For how long.
    pub lasts: Lasts,
    /// It concerns only the pushes of events with these alert keys. If there are none, it concerns every push.
    #[serde(default)]
    pub alert_keys: Vec<String>,
    /// It concerns only the pushes with these integration keys. If there are none, it concerns every push.
    #[serde(default)]
    pub integration_keys: Vec<String>,
}

impl InjectedFault {
    fn concerns(&self, integration_key: Option<&str>, alert_key: Option<&str>) -> bool {
        let is_meant = |keys: &[String], key: Option<&str>| {
            keys.is_empty() || key.is_some_and(|key| keys.iter().any(|it| it == key))
        };
        is_meant(&self.integration_keys, integration_key) && is_meant(&self.alert_keys, alert_key)
    }
}

/// The faults of the pushes to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    next: Vec<InjectedFault>,
    /// The newest first.
    standing: Vec<InjectedFault>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: InjectedFault) {
        match fault.lasts {
            Lasts::Next(pushes) => self.next.extend(repeat_n(fault, pushes)),
            Lasts::Standing => self.standing.insert(0, fault),
        }
    }

    /// Removes and returns the fault of the next push, if it has one. `alert_key` is the one of its event.
    pub(crate) fn next(&mut self, integration_key: Option<&str>, alert_key: Option<&str>) -> Option<Fault> {
        let concerns = |it: &InjectedFault| it.concerns(integration_key, alert_key);
        if let Some(place) = self.next.iter().position(concerns) {
            return Some(self.next.remove(place).fault);
        }
        self.standing.iter().find(|it| concerns(it)).map(|it| it.fault.clone())
    }

    /// Removes the faults that concern pushes with this integration key only.
    pub(crate) fn remove(&mut self, integration_key: &str) {
        for faults in [&mut self.next, &mut self.standing] {
            faults.retain(|it| it.integration_keys != [integration_key]);
        }
    }
}
