//! Bad weather, scripted.

use std::collections::VecDeque;
use std::iter::repeat_n;

use serde::{Deserialize, Serialize};

/// What goes wrong with a push. Unless it says otherwise, the push makes no alert.
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
        /// The error's code, which may come under any status; the usual one of the status where there is none.
        code: Option<String>,
        /// The error's message.
        message: Option<String>,
        /// The header `Retry-After`.
        retry_after: Option<String>,
    },
    /// An answer that is not Flashduty's, such as a proxy's page.
    Garbage {
        /// The HTTP status.
        status: u16,
        /// The whole body.
        body: String,
    },
    /// A 400 whose message repeats the whole URL of the request, key and all.
    Echo,
    /// The push is taken as usual, but its answer is late.
    Delay {
        /// How late, in milliseconds.
        millis: u64,
    },
    /// The push is taken as usual, but the connection is closed in the middle of its answer.
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
    /// For so many pushes, after the faults that are already waiting for their turn.
    Next(usize),
    /// Until the weather is cleared, whenever no other fault is waiting; one at a time.
    Standing,
}

/// A fault and how long it lasts.
///
/// In JSON: `{"fault": "hang", "lasts": {"next": 1}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spell {
    /// What goes wrong.
    pub fault: Fault,
    /// For how long.
    pub lasts: Lasts,
}

/// The faults to come.
#[derive(Debug, Default)]
pub(crate) struct Weather {
    next: VecDeque<Fault>,
    standing: Option<Fault>,
}

impl Weather {
    pub(crate) fn add(&mut self, spell: Spell) {
        match spell.lasts {
            Lasts::Next(pushes) => self.next.extend(repeat_n(spell.fault, pushes)),
            Lasts::Standing => self.standing = Some(spell.fault),
        }
    }

    /// The fault of the next push, if there is one.
    pub(crate) fn advance(&mut self) -> Option<Fault> {
        self.next.pop_front().or_else(|| self.standing.clone())
    }
}
