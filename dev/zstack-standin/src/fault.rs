//! Faults that a test injects.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// How a call fails.
///
/// In JSON: `"end_sessions"`, `{"refuse": {"code": "ID.1003", "details": "…"}}`, `{"slow": {"millis": 500}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// All sessions end before this call.
    EndSessions,
    /// ZStack refuses: 503, for an asynchronous call at the poll. Nothing is done.
    Refuse(Refusal),
    /// This status and this plain text. Nothing is done.
    Plain {
        /// The HTTP status.
        status: u16,
        /// The whole body.
        body: String,
    },
    /// The job of this asynchronous call stays in progress for ever. Nothing is done.
    Stuck,
    /// The call is done, but its job stays in progress for ever.
    DoneButStuck,
    /// The call is done, but its job is 404 at each poll.
    Expired,
    /// The call is done, and the connection is closed without an answer.
    LoseAnswer,
    /// The call is done, and never answered.
    Hang,
    /// The connection is closed without an answer. Nothing is done.
    Close,
    /// The call is done, and answered this late.
    Slow {
        /// How late, in milliseconds.
        millis: u64,
    },
    /// The job of this asynchronous call takes this long.
    SlowJob {
        /// How long, in milliseconds.
        millis: u64,
    },
}

/// A fault, and which calls it concerns.
///
/// In JSON: `{"fault": "lose_answer", "call": "AddActionToAlarm", "after": 3}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectedFault {
    /// How the call fails.
    pub fault: Fault,
    /// Only calls of this name; the crate's documentation lists the names. Without one, every call but `Poll`.
    #[serde(default)]
    pub call: Option<String>,
    /// This many calls are spared before.
    #[serde(default)]
    pub after: usize,
    /// For this many calls, one by default. With null, until the faults are cleared.
    #[serde(default = "once")]
    pub times: Option<usize>,
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the member")]
fn once() -> Option<usize> {
    Some(1)
}

/// The faults of the calls to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<InjectedFault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: InjectedFault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this call, if it has one. Of several, the one that was added first.
    pub(crate) fn next(&mut self, call: &str) -> Option<Fault> {
        let mut found = None;
        for it in &mut self.0 {
            let concerned = it.call.as_deref().map_or(call != "Poll", |name| name == call);
            if !concerned || it.times == Some(0) {
                continue;
            }
            if it.after > 0 {
                it.after -= 1;
            } else if found.is_none() {
                it.times = it.times.map(|times| times - 1);
                found = Some(it.fault.clone());
            }
        }
        self.0.retain(|it| it.times != Some(0));
        found
    }
}
